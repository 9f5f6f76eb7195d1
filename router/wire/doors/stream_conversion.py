"""A stream of chat, rewritten piece by piece in another API, as soon as each piece is known.

The end is sent when chat says `[DONE]`, not when the last words have come: until then the
books are not closed, and the cost of the answer is not known.
"""

from collections.abc import Iterator

from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import ReportedError
from router.wire.doors.door import EventWriter
from router.wire.native.forms import object_in
from router.wire.sse import EventSplitter, data_of

_CUT_OFF = ReportedError(
    502, "The answer ended before it was complete.", "server_error", "stream_cut"
)
_COMMENT = b":"


class StreamConversion:
    """Pieces of a chat stream in, pieces of another one out; comments stay as they are."""

    def __init__(self, event_writer: EventWriter) -> None:
        self._event_writer = event_writer
        self._splitter = EventSplitter()
        self._is_over = False

    def feed(self, piece: bytes) -> bytes:
        """What `piece` becomes; b"" if that is nothing yet."""
        events = self._splitter.feed(piece)
        return b"".join(told for event in events for told in self._told(event))

    def end(self) -> bytes:
        """What remains when no more pieces come: an error if the stream was incomplete."""
        return b"" if self._is_over else b"".join(self._failed(_CUT_OFF))

    def _told(self, event: bytes) -> Iterator[bytes]:
        data = data_of(event)
        if data is None:
            if event.startswith(_COMMENT):
                yield event
        elif not self._is_over:
            yield from self._said(data)

    def _said(self, data: bytes) -> Iterator[bytes]:
        try:
            if data.strip() == b"[DONE]":
                self._is_over = True
                yield from self._event_writer.done()
            else:
                chunk = object_in(data, "an event of the upstream's stream")
                self._is_over = bool(chunk.get("error"))
                yield from self._event_writer.take(chunk)
        except MalformedAnswer as fault:
            yield from self._failed(
                ReportedError(502, f"{fault}.", "server_error", "malformed_answer")
            )

    def _failed(self, fault: ReportedError) -> Iterator[bytes]:
        self._is_over = True
        return self._event_writer.fail(fault)
