"""A template of the events of a stream: what they have in common, which is all but their words.

An answer comes in hundreds of events that differ in a word each. One of them is parsed; those that
begin and end like it need not be: any number of them at once is understood by looking at the words.
"""

import re

import orjson
from msgspec import Struct

from router.wire.answer import EventKind, MalformedAnswer, StreamEvent, Words, read_event
from router.wire.sse import USUAL_END

_WORDS = re.compile(
    rb'"(?:content|arguments|reasoning_content|reasoning)"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"',
    re.DOTALL,
)
_ONE_LETTER = b"x"
_LONGEST = 2**14
"""Maximum bytes of an event that is learnt from: a word with its surroundings is much shorter."""
_PADDING = re.compile(rb'"obfuscation"\s*:\s*"([^"\\]*)"')
"""OpenAI adds this so that the length of an event does not reveal the length of its words."""


class EventTemplate(Struct, frozen=True):
    """What surrounds the words of an event, and whether they are content or reasoning.

    In padded events, `middle` is what stands between words and padding, and `end` what follows the padding;
    else `middle` is empty.
    """

    before: bytes
    middle: bytes
    end: bytes
    is_content: bool

    @classmethod
    def of(cls, event: StreamEvent) -> "EventTemplate | None":
        """That of an event with content; None if more than its words would have to be read."""
        is_usual = event.raw.endswith(USUAL_END) and len(event.raw) <= _LONGEST
        if event.kind is not EventKind.CONTENT or event.finished or event.usage or not is_usual:
            return None
        for words in _WORDS.finditer(event.raw):
            before, after = event.raw[: words.start(1)], event.raw[words.end(1) :]
            letter = _read(before + _ONE_LETTER + after)
            if letter is not None and letter == _with_one_letter(event, letter.raw):
                return cls(before, *_around_padding(after), is_content=letter.content_chars > 0)
        return None

    def between(self, event: bytes) -> bytes | None:
        """The words of an event that begins and ends like this; None for any other."""
        if not (event.startswith(self.before) and event.endswith(self.end)):
            return None
        start, stop = len(self.before), len(event) - len(self.end)
        if self.middle:
            stop = self._before_padding(event, start, stop)
        return event[start:stop] if stop >= start else None

    def _before_padding(self, event: bytes, start: int, stop: int) -> int:
        """Where the words before the padding end; -1 if it is not padding."""
        at = event.find(self.middle, start, stop)
        padding = event[at + len(self.middle) : stop]
        return -1 if b'"' in padding or b"\\" in padding else at

    def heard(self, raw: bytes, between: bytes, joints: int = 0) -> Words | None:
        """The events of `raw`, whose words are `between`; None if there is more than words.

        The words of several events are separated by spaces, `joints` in number.
        """
        try:
            chars = len(orjson.loads(b'"%b"' % between)) - joints
        except orjson.JSONDecodeError:  # a quote ends the words, and something else follows
            return None
        return Words(raw, chars, chars if self.is_content else 0)


def _read(raw: bytes) -> StreamEvent | None:
    try:
        return read_event(raw)
    except MalformedAnswer:
        return None


def _with_one_letter(event: StreamEvent, raw: bytes) -> StreamEvent:
    """What `raw` must say: the same as `event`, but with a single letter."""
    is_content = event.content_chars > 0
    return event._replace(raw=raw, output_chars=1, content_chars=int(is_content))


def _around_padding(after: bytes) -> tuple[bytes, bytes]:
    """What stands between the words and the padding, b"" if there is none; and what follows it."""
    padding = _PADDING.search(after)
    return (b"", after) if padding is None else (after[: padding.start(1)], after[padding.end(1) :])
