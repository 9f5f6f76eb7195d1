"""The events of a message, written."""

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
)
from router.wire.dialects.counting import messages_usage
from router.wire.dialects.growing import Growing
from router.wire.dialects.messages.parts import written_citation
from router.wire.dialects.messages.write_answer import (
    begun,
    billed_tier,
    written_end,
    written_fault,
    written_part,
)
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.seals import worn


class MessagesWriter:
    """Beats in, events out. A refusal comes at the end, where Messages say why the model stopped."""

    def __init__(self, _answer_context: AnswerContext) -> None:
        self._open = Growing(Text(""))
        self._index = -1
        self._refusal = ""

    def take(self, beat: Beat) -> Iterator[dict[str, Any]]:
        """The events for a beat."""
        match beat:
            case Grew(text=text):
                self._open.take(beat)
                yield from self._grown(text)
            case AnswerHead():
                yield {"type": "message_start", "message": begun(beat)}
            case Opened(part=part):
                self._open = Growing(part)
                yield from self._opened(part)
            case AnswerEnd():
                yield from self._end(beat)
            case ReportedError():
                yield written_fault(beat)
            case _:
                self._open.take(beat)
                yield from self._inner(beat)

    def _opened(self, part: Part) -> Iterator[dict[str, Any]]:
        if isinstance(part, Thinking) and not part.is_hidden:
            block: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
        else:
            block = next(written_part(part), {})
        if block:
            self._index += 1
            yield self._event("content_block_start", content_block=block)

    def _event(self, kind: str, **members: Any) -> dict[str, Any]:
        return {"type": kind, "index": self._index, **members}

    def _delta(self, kind: str, **members: Any) -> dict[str, Any]:
        return self._event("content_block_delta", delta={"type": kind, **members})

    def _inner(self, beat: Inner) -> Iterator[dict[str, Any]]:
        if isinstance(beat, Closed):  # seals and citations are sent when the part is complete
            yield from self._closed(self._open.whole())

    def _grown(self, text: str) -> Iterator[dict[str, Any]]:
        match self._open.part:
            case Text():
                yield self._delta("text_delta", text=text)
            case ToolCall():
                yield self._delta("input_json_delta", partial_json=text)
            case Thinking():
                yield self._delta("thinking_delta", thinking=text)
            case Refusal():
                self._refusal += text

    def _closed(self, whole: Part) -> Iterator[dict[str, Any]]:
        match whole:
            case Refusal():
                return
            case Thinking(seal=seal, is_hidden=False):
                yield self._delta("signature_delta", signature=worn(seal, "messages"))
            case Text(citations=citations):
                for cited in citations:
                    yield self._delta("citations_delta", citation=written_citation(cited, whole))
        yield self._event("content_block_stop")

    def _end(self, end: AnswerEnd) -> Iterator[dict[str, Any]]:
        used = messages_usage(end.usage, billed_tier(end))
        delta = written_end(end, self._refusal)
        yield {"type": "message_delta", "delta": delta, "usage": used}
        yield {"type": "message_stop"}
