"""Work that may wait: a thread does it, in batches, while the caller goes on at once."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
_BREATH_S = 0.0005
"""A pause between batches to release the interpreter: otherwise the event loop would wait a whole switch interval."""


class BackgroundThread(Generic[T]):
    """Hands things to `deal` in a thread, at most `batch` of them at a time.

    At most `most` wait: what comes then is dropped and counted. `deal` may take as long as it wants; a
    batch that it fails on is counted as dropped. Things gather for `pause_s` seconds, or until a quarter of
    `most` are there: a thread that every single one wakes takes the interpreter from the event loop.
    """

    def __init__(
        self,
        deal: Callable[[Sequence[T]], None],
        *,
        name: str,
        most: int,
        batch: int,
        pause_s: float,
    ) -> None:
        self.dropped = 0
        self._deal = deal
        self._most = most
        self._batch = batch
        self._pause_s = pause_s
        self._waiting: deque[T] = deque()
        self._many = most // 4
        self._news = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, thing: T) -> None:
        """Take `thing` in, or drop it; returns at once. From any thread."""
        waiting = len(self._waiting)
        if waiting >= self._most:
            self.dropped += 1
            return
        self._waiting.append(thing)
        if not self._news.is_set():
            self._news.set()
        if waiting >= self._many and not self._hurry.is_set():
            self._hurry.set()

    def close(self, within_s: float) -> None:
        """Deal with all that waits, as far as `within_s` seconds suffice; closing again is harmless."""
        self._closing.set()
        self._hurry.set()
        self._news.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._news.wait()
            self._hurry.wait(self._pause_s)
            # Cleared before things are taken: whatever is put from now on sets them again.
            self._news.clear()
            self._hurry.clear()
            self._empty()
        self._empty()

    def _empty(self) -> None:
        while self._waiting:
            count = min(self._batch, len(self._waiting))
            self._dealt([self._waiting.popleft() for _ in range(count)])
            self._closing.wait(_BREATH_S)

    def _dealt(self, things: Sequence[T]) -> None:
        try:
            self._deal(things)
        except Exception:  # noqa: BLE001 - the thread must live: the next batch may well be dealt with
            self.dropped += len(things)
