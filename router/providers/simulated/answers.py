"""What a simulated model answers: the same to the same request, whoever asks and whenever.

Whether a model is right is drawn from a hash of the question, the model, the seed and the index
of the choice, against its quality for the question's category. Right models say the same if a
question has one answer (a sum, a capital, a letter); wrong ones make one of its mistakes. What
models have in common is configurable (`answering.minds`).
"""

from collections.abc import Iterator

from msgspec import Struct

from router.domain.usage import Usage
from router.providers.simulated import tokens
from router.providers.simulated.answering.calling import ToolCall, calls_of
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.forms import forms
from router.providers.simulated.answering.minds import (
    NOTHING_IN_COMMON,
    Forms,
    Mind,
    Minds,
    Sample,
)
from router.providers.simulated.answering.truth import Kind, Truth
from router.providers.simulated.errors import invalid, too_long
from router.providers.simulated.request import ChatRequest
from router.providers.simulated.truths import plainly, understood
from router.providers.simulated_models import SimulatedModel


class LikelyToken(Struct, frozen=True):
    """A token with the logarithm of its probability."""

    text: str
    logprob: float


class TokenLogprob(Struct, frozen=True):
    """A token that was chosen, and what else it might have been, likeliest first."""

    chosen: LikelyToken
    top: tuple[LikelyToken, ...] = ()


class Choice(Struct, frozen=True):
    """One of the alternative answers: text in tokens, or tool calls, and why it ended.

    `text` is None if tools are called; `logprobs` is None if they were not asked for. Only
    a fault leaves the `finish_reason` out.
    """

    text: str | None
    finish_reason: str | None
    calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None

    @property
    def output_tokens(self) -> int:
        """How many tokens the choice shows."""
        called = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in self.calls)
        return tokens.count(self.text or "") + called


class Answer(Struct, frozen=True):
    """All choices, and what they took."""

    choices: tuple[Choice, ...]
    prompt_tokens: int
    output_tokens: int
    reasoning_tokens: int

    def usage(self, cached_tokens: int) -> Usage:
        """What is charged for if `cached_tokens` of the prompt came from the cache."""
        return Usage(
            uncached_input_tokens=self.prompt_tokens - cached_tokens,
            cache_read_tokens=cached_tokens,
            output_tokens=self.output_tokens,
            reasoning_tokens=self.reasoning_tokens,
        )


def answer(
    request: ChatRequest,
    model: SimulatedModel,
    seed: int,
    minds: Minds = NOTHING_IN_COMMON,
    repeat: int = 0,
) -> Answer:
    """The model's answer if exactly the same was asked `repeat` times before.

    Raises Refused if the model has no room for it, or is asked the impossible.
    """
    prompt_tokens = request.prompt_tokens
    _check_room(request, model, prompt_tokens)
    thinking = _Thinking(request, model, seed, minds, repeat)
    thoughts = [thinking.choice(index) for index in range(request.n)]
    choices = tuple(choice for choice, _ in thoughts)
    return Answer(
        choices=choices,
        prompt_tokens=prompt_tokens,
        output_tokens=sum(choice.output_tokens for choice in choices),
        reasoning_tokens=sum(reasoning for _, reasoning in thoughts),
    )


def _check_room(request: ChatRequest, model: SimulatedModel, prompt_tokens: int) -> None:
    if request.limit is not None and request.limit > model.max_output_tokens:
        raise invalid(
            "max_completion_tokens",
            f"max_tokens is too large: {request.limit}. This model supports at most "
            f"{model.max_output_tokens} completion tokens.",
            "invalid_value",
        )
    asked = prompt_tokens + (request.limit or 0)
    if asked > model.context_tokens:
        raise too_long(model.context_tokens, asked)


