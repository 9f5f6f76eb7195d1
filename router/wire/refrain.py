"""What the events of a stream have in common: all but their words.

An answer comes in hundreds of events that differ in a word each. One of them is parsed; those that
begin and end like it need not be, and any number of them at once is known by looking at the words.
"""

import re
from dataclasses import dataclass

import orjson

from router.wire.answer import EventKind, MalformedAnswer, StreamEvent, Words, read_event
from router.wire.sse import USUAL_END

_WORDS = re.compile(
    rb'"(?:content|arguments|reasoning_content|reasoning)"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL
)
_ONE_LETTER = b"x"


@dataclass(frozen=True, slots=True)
class Refrain:
    """What stands before and after the words of an event, and whether they are content, or thoughts."""

    before: bytes
    after: bytes
    is_content: bool

    @classmethod
    def of(cls, event: StreamEvent) -> "Refrain | None":
        """That of an event with content; None where more than words would have to be looked at."""
        is_usual = event.kind is EventKind.CONTENT and event.raw.endswith(USUAL_END)
        if not is_usual or event.finished or event.usage:
            return None
        for words in _WORDS.finditer(event.raw):
            before, after = event.raw[: words.start(1)], event.raw[words.end(1) :]
            letter = _read(before + _ONE_LETTER + after)
            if letter is not None and letter == _with_one_letter(event, letter.raw):
                return cls(before, after, is_content=letter.content_chars > 0)
        return None

    def between(self, event: bytes) -> bytes | None:
        """What stands between, in an event that begins and ends so; None in any other."""
        before, after = self.before, self.after
        if event.startswith(before) and event.endswith(after):
            end = len(event) - len(after)
            return event[len(before) : end] if end >= len(before) else None
        return None

    def heard(self, raw: bytes, between: bytes) -> Words | None:
        """The events of `raw`, with all that stands `between`; None where that is more than words."""
        try:
            chars = len(orjson.loads(b'"%b"' % between))
        except orjson.JSONDecodeError:  # a quote ends the words, and something else follows
            return None
        return Words(raw, chars, chars if self.is_content else 0)


def _read(raw: bytes) -> StreamEvent | None:
    try:
        return read_event(raw)
    except MalformedAnswer:
        return None


def _with_one_letter(event: StreamEvent, raw: bytes) -> StreamEvent:
    """What `raw` must say: the same as `event`, in a single letter."""
    is_content = event.content_chars > 0
    return event._replace(raw=raw, output_chars=1, content_chars=int(is_content))
