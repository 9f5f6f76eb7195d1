"""Faults that break an answer on its way: what was generated until then is charged.

`after` counts events of a stream, the one that names the role included; 0 is right after the
headers. A plain answer has no events: there, 0 is after the headers and everything else after half of
the body.
"""

from msgspec import Struct

from router.providers.simulated import wire
from router.providers.simulated.errors import Refusal
from router.providers.simulated.faults_instead import require
from router.providers.simulated.script import (
    JSON_TYPE,
    Body,
    Call,
    Close,
    End,
    Hang,
    Head,
    Script,
    Wait,
    Write,
    encoded,
    ordinary,
    page,
)


class _Midway(Struct, frozen=True):
    """What all of these have in common."""

    after: int = 2

    def __post_init__(self) -> None:
        """Refuse to break before the beginning."""
        require(self.after >= 0, f"after must be 0 or more, not {self.after}")


class ResetAfter(_Midway, frozen=True):
    """The connection is reset after that many events."""

    def play(self, call: Call) -> Script:
        """The answer until then, and a reset."""
        yield from _until(call, self.after)
        yield Close(reset=True)


class Cut(_Midway, frozen=True):
    """The answer ends after that many events, in good order as HTTP sees it, without [DONE].

    A plain answer, whose length was announced, can only be cut by closing the connection.
    """

    def play(self, call: Call) -> Script:
        """The answer until then, and the end."""
        yield from _until(call, self.after)
        yield End(whole=False) if call.request.stream else Close()


class Stall(_Midway, frozen=True):
    """After that many events nothing more comes, and the connection stays open."""

    def play(self, call: Call) -> Script:
        """The answer until then, and silence."""
        yield from _until(call, self.after)
        yield Hang()


class Pause(_Midway, frozen=True):
    """After that many events nothing comes for this many seconds; then the answer continues."""

    seconds: float = 1.0

    def play(self, call: Call) -> Script:
        """The answer with a wait in it."""
        sent = 0
        for step in _halved(call):
            if isinstance(step, Body):
                if sent == self.after:
                    yield Wait(self.seconds)
                sent += 1
            yield step


class ErrorEvent(_Midway, frozen=True):
    """After that many events (0 by default) comes an error, and the stream ends.

    A plain answer is a 200 whose body is an error.
    """

    after: int = 0
    code: str = "server_error"
    message: str = "The server had an error while processing your request."

    def play(self, call: Call) -> Script:
        """The answer until then, and an error."""
        failure = wire.error(Refusal(500, self.message, type="server_error", code=self.code))
        if not call.request.stream:
            yield from page(200, JSON_TYPE, failure, call.headers)
            return
        yield from _until(call, self.after)
        yield Body(wire.event(failure))
        yield End(whole=False)


class Malformed(_Midway, frozen=True):
    """After that many events comes one that is not JSON, and the stream ends; a plain body is not JSON."""

    def play(self, call: Call) -> Script:
        """The answer until then, and nonsense."""
        nonsense = b'{"id":"' + call.envelope.id.encode() + b'","choices":[{"delta":{"content":"'
        if not call.request.stream:
            yield from page(200, JSON_TYPE, nonsense, call.headers)
            return
        yield from _until(call, self.after)
        yield Body(wire.event(nonsense))
        yield Body(wire.DONE)
        yield End(whole=False)


class WrongLength(Struct, frozen=True):
    """The length announced is `more` bytes above that of the body, and the connection closes."""

    more: int = 100

    def __post_init__(self) -> None:
        """Refuse a length that would be right or less."""
        require(self.more > 0, f"more must be above 0, not {self.more}")

    def play(self, call: Call) -> Script:
        """The whole answer, under a wrong head; nobody can rely on the usage in it."""
        steps = list(ordinary(call))
        length = sum(len(step.data) for step in steps if isinstance(step, Body))
        for step in steps:
            match step:
                case Head():
                    yield Head(200, step.content_type, step.headers, length + self.more)
                case Body():
                    yield Body(step.data)
                case End():
                    yield Close()
                case _:
                    yield step


class Delay(Struct, frozen=True):
    """The whole answer comes, this many seconds late."""

    seconds: float = 1.0

    def __post_init__(self) -> None:
        """Refuse to go back in time."""
        require(self.seconds >= 0, f"seconds must be 0 or more, not {self.seconds}")

    def play(self, call: Call) -> Script:
        """A wait, and the ordinary answer."""
        yield Wait(self.seconds)
        yield from ordinary(call)


class Slow(Struct, frozen=True):
    """The answer trickles, headers and all: `size` bytes at a time, with a pause after each."""

    size: int = 16
    pause: float = 0.05

    def __post_init__(self) -> None:
        """Refuse to send nothing at a time."""
        require(self.size > 0, f"size must be above 0, not {self.size}")
        require(self.pause >= 0, f"pause must be 0 or more, not {self.pause}")

    def play(self, call: Call) -> Script:
        """The ordinary answer in drops."""
        return self.parted(ordinary(call))

    def parted(self, script: Script) -> Script:
        """Any answer in drops."""
        for step in encoded(script):
            if isinstance(step, Write):
                yield from self._drops(step)
            else:
                yield step

    def _drops(self, step: Write) -> Script:
        for start in range(0, len(step.data), self.size):
            is_last = start + self.size >= len(step.data)
            yield Write(step.data[start : start + self.size], step.tells_usage and is_last)
            yield Wait(self.pause)


def _until(call: Call, after: int) -> Script:
    """The steps up to the body part of that number, and no end."""
    sent = 0
    after = after if call.request.stream else min(after, 1)
    for step in _halved(call):
        if isinstance(step, End):
            return
        yield step
        sent += isinstance(step, Body)
        if sent == after and isinstance(step, Body | Head):
            return


def _halved(call: Call) -> Script:
    """The ordinary script, the body of a plain answer in two halves."""
    for step in ordinary(call):
        if isinstance(step, Body) and not call.request.stream:
            middle = len(step.data) // 2
            yield Body(step.data[:middle])
            yield Body(step.data[middle:], step.tells_usage)
        else:
            yield step
