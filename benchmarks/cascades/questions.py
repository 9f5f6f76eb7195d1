"""Questions that have one right answer, of every kind that simulated models know."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from router.providers.simulated.request import ChatRequest, parse
from router.providers.simulated.truths import Question, understood

Body = Mapping[str, Any]

_THINGS = ("pears", "litres", "pages", "bolts", "euros")
_LANDS = ("Chile", "Estonia", "Ghana", "Japan", "Kenya", "Latvia", "Nepal", "Norway", "Peru")
_CITIES = ("Oslo", "Lima", "Nairobi", "Riga", "Osaka", "Toronto", "Accra", "Porto")
_PROGRAMS = ("the factorial", "the fibonacci numbers", "the average", "palindromes", "primes")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent, and as the simulator understands it."""

    kind: str
    body: Body
    question: Question

    @classmethod
    def of(cls, kind: str, body: Body) -> "Asked":
        """The question in that body. Raises ValueError if it does not have exactly one right answer."""
        question = understood(_parsed(body))
        if question.truth is None or not question.truth.mistakes:
            raise ValueError(f"there is no one right answer to {body}")
        return cls(kind, body, question)


def questions(count: int, seed: int, kinds: Sequence[str]) -> list[Asked]:
    """This many questions, the kinds in turn, each one different."""
    dice = random.Random(seed)
    asked = [_KINDS[kind](dice) for kind in kinds]
    turns = zip(itertools.cycle(kinds), itertools.cycle(asked), strict=False)
    return [Asked.of(kind, next(bodies)) for kind, bodies in itertools.islice(turns, count)]


def _parsed(body: Body) -> ChatRequest:
    return parse(orjson.dumps({"model": "any", **body}))


def _said(text: str, **more: Any) -> Body:
    return {"messages": [{"role": "user", "content": text}], **more}


def _sums(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        left, right = dice.randint(12, 4000), dice.randint(12, 99)
        thing = dice.choice(_THINGS)
        yield _said(f"Order {number}: how many {thing} are {left} * {right} + {number}?")


def _letters(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        lands = dice.sample(_LANDS, 4)
        options = "\n".join(f"{letter}) {land}" for letter, land in zip("ABCD", lands, strict=True))
        yield _said(f"Question {number}. Which of these comes first in the list?\n{options}")


def _capitals(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        yield _said(f"For card {number}: what is the capital of {dice.choice(_LANDS)}?")


def _tools(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        text = f"Weather forecast for {dice.choice(_CITIES)}, for {number + 2} days, in kelvin?"
        yield _said(text, tools=[_WEATHER, _TIME])


def _json(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        text = f"What is {dice.randint(12, 4000)} * {number + 3}? The customer is Ada."
        yield _said(text, response_format=_INVOICE)


def _programs(dice: random.Random) -> Iterator[Body]:
    for number in itertools.count():
        yield _said(f"Task {number}: write a Python function for {dice.choice(_PROGRAMS)}.")


_KINDS: Mapping[str, Callable[[random.Random], Iterator[Body]]] = {
    "sums": _sums,
    "letters": _letters,
    "capitals": _capitals,
    "tools": _tools,
    "json": _json,
    "programs": _programs,
}
KINDS = tuple(_KINDS)


def _tool(name: str, about: str, more: Mapping[str, Any]) -> Body:
    properties = {"city": {"type": "string"}, **more}
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    function = {"name": name, "description": about, "parameters": schema}
    return {"type": "function", "function": function}


_WEATHER = _tool(
    "get_weather",
    "The weather forecast for a city",
    {"days": {"type": "integer"}, "unit": {"enum": ["celsius", "kelvin"]}},
)
_TIME = _tool("get_time", "The local time in a city", {})
_INVOICE = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "schema": {
            "type": "object",
            "properties": {"customer": {"type": "string"}, "total": {"type": "integer"}},
            "required": ["customer", "total"],
            "additionalProperties": False,
        },
    },
}
