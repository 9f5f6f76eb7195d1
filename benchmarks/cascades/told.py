"""The models' exact answers, without asking them: what is drawn, what it costs, when it is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.cascades.questions import Asked
from router.domain.money import Money
from router.providers.simulated import Minds, SimulatedModel
from router.providers.simulated.answers import Answer, answer
from router.providers.simulated.truths import told
from router.providers.simulated.wire import Envelope, completion

_ENVELOPE = Envelope("chatcmpl-0", 0, "any", "fp")


@dataclass(frozen=True, slots=True)
class Given:
    """One model's answer to one question: its meaning, its price, and the seconds until it is there.

    `value` is None if the answer was cut off.
    """

    value: str | None
    is_right: bool
    cost: Money
    first_content_s: float
    total_s: float
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What becomes of a question if every answer is understood: the pair's answers, the final one, and who agrees."""

    first: Sequence[Given]
    final: Given

    @property
    def is_accepted(self) -> bool:
        """Whether the pair gives the same answer."""
        return len({each.value for each in self.first}) == 1

    @property
    def is_right(self) -> bool:
        """Whether the final result is right."""
        return (self.first[0] if self.is_accepted else self.final).is_right

    @property
    def cost(self) -> Money:
        """What all calls cost."""
        first = self.first[0].cost + self.first[1].cost
        return first if self.is_accepted else first + self.final.cost

    @property
    def step_s(self) -> float:
        """Seconds until both of the pair have answered."""
        return max(each.total_s for each in self.first)

    @property
    def first_content_s(self) -> float:
        """Seconds until a client gets the first word of the answer."""
        return self.waited_s(float(self.is_accepted))

    def waited_s(self, p_accept: float) -> float:
        """The same, if the pair is accepted with that probability."""
        return self.step_s + (1 - p_accept) * self.final.first_content_s


def drawn(
    asked: Asked, first: Sequence[SimulatedModel], final: SimulatedModel, minds: Minds, seed: int
) -> Drawn:
    """What the models say; two samples if the first two are the same model."""
    repeats = [first[:place].count(model) for place, model in enumerate(first)]
    pair = [
        given(asked, model, minds, seed, repeat)
        for model, repeat in zip(first, repeats, strict=True)
    ]
    return Drawn(pair, given(asked, final, minds, seed))


def given(asked: Asked, model: SimulatedModel, minds: Minds, seed: int, repeat: int = 0) -> Given:
    """What that model says."""
    made = answer(asked.question.request, model, seed, minds, repeat)
    value = told(asked.question, _message(made))
    return Given(
        value,
        asked.question.truth is not None and value == asked.question.truth.right,
        model.price.charge(made.usage(0)),
        model.ttft_s + (made.reasoning_tokens + 1) / model.tokens_per_s,
        model.ttft_s + (made.reasoning_tokens + made.output_tokens) / model.tokens_per_s,
        made.prompt_tokens,
        made.output_tokens + made.reasoning_tokens,
    )


def _message(made: Answer) -> Mapping[str, Any]:
    message: Mapping[str, Any] = orjson.loads(completion(made, _ENVELOPE, None))["choices"][0][
        "message"
    ]
    return message
