"""Answers that are complete but odd: legal variants of a stream, and unusual fields.

Those that concern events leave a plain answer unchanged.
"""

import re
from collections.abc import Callable
from itertools import chain, repeat

from msgspec import Struct

from router.domain.members import replace
from router.providers.simulated import tokens, wire
from router.providers.simulated.faults_instead import require
from router.providers.simulated.script import (
    JSON_TYPE,
    STREAM_TYPE,
    Body,
    Call,
    End,
    Head,
    Script,
    Work,
    Write,
    bodies,
    encoded,
    ordinary,
    started,
    stream_end,
    worked,
)

_MIB = 2**20
_PIECE_CHARS = 4096
_TEXT = b'"content":"'
_WIDE = re.compile(rb"(?<=[\xc2-\xf4])(?=[\x80-\xbf])")


class NoUsage(Struct, frozen=True):
    """The answer reports no usage, asked or not."""

    def play(self, call: Call) -> Script:
        """The ordinary answer, less its usage."""
        return ordinary(replace(call, tells_usage=False))


class NoDone(Struct, frozen=True):
    """The stream ends without [DONE]."""

    def play(self, call: Call) -> Script:
        """The ordinary events, less the last."""
        return (step for step in ordinary(call) if not _is_done(step))


class DoubleDone(Struct, frozen=True):
    """The stream ends with [DONE] twice."""

    def play(self, call: Call) -> Script:
        """The ordinary events, and the last again."""
        for step in ordinary(call):
            yield step
            if _is_done(step):
                yield step


class Crlf(Struct, frozen=True):
    """The lines of the stream end with CR LF."""

    def play(self, call: Call) -> Script:
        """The ordinary events with other line ends."""
        return _events(call, lambda event, _: event.replace(b"\n", b"\r\n"))


class Comments(Struct, frozen=True):
    """Comment lines come before every event, like keep-alives."""

    def play(self, call: Call) -> Script:
        """The ordinary events between comments."""
        return _events(call, lambda event, _: b": keep-alive\n\n: processing\n" + event)


class MissingSpace(Struct, frozen=True):
    """There is no space after `data:`."""

    def play(self, call: Call) -> Script:
        """The ordinary events without it."""
        return _events(call, lambda event, _: event.replace(b"data: ", b"data:", 1))


class EventIdLines(Struct, frozen=True):
    """Every event has `event:`, `id:` and `retry:` lines as well."""

    def play(self, call: Call) -> Script:
        """The ordinary events with more lines."""
        head = b"event: message\nid: %d\nretry: 3000\n"
        return _events(call, lambda event, number: head % number + event)


class ByteByByte(Struct, frozen=True):
    """Every byte of the answer is written on its own."""

    def play(self, call: Call) -> Script:
        """The ordinary answer in single bytes."""
        return self.parted(ordinary(call))

    def parted(self, script: Script) -> Script:
        """Any answer in single bytes."""
        for step in encoded(script):
            if isinstance(step, Write):
                last = len(step.data) - 1
                for place, byte in enumerate(step.data):
                    yield Write(bytes((byte,)), step.tells_usage and place == last)
            else:
                yield step


class SplitUtf8(Struct, frozen=True):
    """Every character that takes more than one byte is split between two writes (and chunks)."""

    def play(self, call: Call) -> Script:
        """The ordinary answer, parted inside its characters."""
        return self.parted(ordinary(call))

    def parted(self, script: Script) -> Script:
        """Any answer, parted inside its characters."""
        for step in script:
            if isinstance(step, Body):
                parts = _WIDE.split(step.data)
                yield from (Body(part) for part in parts[:-1])
                yield Body(parts[-1], step.tells_usage)
            else:
                yield step


class WrongFinish(Struct, frozen=True):
    """The finish_reason is a word that the API does not define; `none` for null."""

    value: str = "eos_token"

    def play(self, call: Call) -> Script:
        """The ordinary answer that ends for another reason."""
        reason = None if self.value == "none" else self.value
        choices = tuple(replace(one, finish_reason=reason) for one in call.answer.choices)
        return ordinary(replace(call, answer=replace(call.answer, choices=choices)))


class WrongModel(Struct, frozen=True):
    """The answer names another model, as upstreams do that resolve an alias."""

    name: str = "sim-2024-05-17"

    def play(self, call: Call) -> Script:
        """The ordinary answer in another name."""
        return ordinary(replace(call, envelope=replace(call.envelope, model=self.name)))


class Huge(Struct, frozen=True):
    """This many MiB of text are added to the first choice, as fast as the client reads them."""

    mb: int = 24

    def __post_init__(self) -> None:
        """Refuse to add nothing."""
        require(self.mb > 0, f"mb must be above 0, not {self.mb}")

    def play(self, call: Call) -> Script:
        """The ordinary answer, and more."""
        pieces = self.mb * _MIB // _PIECE_CHARS
        per_piece = tokens.count("." * _PIECE_CHARS)
        call = replace(call, extra_tokens=pieces * per_piece)
        return _huge_stream(call, pieces) if call.request.stream else _huge_plain(call, pieces)


def _huge_stream(call: Call, pieces: int) -> Script:
    chunks = wire.Chunks(call.envelope, call.reports)
    more = chunks.text(0, "." * _PIECE_CHARS)
    yield from started(call)
    yield Head(200, STREAM_TYPE, call.headers)
    yield from bodies(call, chain(chunks.opening(call.answer), chunks.content(call.answer)))
    for event in repeat(more, pieces):
        yield Work(0, event.tokens)
        yield Body(event.data)
    yield from stream_end(call, chunks)


def _huge_plain(call: Call, pieces: int) -> Script:
    """A plain answer with dots at the start of its first text, or if there is none, with spaces after it."""
    data = wire.completion(call.answer, call.envelope, call.usage if call.reports else None)
    gap, filler = len(data), b" "
    if (found := data.find(_TEXT)) >= 0:
        gap, filler = found + len(_TEXT), b"."
    yield from worked(call)
    yield Work(0, call.extra_tokens)
    yield Head(200, JSON_TYPE, call.headers, len(data) + pieces * _PIECE_CHARS)
    yield Body(data[:gap])
    yield from repeat(Body(filler * _PIECE_CHARS), pieces)
    yield Body(data[gap:], tells_usage=call.reports)
    yield End()


def _events(call: Call, change: Callable[[bytes, int], bytes]) -> Script:
    """The ordinary script with every event changed; `change` gets the event and its number."""
    number = 0
    for step in ordinary(call):
        if isinstance(step, Body) and call.request.stream:
            yield Body(change(step.data, number), step.tells_usage)
            number += 1
        else:
            yield step


def _is_done(step: object) -> bool:
    return isinstance(step, Body) and step.data == wire.DONE
