"""Parts of a stream: assembled as they grow, and put in sequence if they come interleaved."""

from collections.abc import Hashable, Iterator

from router.domain.members import replace
from router.wire.dialects.answer import Beat, Cited, Closed, Grew, Inner, Opened, Sealed
from router.wire.dialects.parts import Citation, Part, Refusal, Text, Thinking, ToolCall


class Growing:
    """A part that was opened, and what has come of it since."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._texts: list[str] = []
        self._citations: list[Citation] = []

    def take(self, beat: Inner) -> None:
        """Add what a beat contains."""
        match beat:
            case Grew(text=text):
                self._texts.append(text)
            case Cited(citation=citation):
                self._citations.append(citation)
            case Sealed(seal=seal) if isinstance(self.part, Thinking):
                self.part = replace(self.part, seal=seal)
            case _:
                pass

    @property
    def is_empty(self) -> bool:
        """Whether it has no text yet."""
        return not self._texts

    def whole(self) -> Part:
        """The part with everything that has come."""
        text, part = "".join(self._texts), self.part
        match part:
            case Text():
                return replace(part, text=text, citations=tuple(self._citations))
            case ToolCall():
                return replace(part, arguments=text)
            case Thinking() | Refusal():
                return replace(part, text=text)
            case _:
                return part


class PartSequence:
    """Puts beats of interleaved parts, each with the key of its part, in sequence, part by part.

    Beats of the part that was opened first are passed on at once; the others wait until it closes.
    """

    def __init__(self) -> None:
        self._live: Hashable = None
        self._waiting: dict[Hashable, list[Beat]] = {}

    def take(self, key: Hashable, beat: Opened | Inner) -> Iterator[Beat]:
        """The beats whose turn has come now."""
        if self._live is None:
            self._live = key
        if key != self._live:
            self._waiting.setdefault(key, []).append(beat)
            return
        yield beat
        if isinstance(beat, Closed):
            yield from self._next()

    def _next(self) -> Iterator[Beat]:
        self._live = None
        while self._waiting and self._live is None:
            key = next(iter(self._waiting))
            beats = self._waiting.pop(key)
            yield from beats
            self._live = None if isinstance(beats[-1], Closed) else key
