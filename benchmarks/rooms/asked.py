"""Requests to measure with: one question at many sizes, and a coding agent's conversation, all made up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

KB = 1000
SIZES = {
    "300 B": 300,
    "1 KB": KB,
    "4 KB": 4 * KB,
    "16 KB": 16 * KB,
    "100 KB": 100 * KB,
    "1 MB": 1000 * KB,
}
TURNS = 60
"""Of the conversation: its 20 KB of instructions and tools have grown to about 100 KB at the end."""

_WORDS = """
    the a of to and in that for with on as by from at which this ferry harbour clerk ledger crate passenger invoice
    delivery customer report quarter server request timeout database index migration tenant schema latency budget
    estimate however therefore although between without because during against explains compares returns refuses
    increasing temperature pressure momentum integral probability matrix treaty parliament province dialect chapter
    translate summarise describe calculate prove carefully briefly step results assumptions alternatives evidence
""".split()
_CODE = (
    "    def {0}_{1}(self, {2}: Mapping[str, int], *, limit: int = {n}) -> list[str]:\n"
    '        """The {0} of a {1}. Raises ValueError for {2}."""\n'
    "        return [f'{{{0}}}: {{{1}}}' for {0}, {1} in {2}.items() if {1} > {n}]\n"
)
_QUESTION = "Explain step by step what follows from the report below, and what the clerk should do about it.\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it comes, with a name; `before` is the one before it in its conversation, if any."""

    name: str
    raw: bytes
    before: bytes | None = None

    @property
    def is_known(self) -> bool:
        """Whether everything except its end was seen before."""
        return self.before is not None


def every(sizes: Mapping[str, int] = SIZES) -> Iterator[Asked]:
    """Each question, then the conversation: as a new one, and as one that is continued."""
    for name, size in sizes.items():
        yield Asked(name, question(size))
    for turns, name in ((TURNS // 6, "agent 30 KB"), (TURNS, "agent 100 KB")):
        whole, before = conversation(turns), conversation(turns - 1)
        yield Asked(f"{name}, new", whole)
        yield Asked(f"{name}, going on", whole, before)


def question(size: int) -> bytes:
    """One user message, so that the request has about `size` bytes."""
    dice, wanted, sentences = Random(size), max(20, size - 80), [_QUESTION]
    length = len(_QUESTION)
    while length < wanted:
        sentences.append(_sentence(dice))
        length += len(sentences[-1])
    words = "".join(sentences)[:wanted].rstrip()
    return _request([{"role": "user", "content": words}])


def conversation(turns: int) -> bytes:
    """A coding agent's call after this many turns with its tools; each turn adds about 1.3 KB."""
    dice = Random(7)
    system = "You are a coding agent. " + "".join(_sentence(dice) for _ in range(70))
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": system},
        {
            "role": "user",
            "content": "Rename the ledger's clerk, and see to it that all tests pass.",
        },
    ]
    tools = [_tool(dice, number) for number in range(16)]
    for turn in range(turns):
        messages.extend(_turn(dice, turn))
    return _request(messages, tools=tools)


def _turn(dice: Random, turn: int) -> list[dict[str, Any]]:
    arguments = orjson.dumps(
        {"path": f"src/{dice.choice(_WORDS)}_{turn}.py", "limit": 200}
    ).decode()
    call = {
        "id": f"call_{turn}",
        "type": "function",
        "function": {"name": "read", "arguments": arguments},
    }
    result = "".join(_code(dice) for _ in range(dice.randint(1, 6)))
    return [
        {"role": "assistant", "content": _sentence(dice), "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"call_{turn}", "content": result},
    ]


def _tool(dice: Random, number: int) -> dict[str, Any]:
    members = {
        dice.choice(_WORDS): {"type": "string", "description": _sentence(dice)} for _ in range(4)
    }
    function = {
        "name": "read" if not number else f"{dice.choice(_WORDS)}_{number}",
        "description": _sentence(dice),
        "parameters": {"type": "object", "properties": members},
    }
    return {"type": "function", "function": function}


def _sentence(dice: Random) -> str:
    words = dice.choices(_WORDS, k=dice.randint(8, 24))
    return f"{' '.join(words).capitalize()} {dice.randint(2, 9999)}. "


def _code(dice: Random) -> str:
    one, other, third = dice.choices(_WORDS, k=3)
    return _CODE.format(one, other, third, n=dice.randint(2, 999))


def _request(messages: list[dict[str, Any]], **fields: Any) -> bytes:
    return orjson.dumps({"model": "auto", "messages": messages, **fields})
