"""What was observed of each model: how long its answers are and how long they take.

Lengths are estimated in three steps, each drawn towards the one before until it has enough data of its own:
what a prior says of the model in the category; how the category's answers of all models compare with
what their priors say, so that a model does not look cheap only because it was never asked; and the
model's own answers. Each step is a window of the last values (`router.decision.window`).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from router.decision.lengths import REASONING_SHARE, REASONING_TAG, LengthPrior
from router.decision.percentile_correction import PercentileCorrection
from router.decision.response_times import MEDIAN, ResponseTimes
from router.decision.share import Share
from router.decision.window import FEWEST_FOR_QUANTILES, Window
from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, LatencyEstimate, LengthEstimate
from router.domain.model import Model
from router.domain.spread import Spread

_OWN_EVERY, _SHARED_EVERY = 4, 32
"""An estimate is renewed after this many answers of the model in the category, or of others that bear on it,
and not after each: otherwise every answer would renew all models' estimates in its category."""

_PICO_PER_TOKEN = 1_000_000
"""Pico-dollars per token in a dollar per million tokens."""

_SUPPOSED_ANSWERS = 8
"""How many answers the usual share of a model's reasoning counts for."""

_TYPICAL = LengthPrior()


class _Lengths:
    """Tokens of a model's answers in one category, and what was estimated from them last."""

    __slots__ = ("estimate", "hidden", "reasoning", "stands_for", "tokens")

    def __init__(self) -> None:
        self.tokens = Window()
        self.reasoning = Share()
        self.hidden = Share()
        self.estimate: LengthEstimate | None = None
        self.stands_for: tuple[object, ...] = ()


class ObservedAnswer(Struct, frozen=True):
    """What was seen of one choice of an answer that was received whole, by the Unix time `at_s`.

    `output_tokens` are all, the reasoned ones included; `first_content_s` is None if it came in one piece,
    and `total_s` if its end says nothing of the model. One that `is_cut` ended at the client's own limit: it would
    have become longer.
    """

    output_tokens: float
    first_content_s: float | None
    total_s: float | None
    at_s: float
    reasoning_tokens: float = 0
    is_cut: bool = False


class Foreseen(NamedTuple):
    """What experience says of a model's answers in a category; `of` is the model that it was said of.

    `usual` is the latency that the prior predicts, whatever was observed.
    """

    of: Model
    length: LengthEstimate
    latency: LatencyEstimate
    usual: LatencyEstimate


