"""Predictions for one model and one request: quality, cost, latency."""

from collections.abc import Sequence
from functools import partial
from math import sqrt

from router.decision.experience import Experience
from router.decision.prefix import UNCACHED, prompt_pico, staying
from router.decision.response_times import MEDIAN
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.conversation import Conversation
from router.domain.estimate import (
    UNOBSERVED,
    CostEstimate,
    EstimateSource,
    LengthEstimate,
    QualityEstimate,
)
from router.domain.features import Features, Recognised
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.money import ZERO, Money
from router.domain.price import Rates
from router.domain.spread import Spread

_FINEST_CUT = 2
_FRAMING_TOKENS = 64
"""How many of another tokenizer's tokens one of ours may become, and how many a provider may wrap around
a prompt: generous, for a bound that must hold (see ADR 5 for how far tokenizers differ)."""
RUBRIC_TOKENS = 350
"""What a judge is told beside the conversation and the answer (`router.acceptance.judging`), its schema included."""


def candidate_for(
    model: Model,
    features: Features,
    experience: Experience,
    latency_quantile: float = MEDIAN,
    conversation: Conversation | None = None,
    now_s: float | None = None,
) -> Candidate:
    """`model` with what is predicted of its answer; if it has replicas, the cheapest stands for all.

    Latencies are as of the Unix time `now_s`, or, without one, of when they were last seen.
    """
    _, length, latency, usual = experience.foreseen(model, features.category, latency_quantile)
    if now_s is not None and latency.has_aged(now_s):
        latency = latency.aged(usual, now_s)
    candidate = Candidate(
        model=model,
        quality=quality_of(model, features),
        cost=cost_of(model, features, length, conversation),
        latency=latency,
    )
    if not model.replicas:
        return candidate
    return _with_replicas(candidate, features, length, conversation)


def quality_of(model: Model, features: Features) -> QualityEstimate:
    """P(good answer): the ability in the category, adjusted by how the model does on prompts like this one.

    Of a request that may be of several categories, it is what the abilities in all of them make likely. An ability
    from the user's own answers, or moved by them, is not adjusted: their prompts' difficulty is in it already.
    Outcomes that `farthing calibrate` has written have models by their ids, and others as their upstreams call them.
    """
    ability = model.abilities[features.category]
    held = _on_average(model, features) if features.perhaps else ability.estimate
    prompt_scores = features.prompt_scores if isinstance(features, Recognised) else None
    if prompt_scores is None or ability.is_moved or held.source is EstimateSource.LOCAL:
        return held
    return prompt_scores.quality(model.name, held, model.id)


def _on_average(model: Model, features: Features) -> QualityEstimate:
    """The abilities in all categories that the request may be of, by how probable each is; of equal ones, just that.

    Its deviation is that of an ability on average: which category it is counts for all models alike.
    """
    own = model.abilities[features.category]
    whole = features.category_confidence + sum(share for _, share in features.perhaps)
    p, variance = own.p, own.sd**2
    for category, share in features.perhaps:
        other, part = model.abilities[category], share / whole
        p += part * (other.p - own.p)
        variance += part * (other.sd**2 - own.sd**2)
    return QualityEstimate(min(max(p, 0.0), 1.0), sqrt(max(variance, 0.0)), own.kind)


def _with_replicas(
    candidate: Candidate,
    features: Features,
    length: LengthEstimate,
    conversation: Conversation | None,
) -> Candidate:
    """`candidate` as its cheapest replica, with all replicas that are not drained, cheapest first."""
    replicas = tuple(
        replace(candidate, model=each, cost=cost_of(each, features, length, conversation))
        for each in candidate.model.replicas
        if not each.is_drained
    )
    if not replicas:
        return candidate
    ordered = tuple(sorted(replicas, key=lambda each: each.cost.in_all))
    return replace(ordered[0], replicas=ordered)


def stored_by(model: Model, features: Features) -> Candidate:
    """An answer that `model` has already written: of its quality, at no cost, and at once."""
    return Candidate(
        model=model,
        quality=quality_of(model, features),
        cost=CostEstimate(ZERO, ZERO, ZERO, ZERO),
        latency=UNOBSERVED,
        is_stored=True,
    )


