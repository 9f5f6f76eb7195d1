"""A complete answer as a stream: what a cascade has accepted, or a server has sent that ignores `stream`."""

from router.pipeline.opened import OpenedPlain
from router.wire.answer import Told, read_event
from router.wire.replay import as_events
from router.wire.sse import DONE


class Replayed:
    """Implements `router.pipeline.relay.EventSource`: everything is there at once."""

    def __init__(self, events: list[Told]) -> None:
        self._events = events

    @classmethod
    def of(cls, opened: OpenedPlain, answer_id: str) -> "Replayed":
        """An answer as a stream, with its usage. Raises MalformedAnswer if it cannot be told as one."""
        events = as_events(opened.body, is_stream=False, answer_id=answer_id, usage=True)
        return cls([*map(read_event, events), read_event(DONE)])

    async def next_piece(self) -> bytes | None:
        """All there is, then None."""
        return b"".join(event.raw for event in self._events) if self._events else None

    def words(self, _: bytes) -> None:
        """None: its events are known already."""

    def told(self, _: bytes) -> list[Told]:
        """Its events."""
        events, self._events = self._events, []
        return events

    async def close(self) -> None:
        """Nothing is left to close."""
