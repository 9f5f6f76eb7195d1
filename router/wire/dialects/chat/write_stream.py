"""The chunks of a chat completion, written."""

from collections.abc import Iterator
from typing import Any

from router.wire.dialects.answer import (
    AnswerContext,
    AnswerEnd,
    AnswerHead,
    Beat,
    Closed,
    Grew,
    Inner,
    Opened,
    ReportedError,
    Sealed,
)
from router.wire.dialects.chat.parts import written_call
from router.wire.dialects.chat.thoughts import NATIVE, TOLD_ONCE, written_detail
from router.wire.dialects.chat.write_answer import (
    REASONS,
    annotations_of,
    written_fault,
    written_head,
    written_tier,
    written_usage,
)
from router.wire.dialects.growing import Growing
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall

_NO_HEAD = AnswerHead("", "")


class ChatWriter:
    """Beats in, chunks out. The usage is sent at the end to clients that asked for it."""

    def __init__(self, answer_context: AnswerContext) -> None:
        self._answer_context = answer_context
        self._head = written_head(_NO_HEAD, answer_context, "chat.completion.chunk")
        options = answer_context.asked.get("stream_options")
        self._usage = isinstance(options, dict) and options.get("include_usage") is True
        self._open = Growing(Text(""))
        self._chars = self._calls = self._thoughts = 0
        self._named: dict[str, Any] = {}

    def take(self, beat: Beat) -> Iterator[dict[str, Any]]:
        """The chunks for a beat."""
        match beat:
            case AnswerHead():
                self._head = written_head(beat, self._answer_context, "chat.completion.chunk")
                yield self._chunk({"role": "assistant", "content": None})
            case Opened(part=part):
                self._open, self._named = Growing(part), {}
                yield from self._opened(part)
            case AnswerEnd():
                yield from self._end(beat)
            case ReportedError():
                yield written_fault(beat)
            case _:
                self._open.take(beat)
                yield from self._inner(beat)

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        tail = {"usage": None} if self._usage else {}
        return {**self._head, "choices": [choice], **tail}

    def _opened(self, part: Part) -> Iterator[dict[str, Any]]:
        match part:
            case ToolCall():
                yield self._chunk({"tool_calls": [{"index": self._calls, **written_call(part)}]})
            case Thinking(is_hidden=True):
                yield self._chunk({"reasoning_details": [self._detail(part)]})

    def _inner(self, beat: Inner) -> Iterator[dict[str, Any]]:
        match beat:
            case Grew(text=text):
                yield self._chunk(self._grown(text))
            case Sealed():
                yield from self._sealed()
            case Closed():
                yield from self._closed()

    def _grown(self, text: str) -> dict[str, Any]:
        match self._open.part:
            case Refusal():
                return {"refusal": text}
            case ToolCall(is_custom=is_custom):
                more = (
                    {"custom": {"input": text}} if is_custom else {"function": {"arguments": text}}
                )
                return {"tool_calls": [{"index": self._calls, **more}]}
            case Thinking(seal=seal):
                named = {"reasoning_content": text}
                if seal.origin == NATIVE:
                    return named
                detail = self._detail(Thinking(text, seal.without_value()))
                return {**named, "reasoning_details": [detail]}
            case _:
                return {"content": text}

    def _sealed(self) -> Iterator[dict[str, Any]]:
        part = self._open.part
        if isinstance(part, Thinking):
            yield self._chunk({"reasoning_details": [self._detail(Thinking("", part.seal))]})

    def _detail(self, thought: Thinking) -> dict[str, Any]:
        """What is told of the open thought now; OpenAI's client joins what is said twice, such as whose it is."""
        detail, told = written_detail(thought, self._thoughts), self._named
        self._named = {name: detail[name] for name in TOLD_ONCE if name in detail}
        return {name: value for name, value in detail.items() if told.get(name) != value}

    def _closed(self) -> Iterator[dict[str, Any]]:
        match self._open.whole():
            case Text() as text:
                if annotations := list(annotations_of(text, self._chars)):
                    yield self._chunk({"annotations": annotations})
                self._chars += len(text.text)
            case ToolCall():
                self._calls += 1
            case Thinking():
                self._thoughts += 1

    def _end(self, end: AnswerEnd) -> Iterator[dict[str, Any]]:
        self._head |= written_tier(end)
        yield self._chunk({}, REASONS[end.stop])
        if self._usage and end.usage:
            yield {**self._head, "choices": [], "usage": written_usage(end)}
