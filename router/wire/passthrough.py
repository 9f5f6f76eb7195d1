"""Calls that are passed through: which paths are plain, which headers travel, and what an answer used.

Bodies are never parsed as a whole: they may be of any size and kind. Only their beginning or end is read,
if it is text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct, field

from router.domain.usage import Usage
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read

Headers = tuple[tuple[str, str], ...]

_PLAIN = re.compile(r"/v1(?:/[A-Za-z0-9_.~!$&'()*+,;=:@%-]+)+/?")
_HIDDEN = re.compile(r"(?i)%(?:2e|2f|5c|00|25)")
"""Dots, slashes and percent signs that a server behind us might read differently."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110, section 7.6.1, and those of older standards."""
_OURS = frozenset(
    {
        "accept-encoding",
        "api-key",
        "authorization",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "openai-organization",
        "openai-project",
        "x-api-key",
        "x-real-ip",
        "x-request-id",
        "x-session-id",
    }
)
"""Headers between the client and us: the client has no say in whose account is charged."""
_THEIRS = frozenset(
    {"date", "openai-organization", "openai-project", "server", "set-cookie", "x-request-id"}
)
"""Headers between us and the upstream."""
_OUR_PREFIXES = ("x-farthing-", "x-forwarded-")


def plain_path(raw_path: str) -> str | None:
    """A path without its query, decoded and without a trailing slash; None if it is not plain.

    Plain is what every server reads in the same way: no dot segments, no empty ones, nothing hidden.
    """
    path = raw_path.partition("?")[0]
    if not _PLAIN.fullmatch(path) or _HIDDEN.search(path):
        return None
    decoded = unquote(path).rstrip("/")
    segments = decoded.split("/")
    # To some servers, what follows a semicolon is no part of the segment.
    names = (segment.partition(";")[0] for segment in segments)
    is_odd = any(name in (".", "..") for name in names) or not decoded.isprintable()
    return None if is_odd else decoded


def request_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers of a client's request that the upstream gets."""
    return _without(headers, _OURS)


def answer_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers of an upstream's answer that the client gets."""
    return _without(headers, _THEIRS)


def _without(headers: Iterable[tuple[str, str]], kept_back: frozenset[str]) -> Headers:
    """Those that are neither `kept_back`, nor about the connection, nor between our clients and us."""
    given = tuple(headers)
    dropped = _HOP_BY_HOP | kept_back | _named(given)
    return tuple(
        (name, value)
        for name, value in given
        if (small := name.lower()) not in dropped and not small.startswith(_OUR_PREFIXES)
    )


def _named(headers: Headers) -> frozenset[str]:
    """The headers that `Connection` declares as hop-by-hop."""
    listed = (value for name, value in headers if name.lower() == "connection")
    return frozenset(each.strip().lower() for value in listed for each in value.split(","))


_KEPT_BYTES = 64 * 2**10
_TEXT = re.compile(r"(?i)application/(?:[\w.-]+\+)?json|text/event-stream")
_MODEL = re.compile(rb'"model"\s*:\s*"([!#-\[\]-~]{1,128})"')
_MODEL_OF_FORM = re.compile(rb'(?i)name="?model"?\r\n(?:[^\r\n]+\r\n)*\r\n([!-~]{1,128})\r\n')
_USAGE = re.compile(rb'"usage"\s*:\s*(?=\{)')


class BodyEnds(Struct):
    """What is kept of a body that passes by: its first and last bytes."""

    content_type: str
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes) -> None:
        """Take note of the next piece."""
        if len(self.head) < _KEPT_BYTES:
            self.head += piece[: _KEPT_BYTES - len(self.head)]
        self.tail += piece[-_KEPT_BYTES:]
        del self.tail[:-_KEPT_BYTES]

    @property
    def model(self) -> str:
        """The model that a request or an answer names, "" if none is found."""
        pattern = _MODEL if _TEXT.match(self.content_type) else _MODEL_OF_FORM
        found = pattern.search(self.head)
        return found[1].decode() if found else ""

    @property
    def usage(self) -> Usage | None:
        """What an answer says it used, None if it says nothing that is understood."""
        if not _TEXT.match(self.content_type):
            return None
        places = [found.end() for found in _USAGE.finditer(self.tail)]
        return _read(_object_at(bytes(self.tail[places[-1] :]))) if places else None


def _object_at(raw: bytes) -> Mapping[str, Any]:
    """The JSON object that `raw` begins with; an empty one if it does not begin with one."""
    try:
        found, _ = json.JSONDecoder().raw_decode(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(told: Mapping[str, Any]) -> Usage | None:
    """The buckets of a usage object, by the names of either dialect.

    Transcriptions write `input_token_details`, and APIs that generate nothing have no output count.
    """
    if not told:
        return None
    whole = {
        "input_tokens_details": told.get("input_token_details"),
        "output_tokens": 0,
        "completion_tokens": 0,
        **told,
    }
    found = (read(dialect, whole) for dialect in _TOKENS)
    return next((usage for usage in found if usage is not None), None)


_TOKENS = (LAYOUTS["openai-responses"], LAYOUTS["openai-chat"])
