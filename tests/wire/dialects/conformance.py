"""What becomes of each thing that a request can say, between any two dialects: one table.

A row shows the thing in each dialect that has it. Between two that have it, it crosses as it is,
unless its cell says otherwise; where the target lacks it, the cell has to say what happens. The
tests try every cell, and `docs/dialects.md` shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from router.wire.dialects.dialect import Dialect

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
Pair = tuple[Dialect, Dialect]
Members = Mapping[str, Any]
PAIRS: tuple[Pair, ...] = tuple(permutations(Dialect, 2))


@dataclass(frozen=True)
class Changed:
    """It crosses in another form: the target's members then, and the reason in words."""

    why: str
    members: Members


@dataclass(frozen=True)
class Refused:
    """It is refused, with an error that names this field."""

    field: str


@dataclass(frozen=True)
class Row:
    """A thing to say, and what becomes of it if it does not cross unchanged."""

    name: str
    chat: Members | None = None
    responses: Members | None = None
    messages: Members | None = None
    cells: Mapping[Pair, Changed | Refused] = field(default_factory=dict)

    def said(self, dialect: Dialect) -> Members | None:
        """How a dialect says it, None if it cannot."""
        return {CHAT: self.chat, RESPONSES: self.responses, MESSAGES: self.messages}[dialect]


BASE: Mapping[Dialect, Members] = {
    CHAT: {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_completion_tokens": 9000,
    },
    RESPONSES: {
        "model": "m",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hello"}],
            }
        ],
        "max_output_tokens": 9000,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    },
    MESSAGES: {
        "model": "m",
        "max_tokens": 9000,
        "messages": [{"role": "user", "content": "Hello"}],
    },
}
"""The request that each row adds to, the same in all three."""

C_R, C_M = (CHAT, RESPONSES), (CHAT, MESSAGES)
R_C, R_M = (RESPONSES, CHAT), (RESPONSES, MESSAGES)
M_C, M_R = (MESSAGES, CHAT), (MESSAGES, RESPONSES)


def says(*messages: Members) -> Members:
    """The messages of a conversation, of chat or of Messages."""
    return {"messages": list(messages)}


def items(*given: Members) -> Members:
    """The items of a conversation, of Responses."""
    return {"input": list(given)}


def user_item(*parts: Members) -> Members:
    """What a user says, as an item."""
    return {"type": "message", "role": "user", "content": list(parts)}


def asks(*parts: Members) -> Members:
    """A conversation of one message with these parts."""
    return {"messages": [{"role": "user", "content": list(parts)}]}


def left_out(why: str) -> Changed:
    """Nothing of it crosses."""
    return Changed(f"left out: {why}", {})


HI = {"role": "user", "content": "Hi"}
HI_ITEM = user_item({"type": "input_text", "text": "Hi"})
PNG = "data:image/png;base64,AAAA"
PDF = "data:application/pdf;base64,AAAA"
PAGE = "https://example.com/a.png"
SCHEMA: Members = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED: Members = {**SCHEMA, "additionalProperties": False}
M_IMAGE: Members = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
}
R_IMAGE: Members = {"type": "input_image", "detail": "auto", "image_url": PNG}