def cost_of(
    model: Model,
    features: Features,
    length: LengthEstimate,
    conversation: Conversation | None = None,
) -> CostEstimate:
    """Expected, usual and largest cost of answering with `model`.

    In a conversation, what the provider has cached of the prompt is expected to be read from its cache; outside of
    one, no discount for cached input is assumed. The largest cost is that of the longest answer which the client's
    limit, or else the model's, allows, at the dearest rates, with room for a tokenizer that splits finer than ours.
    """
    prompt_tokens, choices = features.prompt_tokens, features.choices
    longest = model.longest_answer(features.max_output_tokens)
    tokens = length.tokens.within(longest)
    rates = model.price.rates_for(prompt_tokens, features.service_tier)
    kept = UNCACHED if conversation is None else conversation.at(model.key)
    prompt = prompt_pico(rates, prompt_tokens, kept)
    if features.audio_tokens:
        prompt += _sound_pico(rates, features.audio_tokens)
    answer, short, long = _answers_pico(rates, tokens, length.reasoning)
    return CostEstimate(
        expected=Money(prompt + choices * answer),
        upper=_at_most(model, features, longest),
        p10=Money(prompt + choices * short),
        p90=Money(prompt + choices * long),
        staying=None
        if conversation is None
        else staying(rates, prompt_tokens, choices * answer, model.key, conversation),
    )


def judging(
    judge: Candidate, answer: Candidate, features: Features, experience: Experience
) -> Candidate:
    """`judge` with what its verdict on an answer of `answer` costs, instead of an answer of its own."""

    def there(place: Candidate) -> Candidate:
        cost = judging_cost(place.model, (answer,), features, experience)
        return replace(place, cost=cost)

    return replace(there(judge), replicas=tuple(map(there, judge.replicas)))


def judging_cost(
    judge: Model, answers: Sequence[Candidate], features: Features, experience: Experience
) -> CostEstimate:
    """What `judge` charges for its verdicts on these answers: for each it reads the whole prompt and the answer."""
    usual, longest = [], []
    for each in answers:
        limit = each.model.longest_answer(features.max_output_tokens)
        length = experience.foreseen(each.model, features.category).length
        usual.append(round(length.tokens.within(limit).mean))
        longest.append(limit)
    cost = partial(_verdict_cost, judge, features, experience)
    parts = [cost(tokens) for tokens in usual]
    return CostEstimate(
        expected=sum((each.expected for each in parts), ZERO),
        upper=sum((cost(tokens).upper for tokens in longest), ZERO),
        p10=sum((each.p10 for each in parts if each.p10), ZERO),
        p90=sum((each.p90 for each in parts if each.p90), ZERO),
    )


def _verdict_cost(
    judge: Model, features: Features, experience: Experience, answer_tokens: int
) -> CostEstimate:
    prompt = features.prompt_tokens + answer_tokens + RUBRIC_TOKENS
    length = experience.foreseen(judge, Category.EXTRACTION).length
    return cost_of(judge, Features(prompt, Category.EXTRACTION), length)


def _sound_pico(rates: Rates, audio_tokens: int) -> int:
    """What the sounds in a prompt cost more than if they were text."""
    return audio_tokens * (rates.stated("audio_input_pico") - rates.input_pico)


def _at_most(model: Model, features: Features, answer_tokens: int) -> Money:
    """What must not be exceeded where no choice has more than so many tokens.

    A model may count more tokens in the prompt than we do; if parts are only referred to, as many as it can read.
    """
    longest = features.prompt_tokens * _FINEST_CUT + _FRAMING_TOKENS
    return model.price.at_most(
        max(longest, model.context_tokens) if features.parts_elsewhere else longest,
        answer_tokens * features.choices,
        features.service_tier,
        may_sound=Capability.AUDIO in features.needs or features.parts_elsewhere > 0,
        may_show=Capability.VISION in features.needs or features.parts_elsewhere > 0,
    )


def tokens_within(model: Model, features: Features, left: Money) -> int:
    """How many tokens an answer of `model` may have, so that it costs `left` at most; 0 where none fits."""
    prompt = _at_most(model, features, 0)
    one = _at_most(model, features, 1) - prompt
    return max(ZERO, left - prompt).pico // one.pico if one else 0


def _answers_pico(rates: Rates, tokens: Spread, reasoning: float) -> tuple[int, int, int]:
    """The cost of a mean, a short (p10) and a long (p90) answer, of which a share of `reasoning` is thought."""
    mean, short, long = tokens.mean, tokens.p10, tokens.p90
    out = rates.output_pico
    if not reasoning:
        return round(mean) * out, round(short) * out, round(long) * out
    more = rates.reasoning_pico - out
    return (
        round(mean) * out + round(mean * reasoning) * more,
        round(short) * out + round(short * reasoning) * more,
        round(long) * out + round(long * reasoning) * more,
    )
