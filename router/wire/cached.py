"""Stored answers: the cache key of a request, and the bytes that store an answer.

A stored answer is a checksum, a line of JSON (who wrote it, when, for whom, what it used), and the
bytes that the client got, so that storing and replaying cost no parsing of the answer itself.
"""

import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from msgspec import Struct, structs

from router.domain.caching import Origin, Writer
from router.domain.turns import Turns, finished
from router.domain.usage import Usage
from router.wire.canonical import canonical_parts
from router.wire.dialects.dialect import Dialect

_FORMAT = 3
_CHECKSUM_BYTES = 4
_COUNTS = Usage.__struct_fields__
_WORTH_COMPRESSING = 2**14
_DIGESTED_AT_ONCE = 2**20
"""Half a millisecond's work."""
_WORTH_A_TURN = 2**17
_PARTS_AT_ONCE = 8
"""Of small messages; a millisecond's work."""
_LARGEST = 2**26
"""The most bytes an entry may expand to: more than any answer that is stored."""


class StoredAnswer(Struct, frozen=True):
    """An answer as a client once got it. `body` is JSON, or for a stream its events in order.

    Only chat is stored; an answer on its way to a client may have another `dialect`.
    """

    origin: Origin
    is_stream: bool
    body: bytes
    dialect: Dialect = Dialect.CHAT


def cache_key(body: Mapping[str, Any], tenant: Sequence[str]) -> str | None:
    """The cache key of `body`: a full SHA-256 over everything that determines its answers.

    The tenant is part of it, so that nobody is ever shown another's answer; the model is not, since
    any of them may have written one. None when the request is nested too deeply for a canonical form.
    """
    return finished(naming(body, tenant))


def naming(body: Mapping[str, Any], tenant: Sequence[str]) -> Turns[str | None]:
    """`cache_key` in steps, so that a long request does not hold up others."""
    # One JSON text after another: neither can run into the other.
    digest = sha256(orjson.dumps([_FORMAT, *tenant]))
    try:
        for number, part in enumerate(canonical_parts(body)):
            for start in range(0, len(part), _DIGESTED_AT_ONCE):
                if start:
                    yield
                digest.update(memoryview(part)[start : start + _DIGESTED_AT_ONCE])
            if len(part) > _WORTH_A_TURN or number % _PARTS_AT_ONCE == _PARTS_AT_ONCE - 1:
                yield
    except (orjson.JSONEncodeError, RecursionError):
        return None
    return digest.hexdigest()


def pack(answer: StoredAnswer) -> bytes:
    """The bytes to store. A large body is compressed; the head never is, so that it can be listed."""
    body, is_packed = answer.body, len(answer.body) >= _WORTH_COMPRESSING
    if is_packed:
        body = zlib.compress(body, 1)
    head = {**_told(answer.origin), "stream": answer.is_stream, "zlib": is_packed}
    content = orjson.dumps(head) + b"\n" + body
    return _checksum(content) + content


def unpack(stored: bytes) -> StoredAnswer | None:
    """The answer in `stored`, or None when the bytes are of another format or damaged."""
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    if checksum != _checksum(content):
        return None
    line, _, body = content.partition(b"\n")
    try:
        head = orjson.loads(line)
        whole = _unfolded(body) if head["zlib"] else body
        return StoredAnswer(_origin(head), bool(head["stream"]), whole)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, zlib.error):
        return None


def described(stored: StoredAnswer) -> dict[str, Any]:
    """What may be shown of a stored answer: everything but its text."""
    origin = structs.asdict(stored.origin)
    used = {name: count for name, count in structs.asdict(origin.pop("usage")).items() if count}
    del origin["terms"]
    accepted = {"is_accepted": True} if origin.pop("is_accepted") else {}
    return {
        **accepted,
        **structs.asdict(origin.pop("writer")),
        **origin,
        "usage": used,
        "is_stream": stored.is_stream,
        "bytes": len(stored.body),
    }


def _told(origin: Origin) -> dict[str, Any]:
    """An origin without the counts that are 0, which most are."""
    used = {name: count for name in _COUNTS if (count := getattr(origin.usage, name))}
    return {
        "writer": structs.asdict(origin.writer),
        "usage": used,
        "at_s": origin.at_s,
        "request_id": origin.request_id,
        "key": origin.key,
        "tags": origin.tags,
        "policy": origin.policy,
        **({"is_accepted": True, "terms": origin.terms} if origin.is_accepted else {}),
    }


def _origin(told: Mapping[str, Any]) -> Origin:
    return Origin(
        writer=Writer(**told["writer"]),
        usage=Usage(**told["usage"]),
        at_s=float(told["at_s"]),
        request_id=str(told["request_id"]),
        key=str(told["key"]),
        tags=tuple(map(str, told["tags"])),
        policy=str(told["policy"]),
        is_accepted=bool(told.get("is_accepted")),
        terms=str(told.get("terms", "")),
    )


def _unfolded(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    whole = unpacker.decompress(body, _LARGEST)
    if not unpacker.eof:
        raise ValueError("incomplete, or too large")
    return whole


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES)
