"""Chunks of chat from a server of its own mind, and the answer that a client gets."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator
from tests.wire.dialects.merging import merge


def heard(source: Dialect, target: Dialect, events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole answer that a client gets."""
    translator = StreamTranslator(Target(source), target, AnswerContext(now_s=9))
    told = [each for event in events for each in translator.feed(event)]
    return merge(target, told + translator.end())


def chat_chunk(delta: Mapping[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk that says this of its one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "created": 5, "model": "m", "choices": [choice], **more}


def calling(**call: Any) -> dict[str, Any]:
    """A chunk about one call of a tool."""
    return chat_chunk({"tool_calls": [{"index": 0, **call}]})
