"""What the server sends back: status, headers, and a body that is whole or still to come."""

from collections.abc import AsyncGenerator, Mapping

from msgspec import Struct

from router.wire.dialects.dialect import Dialect


class PlainReply(Struct, frozen=True):
    """A whole JSON answer in a dialect; without `is_answer` it is a document of ours about one."""

    headers: Mapping[str, str]
    body: bytes
    is_answer: bool = True
    dialect: Dialect = Dialect.CHAT


class StreamReply(Struct, frozen=True):
    """A stream of server-sent events in a dialect; the sender must close the generator, whatever happens."""

    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes]
    dialect: Dialect = Dialect.CHAT


Reply = PlainReply | StreamReply