class _Thinking:
    """One model at work on one request; every choice is drawn separately."""

    def __init__(
        self, request: ChatRequest, model: SimulatedModel, seed: int, minds: Minds, repeat: int
    ) -> None:
        self._request = request
        self._model = model
        self._minds = minds
        self._question = understood(request)
        self._quality = model.quality_for(self._question.category)
        self._seed, self._repeat = seed, repeat

    def choice(self, index: int) -> tuple[Choice, int]:
        """The choice of that index, and the number of reasoning tokens before it."""
        mind, truth = self._mind(index), self._question.truth
        right = mind.is_right(self._quality)
        value = mind.value(truth, right) if truth else None
        if truth and value and truth.kind is Kind.CALLS:
            return self._called(calls_of(self._worded(truth, value, mind), mind.own.at("calls")))
        text = _until_stop(self._text(value, right, mind), self._request.stop)
        reasoning, room = self._room(tokens.count(text))
        finish = "stop" if room >= tokens.count(text) else "length"
        text = text[: room * tokens.CHARS_PER_TOKEN]
        return Choice(text, finish, logprobs=self._logprobs(text, right, mind.own)), reasoning

    def _mind(self, index: int) -> Mind:
        sample = Sample(index, self._repeat, self._request.seed)
        return Mind(self._minds, self._request.question, self._model.id, self._seed, sample)

    def _called(self, calls: tuple[ToolCall, ...]) -> tuple[Choice, int]:
        shown = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in calls)
        reasoning, room = self._room(shown)
        kept = tuple(_called_within(calls, room))
        return Choice(None, "tool_calls" if room >= shown else "length", kept), reasoning

    def _text(self, value: str | None, right: bool, mind: Mind) -> str:
        truth = self._question.truth
        if truth is not None and value is not None and self._minds.forms is Forms.VARIED:
            return self._worded(truth, value, mind)
        return plainly(self._question, value, right, mind.own)

    def _worded(self, truth: Truth, value: str, mind: Mind) -> str:
        """`value` in one of the forms of its kind; unchanged if they are not varied."""
        if self._minds.forms is Forms.PLAIN:
            return value
        return mind.own.pick(tuple(forms(truth, value)), "form")

    def _room(self, shown: int) -> tuple[int, int]:
        """Reasoning tokens for an answer of `shown` tokens, and the tokens left to show it."""
        limit = self._request.limit or self._model.max_output_tokens
        share = self._model.reasoning_share
        reasoning = min(round(shown * share / (1 - share)), limit)
        return reasoning, limit - reasoning

    def _logprobs(self, text: str, right: bool, chance: Chance) -> tuple[TokenLogprob, ...] | None:
        if not self._request.logprobs:
            return None
        top, unsure = self._request.top_logprobs, _unsureness(right, chance)
        return tuple(
            _logprob(piece, unsure, top, chance.at("logprob", place))
            for place, piece in enumerate(tokens.pieces(text))
        )


def _unsureness(right: bool, chance: Chance) -> float:
    """The negated mean log-probability of an answer's tokens."""
    low, high = (0.02, 0.3) if right else (0.15, 0.75)
    return low + (high - low) * chance.share("unsureness")


def _until_stop(text: str, stop: tuple[str, ...]) -> str:
    """The text up to the first of the stop sequences."""
    ends = [at for sequence in stop if (at := text.find(sequence)) >= 0]
    return text[: min(ends)] if ends else text


def _called_within(calls: tuple[ToolCall, ...], room: int) -> Iterator[ToolCall]:
    """The calls as far as there is room for them; the last one's arguments may break off."""
    for call in calls:
        room -= tokens.count(call.name)
        if room < 0:
            return
        arguments = call.arguments[: room * tokens.CHARS_PER_TOKEN]
        yield ToolCall(call.id, call.name, arguments)
        room -= tokens.count(arguments)


def _logprob(piece: str, unsure: float, top: int, chance: Chance) -> TokenLogprob:
    """A log-probability for a token, `-unsure` on average; each alternative is less likely than the one before."""
    chosen = LikelyToken(piece, -round(unsure * (0.5 + chance.share()), 6))
    likely = [chosen]
    for rank in range(1, top):
        less = likely[-1].logprob - 0.5 - round(chance.share(rank), 6)
        likely.append(LikelyToken(f"{piece.strip() or 'and'}{rank}", round(less, 6)))
    return TokenLogprob(chosen, tuple(likely[:top]))
