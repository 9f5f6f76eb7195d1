"""Stored answers: the key that names a request's answer, and the bytes that keep it.

A stored answer is a checksum, a line of JSON (who wrote it, what it used), and the bytes that the
client got, so that storing and replaying cost no parsing of the answer itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zlib import crc32

import orjson

from router.domain.usage import Usage
from router.wire.canonical import canonical

_FORMAT = 2
_WHOLE_ANSWERS = frozenset({"stop"})


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer as a client once got it. `body` is JSON, or for a stream its events in order."""

    model_id: str
    usage: Usage
    body: bytes


def cache_key(body: Mapping[str, Any], *, tenant: str, policy: str) -> str | None:
    """The name of the answer to `body`: a full SHA-256 over everything that determines it.

    The tenant is part of it, so that nobody is ever shown another's answer. None when the request
    is nested too deeply to be written down canonically.
    """
    wanted = canonical(body)
    if wanted is None:
        return None
    # One JSON text after another: neither can run into the other.
    scope = orjson.dumps([_FORMAT, tenant, policy, bool(body.get("stream"))])
    return sha256(scope + wanted).hexdigest()


def is_worth_keeping(finish_reasons: frozenset[str], *, calls_tools: bool) -> bool:
    """Whether an answer may be stored: finished by itself, and no call that would act twice."""
    return bool(finish_reasons) and finish_reasons <= _WHOLE_ANSWERS and not calls_tools


def pack(answer: CachedAnswer) -> bytes:
    """The bytes to store."""
    head = {"model": answer.model_id, "usage": answer.usage}
    content = orjson.dumps(head) + b"\n" + answer.body
    return _checksum(content) + content


def unpack(stored: bytes) -> CachedAnswer | None:
    """The answer in `stored`, or None when the bytes are of another format or damaged."""
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    if checksum != _checksum(content):
        return None
    head, _, body = content.partition(b"\n")
    try:
        read = orjson.loads(head)
        return CachedAnswer(str(read["model"]), Usage(**read["usage"]), body)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


_CHECKSUM_BYTES = 4


def _checksum(content: bytes) -> bytes:
    return crc32(content).to_bytes(_CHECKSUM_BYTES)
