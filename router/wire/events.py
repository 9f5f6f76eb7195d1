"""A stream of chat as it is heard: bytes in any pieces in, events out."""

from collections.abc import Iterable, Iterator

from router.wire.answer import StreamEvent, read_event
from router.wire.refrain import Refrain
from router.wire.sse import EventSplitter

_MOST_LESSONS = 8
"""So often a refrain is learnt in vain; some streams have none, as those of several choices."""


class EventReader:
    """Reads a stream. Events that came together and differ in their words only come as one event."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._refrain: Refrain | None = None
        self._lessons = _MOST_LESSONS

    def feed(self, piece: bytes) -> Iterable[StreamEvent]:
        """The events that `piece` completes.

        Raises MalformedAnswer at an event that is none, after those before it, and OverflowError
        when one grows too large.
        """
        event = self._at_once(piece)
        return self._one_by_one(piece) if event is None else (event,)

    def _at_once(self, piece: bytes) -> StreamEvent | None:
        """A piece that is one event like those before it, as nearly all are; else None."""
        refrain = self._refrain
        if refrain is None or not refrain.fits(piece) or self._splitter.rest():
            return None
        return refrain.heard((piece,))

    def _one_by_one(self, piece: bytes) -> Iterator[StreamEvent]:
        alike: list[bytes] = []
        for raw in self._splitter.feed(piece):
            if self._refrain is not None and self._refrain.fits(raw):
                alike.append(raw)
                continue
            yield from self._together(alike)
            alike = []
            yield self._read(raw)
        yield from self._together(alike)

    def _together(self, alike: list[bytes]) -> Iterable[StreamEvent]:
        """Events that begin and end alike, as one if they may be."""
        if not alike or self._refrain is None:
            return ()
        if (event := self._refrain.heard(alike)) is None:
            return map(self._read, alike)
        self._lessons = _MOST_LESSONS
        return (event,)

    def _read(self, raw: bytes) -> StreamEvent:
        event = read_event(raw)
        if self._lessons and (refrain := Refrain.of(event)) is not None:
            self._refrain = refrain
            self._lessons -= 1
        return event
