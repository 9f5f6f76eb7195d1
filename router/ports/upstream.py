"""A place where models answer: what it is asked, and how it answers."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from router.domain.model import Model
from router.domain.usage import Usage
from router.wire.native.reading import AnswerDialect
from router.wire.original import Original

CHAT_PATH = "/chat/completions"


class Call(Struct, frozen=True):
    """One request to one upstream: the bytes for a direct one, the fields for a translating one.

    `fresh` asks for a connection of its own: after a failure, the upstream may have closed the ones that
    are kept open, without our knowing yet. `original` is what the client sent, if `body` is only the chat
    view of it: an upstream of that dialect may be asked with it, and its answer is then a `Native` one.
    `owns_thoughts` says that unnamed thoughts in the conversation are this model's. `path` is the path of a
    direct one, below its address; a translating one passes on what is not for chat. `headers` are further ones, which
    do not affect what is asked.
    """

    model: Model
    body: bytes
    fields: Mapping[str, Any]
    stream: bool
    fresh: bool = False
    original: Original | None = None
    owns_thoughts: bool = True
    path: str = CHAT_PATH
    headers: Mapping[str, str] = field(default_factory=dict)


class Response(Protocol):
    """An upstream's answer, its status known to be a success."""

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        ...

    @property
    def request_id(self) -> str:
        """What the upstream calls the request, by its answer's headers; "" if they do not say."""
        ...

    async def read(self) -> bytes:
        """The whole body. Raises AttemptFailed when it breaks off."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises AttemptFailed when it breaks off.

        A cancelled wait for the next piece loses nothing: another may wait for it.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection; a body that was not read to its end is abandoned."""
        ...


@runtime_checkable
class TellsPrompt(Protocol):
    """A response that may know what the prompt has used before the answer has ended."""

    @property
    def prompt(self) -> Usage | None:
        """That, once the upstream has told it."""
        ...


@runtime_checkable
class EndsLater(Protocol):
    """A response whose connection can be used again, even if its body ends a little after the answer in it."""

    def hear_out(self) -> None:
        """Say that the whole answer has come: when closed, what ends the body may still arrive."""
        ...


@dataclass(frozen=True, slots=True)
class Native(Response):
    """An answer in the client's own dialect, to be passed on unchanged; `answer_dialect` says how to read it."""

    response: Response
    answer_dialect: AnswerDialect

    @property
    def is_stream(self) -> bool:
        """As of the answer itself."""
        return self.response.is_stream

    @property
    def request_id(self) -> str:
        """As of the answer itself."""
        return self.response.request_id

    async def read(self) -> bytes:
        """As of the answer itself."""
        return await self.response.read()

    def pieces(self) -> AsyncIterator[bytes]:
        """As of the answer itself."""
        return self.response.pieces()

    def hear_out(self) -> None:
        """As of the answer itself, if its connection can outlive it."""
        if isinstance(self.response, EndsLater):
            self.response.hear_out()

    async def close(self) -> None:
        """As of the answer itself."""
        await self.response.close()


class Upstream(Protocol):
    """A place where models answer."""

    @property
    def asks_usage(self) -> bool:
        """Whether a streamed request may ask it for a usage chunk."""
        ...

    async def send(self, call: Call) -> Response:
        """The answer's head. Raises AttemptFailed for anything but a success."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
