"""The proxy that leads to an upstream, as its URL says."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_ADDRESS = re.compile(r"(\[[\w:.%]+\]|[\w.%-]+)(:\d*)?")
MALFORMED = (
    "must be http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host if the proxy asks for them,"
    " in which other characters than letters and digits are written as in a URL: %40 for @"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: its address, without a password, and the header by which it knows us ("" if it does not ask)."""

    url: str
    authorization: str = field(default="", repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """What no error may quote."""
        return frozenset({self.authorization.removeprefix(_BASIC)} - {""})


_BASIC = "Basic "


def proxy_at(text: str) -> Proxy:
    """The proxy at this URL, which may begin with its host. Raises ValueError, which does not quote it."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        is_usable = _is_usable(parts)
    except ValueError:  # of a port that is none, and of half an IPv6 address
        raise ValueError(MALFORMED) from None
    if not is_usable:
        raise ValueError(MALFORMED)
    return Proxy(f"{parts.scheme}://{_address(parts)}", _authorization(parts))


def _address(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _is_usable(parts: SplitResult) -> bool:
    is_address = bool(_ADDRESS.fullmatch(_address(parts))) and parts.port != 0
    has_more = parts.path.strip("/") or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and is_address and not has_more


def _authorization(parts: SplitResult) -> str:
    known_by = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return "" if known_by == ":" else _BASIC + b64encode(known_by.encode()).decode()
