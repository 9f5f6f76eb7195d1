"""What is asked: requests of four sizes, and streams. What must be in every answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

ANSWER_WORD = b"The Loire"
"""The upstream says it in every answer: one without it is none."""
CHUNKS = 100
"""Of each stream, each with the time when it was sent."""
_PROSE = "You are a coding agent that works on the files of a repository. Read before you write. "
_MARK = "abcdefghijklmnop"
_LETTERS = bytes.maketrans(b"0123456789", b"abcdefghij")


@dataclass(frozen=True, slots=True)
class Question:
    """A request's body in two halves; between them are 16 letters, so that no two need be the same."""

    before: bytes
    after: bytes

    def numbered(self, number: int) -> bytes:
        """The body, as the question with this number."""
        letters = (b"%016d" % number).translate(_LETTERS)  # digits would make it look like maths
        return b"%b%b%b" % (self.before, letters, self.after)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of request: its name in tables, the messages before the question, tools."""

    name: str
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    is_stream: bool = False

    def asked_of(self, model: str) -> Question:
        """The question for one model; only a number in its words differs."""
        asked = {"role": "user", "content": f"Which river flows through Nantes? ({_MARK})"}
        body: dict[str, Any] = {"model": model, "messages": [*self.messages, asked]}
        if self.tools:
            body["tools"] = list(self.tools)
        if self.is_stream:
            body["stream"] = True
        before, after = orjson.dumps({**body, "max_tokens": 500}).split(_MARK.encode())
        return Question(before, after)


def _said(length: int) -> tuple[Mapping[str, Any], ...]:
    told = (_PROSE * (length // len(_PROSE) + 1))[:length]
    return ({"role": "system", "content": told},)


def _talk(turns: int, length: int) -> tuple[Mapping[str, Any], ...]:
    roles = ("user", "assistant")
    return tuple(
        {"role": roles[turn % 2], "content": f"Turn {turn}. " + (_PROSE * 30)[:length]}
        for turn in range(turns)
    )


def _tool(number: int) -> Mapping[str, Any]:
    schema = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Below the root."}},
        "required": ["path"],
    }
    described = {"name": f"tool_{number}", "description": _PROSE * 2, "parameters": schema}
    return {"type": "function", "function": described}


SMALL = Shape("300 B", _said(110))
AGENT = Shape(
    "20 KB, tools", (*_said(3000), *_talk(18, 680)), tuple(_tool(number) for number in range(10))
)
PLAIN = (SMALL, Shape("4 KB", _said(3850)), AGENT, Shape("100 KB", _said(100_000)))
STREAMED = Shape("stream", _said(110), is_stream=True)
