"""Which questions were answered lately: one that is asked again shows that its answer was not good enough."""

from msgspec import Struct

from router.domain.lru_cache import LruCache


class AnsweredQuestion(Struct, frozen=True):
    """Whose answer a question got, and when the client had it, by the monotonic clock."""

    request_id: str
    model: str
    category: str
    at_s: float


class Questions:
    """The last `most` questions that were answered, by their digests.

    A process knows only those that it has answered itself.
    """

    def __init__(self, window_s: float, most: int) -> None:
        self._window_s = window_s
        self._answered = LruCache[bytes, AnsweredQuestion](most)

    def __len__(self) -> int:
        return len(self._answered)

    def note(self, question: bytes, answer: AnsweredQuestion) -> None:
        """This question has got this answer, the latest of all."""
        self._answered.keep(question, answer)

    def rejected(self, question: bytes, asked_s: float) -> AnsweredQuestion | None:
        """The answer that this question already had when it was asked again; returned once.

        None if it had none yet (both requests were in flight together), or got it too long ago.
        """
        earlier = self._answered.get(question)
        if earlier is None or not 0.0 <= asked_s - earlier.at_s <= self._window_s:
            return None
        return self._answered.pop(question)
