"""Server-sent events: bytes in any pieces in, whole events out, as they were written.

The standard (https://html.spec.whatwg.org/multipage/server-sent-events.html) lets lines end in
LF, CRLF or CR, lets comments start with a colon, and lets one space follow `data:` or not.
"""

import re

_BLANK_LINE = re.compile(rb"\n\n|\n\r\n|\r\r|\n\r(?=[^\n])")
"""Two line ends in a row. After LF a CR counts only once it is seen not to begin a CRLF."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ID_LINE = re.compile(rb"(?:^|[\r\n])id:")
_LONGEST_BLANK = 3
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which the standard allows at the beginning of a stream."""
USUAL_END = b"}\n\n"
"""What nearly every event ends with: it is found much faster than any blank line is."""


class EventSplitter:
    """Cuts a byte stream into events. What is fed is returned once, whole and in order."""

    def __init__(self, max_event_bytes: int = 16 * 2**20) -> None:
        self._rest: bytes | bytearray = b""
        self._max_event_bytes = max_event_bytes

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that `piece` completes, each with the blank line that ends it.

        Raises OverflowError when an event grows beyond the limit without ending.
        """
        searched = max(0, len(self._rest) - _LONGEST_BLANK)
        buffer = self._together(piece)
        if end := _end_of_last(buffer, searched):
            self._rest = buffer[end:]
        else:
            self._rest = buffer
        if len(self._rest) > self._max_event_bytes:
            raise OverflowError(f"an event of more than {self._max_event_bytes} bytes")
        return _cut(bytes(buffer[:end])) if end else []

    def _together(self, piece: bytes) -> bytes | bytearray:
        """What came before and `piece`. An event of megabytes comes in hundreds of pieces, and grows in place."""
        if not self._rest:
            return piece
        if isinstance(self._rest, bytes):
            self._rest = bytearray(self._rest)
        self._rest += piece
        return self._rest

    @property
    def is_within(self) -> bool:
        """Whether an event has begun that has not ended."""
        return bool(self._rest)

    def rest(self) -> bytes:
        """What came after the last whole event; at the end of a proper stream, nothing."""
        return bytes(self._rest)


def _end_of_last(buffer: bytes | bytearray, searched: int) -> int:
    """Where the last complete event in `buffer` ends; 0 if there is none."""
    if buffer.endswith(USUAL_END):
        return len(buffer)
    usual = buffer.rfind(USUAL_END, searched)
    end = 0 if usual < 0 else usual + len(USUAL_END)
    for blank in _BLANK_LINE.finditer(buffer, max(end, searched)):
        end = blank.end()
    return end


def _cut(whole: bytes) -> list[bytes]:
    """The events of which `whole` consists."""
    if b"\r" not in whole:
        return [event + b"\n\n" for event in whole.split(b"\n\n")[:-1]]
    start, events = 0, []
    for blank in _BLANK_LINE.finditer(whole):
        events.append(whole[start : blank.end()])
        start = blank.end()
    if start < len(whole):  # it ends with LF and CR, and what came after is seen to be no LF
        events.append(whole[start:])
    return events


def comment_before(text: str, like: bytes) -> bytes:
    """A comment to send before an event, in the stream of which `like` is an event.

    It is an event of its own, since simple clients look at how each event begins. Where events have ids,
    it is just a line of the next one: OpenAI's client would take a lone comment for an event without data.
    """
    end = "\n" if _ID_LINE.search(like) else "\n\n"
    return f": {text}{end}".encode()


def data_of(event: bytes) -> bytes | None:
    """The payload of an event, its lines joined by LF; None for a comment or a bare `event:` line."""
    if event.startswith(b"data: ") and event.endswith(b"\n\n") and _is_one_line(event):
        return event[6:-2]
    told = _LINE_END.split(event.removeprefix(_MARK))
    lines = [line for line in told if line.startswith(b"data:")]
    if not lines:
        return None
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines)


def _is_one_line(event: bytes) -> bool:
    return event.count(b"\n") == 2 and b"\r" not in event


def event_of(data: bytes) -> bytes:
    """One event with `data` (one line) as its payload."""
    return b"data: " + data + b"\n\n"


DONE = event_of(b"[DONE]")
