"""A stream as it is received: bytes in, in any pieces, and events out."""

from collections.abc import Iterable, Iterator

from router.wire.answer import StreamEvent, Told, Words
from router.wire.event_template import EventTemplate
from router.wire.native.forms import CHAT_FORM, StreamForm
from router.wire.sse import EventSplitter

_MOST_LESSONS = 8
"""How often a template may be learnt in vain; some streams have none, such as those of several choices."""


class EventReader:
    """Reads a stream. Events that arrive together and differ only in their words are returned as one."""

    def __init__(self, form: StreamForm = CHAT_FORM) -> None:
        self._form = form
        self._splitter = EventSplitter()
        self._template: EventTemplate | None = None
        # Only for chat is it known what may be left out between two events that are alike.
        self._lessons = _MOST_LESSONS if form is CHAT_FORM else 0

    def feed(self, piece: bytes) -> Iterator[Told]:
        """The events that `piece` completes.

        Raises MalformedAnswer at an event that is not one, after those before it, and OverflowError
        when one grows too large.
        """
        raws: list[bytes] = []
        words: list[bytes] = []
        for raw in self._splitter.feed(piece):
            between = None if self._template is None else self._template.between(raw)
            if between is not None:
                raws.append(raw)
                words.append(between)
                continue
            yield from self._together(raws, words)
            raws, words = [], []
            yield self._read(raw)
        yield from self._together(raws, words)

    def words(self, piece: bytes) -> Words | None:
        """What `feed` would return for a piece that is one event like those before it, as nearly all are.

        None for any other, which is not consumed.
        """
        if self._template is None or self._splitter.is_within:
            return None
        between = self._template.between(piece)
        if between is None or b"\n" in between:
            return None
        self._lessons = _MOST_LESSONS
        return self._template.heard(piece, between)

    def _together(self, raws: list[bytes], words: list[bytes]) -> Iterable[Told]:
        """Events that begin and end alike, as one if they may be."""
        if not raws or self._template is None:
            return ()
        heard = self._template.heard(b"".join(raws), b" ".join(words), joints=len(words) - 1)
        if heard is None:
            return map(self._read, raws)
        self._lessons = _MOST_LESSONS
        return (heard,)

    def _read(self, raw: bytes) -> StreamEvent:
        event = self._form.read(raw)
        if self._lessons and (template := EventTemplate.of(event)) is not None:
            self._template = template
            self._lessons -= 1
        return event