class Experience:
    """Lengths and latencies of all models of one process; `prior` holds until there are any."""

    def __init__(self, prior: LengthPrior = _TYPICAL) -> None:
        self._prior = prior
        self._lengths = defaultdict[tuple[str, Category], _Lengths](_Lengths)
        self._relative = defaultdict[Category, Window](Window)
        self._reasoning = defaultdict[str, Share](Share)
        self._hidden = defaultdict[str, Share](Share)
        self._levels = defaultdict[str, PercentileCorrection](PercentileCorrection)
        self._paces = defaultdict[tuple[str, Category | None], ResponseTimes](ResponseTimes)
        self._places: dict[str, frozenset[tuple[str, str]]] = {}
        self._foreseen: dict[str, dict[tuple[Category, float], Foreseen]] = {}
        """By model: at most decisions, nothing new is known of most models."""

    def take_prior(self, prior: LengthPrior) -> None:
        """Use another prior from now on. What was observed stays, except how it compared with the old one."""
        self._prior = prior
        self._relative.clear()
        self._foreseen.clear()
        for lengths in self._lengths.values():
            lengths.estimate = None

    def take_catalog(
        self, before: Mapping[str, Model], after: Mapping[str, Model]
    ) -> frozenset[str]:
        """Forget the models of `before` whose ids stand for others in `after`, or for none; returns their ids.

        An id stands for another model if nothing is left of the upstreams and names that it stood for.
        """
        self._places = {model_id: _places_of(model) for model_id, model in after.items()}
        gone = frozenset(
            model_id
            for model_id, model in before.items()
            if _places_of(model).isdisjoint(self._places.get(model_id, ()))
        )
        for model_id in gone:
            self._forget(model_id)
        return gone

    def is_current(self, model: Model) -> bool:
        """Whether the model's id still stands for it."""
        return (model.upstream, model.name) in self._places.get(model.id, _places_of(model))

    def observe(self, model: Model, category: Category, answered: ObservedAnswer) -> None:
        """Take in what was seen of one answer.

        One that was cut says only how long it would have become at least. That counts if it is more than was expected;
        otherwise nothing but its beginning does, or clients with low limits would make everybody's answers look short.
        Nor does one count that a model has begun for which its id does not stand any more.
        """
        if not self.is_current(model):
            return
        # The estimate that decisions were made by, not what it would be by now.
        stated = self._lengths[model.id, category].estimate or self.length(model, category)
        if not answered.is_cut or answered.output_tokens >= stated.tokens.mean:
            self._measure(model, category, stated.tokens, answered)
            self._time(model, category, answered, answered.total_s)
        else:
            self._time(model, category, answered, None)
        self._foreseen.pop(model.id, None)

    def asked(self, model: Model, category: Category, now_s: float) -> None:
        """Note that the model is asked now: if that was to show how fast it is after a pause, one request is enough."""
        response_times = self._response_times(model.id, category)
        if response_times is not None and response_times.asked(now_s):
            self._foreseen.pop(model.id, None)

    def observe_thoughts(self, model: Model, category: Category, hidden_tokens: float) -> None:
        """Take in how many tokens were thought for one whole answer, and billed, without being shown."""
        own, overall = self._lengths[model.id, category], self._hidden[model.id]
        own.hidden.add(hidden_tokens, 1)
        overall.add(hidden_tokens, 1)

    def foreseen(self, model: Model, category: Category, quantile: float = MEDIAN) -> Foreseen:
        """What the methods below say of a model's answers, remembered as long as they would say the same."""
        known = self._foreseen.get(model.id)
        if known is None:
            known = self._foreseen[model.id] = {}
        found = known.get((category, quantile))
        if found is None or found.of is not model:
            length, latency = self.length(model, category), self.latency(model, category, quantile)
            usual = self.usual_latency(model, category, quantile)
            found = known[category, quantile] = Foreseen(model, length, latency, usual)
        return found

    def length(self, model: Model, category: Category) -> LengthEstimate:
        """Tokens of one answer of the model."""
        lengths = self._lengths[model.id, category]
        stands_for = (
            _version_of(lengths.tokens, _OWN_EVERY),
            _version_of(self._relative.get(category), _SHARED_EVERY),
            _version_of(self._levels[model.id], _SHARED_EVERY),
            model.name,
            model.tags,
        )
        if lengths.estimate is None or lengths.stands_for != stands_for:
            lengths.estimate = self._estimate(model, category, lengths)
            lengths.stands_for = stands_for
        return lengths.estimate

    def latency(
        self, model: Model, category: Category, quantile: float = MEDIAN
    ) -> LatencyEstimate:
        """Seconds that the model's answers take: as observed, else as the prior predicts.

        In the category, once it has 20 answers there; until then over all categories.
        """
        response_times = self._response_times(model.id, category)
        return (
            self.usual_latency(model, category, quantile)
            if response_times is None
            else response_times.estimate(quantile)
        )

    def usual_latency(self, model: Model, category: Category, quantile: float) -> LatencyEstimate:
        """Seconds that the model's answers take as the prior predicts, whatever was observed."""
        line = self._prior.line(self._learnt_as(model), model.price.output_pico / _PICO_PER_TOKEN)
        if line is None:
            return UNOBSERVED
        return line.estimate(self.length(model, category).tokens.mean, quantile)

    def hidden_tokens(
        self, model: Model, category: Category, silent_s: float | None = None
    ) -> float:
        """How many tokens the model has usually thought in an answer without showing them; 0 if it was never asked.

        By the time its first content comes; or, if it has been silent for `silent_s` until now, the part of them that
        corresponds to the usual time before the first content, 0 where that is unknown.
        """
        overall = self._hidden.get(model.id)
        if overall is None:
            return 0.0
        own = self._lengths[model.id, category].hidden
        tokens = own.drawn_towards(overall.drawn_towards(0.0, 0.0), _SUPPOSED_ANSWERS)
        if silent_s is None or not tokens:
            return tokens
        response_times = self._response_times(model.id, category)
        usual_s = response_times.first_content_s.median if response_times is not None else None
        return tokens * min(1.0, silent_s / usual_s) if usual_s else 0.0

    def silence_s(
        self, model: Model, category: Category, share: float, *, stream: bool
    ) -> float | None:
        """The seconds of silence that `share` of the model's answers do not exceed; None while that is unknown.

        A stream is silent until its first content, any other answer until its end.
        """
        response_times = self._response_times(model.id, category)
        if response_times is None:
            return None
        return (response_times.first_content_s if stream else response_times.total_s).quantile(
            share
        )

    def _forget(self, model_id: str) -> None:
        """What was observed under this id."""
        for length in [key for key in self._lengths if key[0] == model_id]:
            del self._lengths[length]
        for response_times in [key for key in self._paces if key[0] == model_id]:
            del self._paces[response_times]
        for by_model in (self._reasoning, self._hidden, self._levels, self._foreseen):
            by_model.pop(model_id, None)

    def _measure(
        self, model: Model, category: Category, stated: Spread, answered: ObservedAnswer
    ) -> None:
        """Take in how long an answer was for which `stated` was predicted."""
        lengths, tokens = self._lengths[model.id, category], answered.output_tokens
        if not answered.is_cut or tokens > stated.p90:
            self._levels[model.id].heed(stated, tokens)
        lengths.tokens.add(tokens)
        lengths.reasoning.add(answered.reasoning_tokens, tokens)
        self._reasoning[model.id].add(answered.reasoning_tokens, tokens)
        usual = max(self._usual(model, category).mean, 1.0)
        self._compare(category, tokens / usual)

    def _time(
        self, model: Model, category: Category, answered: ObservedAnswer, total_s: float | None
    ) -> None:
        """Take in how long an answer took, if anything is known of that."""
        if answered.first_content_s is None and total_s is None:
            return
        for which in (category, None):
            response_times = self._paces[model.id, which]
            response_times.observe(answered.first_content_s, total_s, answered.at_s)

    def _compare(self, category: Category, relative: float) -> None:
        """Take in how an answer compares with its prior; now and then, all models are estimated again with that."""
        window = self._relative[category]
        before = _version_of(window, _SHARED_EVERY)
        window.add(relative)
        if _version_of(window, _SHARED_EVERY) != before:
            self._foreseen.clear()

    def _response_times(self, model_id: str, category: Category) -> ResponseTimes | None:
        own = self._paces.get((model_id, category))
        if own is not None and len(own.total_s) >= FEWEST_FOR_QUANTILES:
            return own
        return self._paces.get((model_id, None))

    def _usual(self, model: Model, category: Category) -> Spread:
        name, reasons = self._learnt_as(model), REASONING_TAG in model.tags
        return self._prior.usual(name, category, reasons=reasons)

    def _learnt_as(self, model: Model) -> str:
        """What its upstream calls it, else its id, as in outcomes that `farthing calibrate` has written."""
        return model.name if model.name in self._prior.models else model.id

    def _estimate(self, model: Model, category: Category, lengths: _Lengths) -> LengthEstimate:
        usual = self._usual(model, category)
        relative = self._relative.get(category)
        if relative is not None and usual.mean:
            usual = relative.drawn_towards(usual.times(1 / usual.mean)).times(usual.mean)
        tokens = lengths.tokens.drawn_towards(usual)
        tokens = self._levels[model.id].corrected(tokens)
        return LengthEstimate(tokens, self._reasoned(model, lengths, usual.mean))

    def _reasoned(self, model: Model, lengths: _Lengths, usual_tokens: float) -> float:
        """The share of the model's tokens that is thought: as observed, drawn towards what its tag implies."""
        supposed = usual_tokens * _SUPPOSED_ANSWERS
        share = REASONING_SHARE if REASONING_TAG in model.tags else 0.0
        if (overall := self._reasoning.get(model.id)) is not None:
            share = overall.drawn_towards(share, supposed)
        return lengths.reasoning.drawn_towards(share, supposed)


def _places_of(model: Model) -> frozenset[tuple[str, str]]:
    """Where the model answers, and what it is called there."""
    return frozenset((each.upstream, each.name) for each in (model, *model.replicas))


def _version_of(learnt: Window | PercentileCorrection | None, every: int) -> int:
    """A number that changes when estimates are to be renewed: after `every` values, at first after each."""
    count = 0 if learnt is None else learnt.count
    return count if count < every else count // every * every
