"""What the events of a stream have in common: all but their words.

An answer comes in hundreds of events that differ in a word each. One of them is parsed; those that
begin and end like it need not be, and any number of them at once is known by looking at the words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from router.wire.answer import EventKind, MalformedAnswer, StreamEvent, read_event
from router.wire.sse import USUAL_END

_WORDS = re.compile(
    rb'"(?:content|arguments|reasoning_content|reasoning)"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL
)
_ONE_LETTER = b"x"


@dataclass(frozen=True, slots=True)
class Refrain:
    """What stands before and after the words of an event; `letter` is the event with a single one."""

    before: bytes
    after: bytes
    letter: StreamEvent

    @classmethod
    def of(cls, event: StreamEvent) -> "Refrain | None":
        """That of an event with content; None where more than words would have to be looked at."""
        is_usual = event.kind is EventKind.CONTENT and event.raw.endswith(USUAL_END)
        if not is_usual or event.finished or event.usage:
            return None
        for words in _WORDS.finditer(event.raw):
            before, after = event.raw[: words.start(1)], event.raw[words.end(1) :]
            letter = _read(before + _ONE_LETTER + after)
            if letter is not None and letter == event.in_other_words(letter.raw, 1):
                return cls(before, after, letter)
        return None

    def fits(self, raw: bytes) -> bool:
        """Whether an event begins and ends with it."""
        is_long = len(raw) >= len(self.before) + len(self.after)
        return is_long and raw.startswith(self.before) and raw.endswith(self.after)

    def heard(self, fitting: Sequence[bytes]) -> StreamEvent | None:
        """Events that fit, as one; None where one of them says more than words."""
        start, end = len(self.before), -len(self.after)
        words = b"".join([raw[start:end] for raw in fitting])
        try:
            chars = len(orjson.loads(b'"%b"' % words))
        except orjson.JSONDecodeError:  # a quote ends the words, and something else follows
            return None
        raw = fitting[0] if len(fitting) == 1 else b"".join(fitting)
        return self.letter.in_other_words(raw, chars)


def _read(raw: bytes) -> StreamEvent | None:
    try:
        return read_event(raw)
    except MalformedAnswer:
        return None
