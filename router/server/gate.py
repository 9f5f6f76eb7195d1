"""Who may come in: whoever presents a virtual key, and everybody on loopback until the first key exists."""

import hmac
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.key import ANONYMOUS, SECRET_PREFIX, VirtualKey, digest_of
from router.server.keyring import Keyring

_HEADERS = ("authorization", "x-api-key", "api-key")
"""Where clients put their key: OpenAI's, Anthropic's, Azure's."""
_LOOK_AGAIN_S = 2.0
"""So often keys are read again."""
_NO_KEY = re.compile(r"\A\s*(?:bearer(?:\s+|\Z)|basic\s.*\Z)", re.IGNORECASE)
"""The scheme, which may be of any case (RFC 9110, section 11.1); a password is for a proxy in front of us."""


class Gate(Struct, frozen=True):
    """Admits whoever presents a key of `keyring`; everybody if there has never been one."""

    keyring: Keyring
    unix_s: Callable[[], float]

    async def admit(self, headers: Mapping[str, str]) -> VirtualKey:
        """The key that `headers` present.

        Raises ApiError 401; 403 for a page from elsewhere while no key exists; 503 while keys cannot be read.
        """
        secret = presented(headers)
        # While there is no key, clients may present anything; but what looks like one of ours may be the first.
        if self.keyring.is_open and not secret.startswith(SECRET_PREFIX):
            refuse_pages(headers)
            return ANONYMOUS
        key = await self.keyring.find(secret)
        if key is None and self.keyring.is_open:
            refuse_pages(headers)
            return ANONYMOUS
        if key is None and self.keyring.is_in_the_dark:
            raise _in_the_dark()
        if key is None:
            raise ApiError(
                401,
                "Incorrect API key provided. Send a key of this proxy as 'Authorization: Bearer <key>',"
                " or as 'x-api-key'.",
                code="invalid_api_key",
            )
        if key.expires_s is not None and self.unix_s() >= key.expires_s:
            raise ApiError(401, "This API key has expired.", code="key_expired")
        return key

    def name(self, headers: Mapping[str, str]) -> str:
        """The name of the key that `headers` present, admitted or not; "" for none that is known."""
        key = self.keyring.known(presented(headers))
        return key.name if key else ""


def _in_the_dark() -> ApiError:
    return ApiError(
        503,
        "The keys of this proxy cannot be read at the moment; try again soon.",
        code="keys_unavailable",
        kind="server_error",
        retry_after_s=_LOOK_AGAIN_S,
    )


def refuse_pages(headers: Mapping[str, str]) -> None:
    """Raise ApiError 403 for a web page from elsewhere in a browser on this machine, where no key is needed.

    A browser sends such a page's POST to loopback without asking anybody, and names the page's origin.
    """
    origin = headers.get("origin")
    if origin is not None and _is_elsewhere(origin):
        raise ApiError(
            403,
            "Web pages of other origins may not send requests as long as no key exists:"
            " create one with 'farthing keys create NAME' and send it.",
            code="foreign_page",
        )


def refuse_other_names(headers: Mapping[str, str]) -> None:
    """Raise ApiError 403 for what was sent to this machine under a name that is not its own.

    A page that has its own name lead to loopback is of the same origin for its browser, and could read every answer.
    It cannot do this with an address, or with `localhost`.
    """
    if not _is_own(host := headers.get("host", "")):
        raise ApiError(
            403,
            f"As long as no key exists, this is shown at 127.0.0.1 and localhost only, not at {host!r}:"
            " create a key with 'farthing keys create NAME'; what operators see needs 'server: {admin_key: ${NAME}}', too.",
            code="foreign_host",
        )


def _is_own(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return not name or _is_address(name) or _is_localhost(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_elsewhere(origin: str) -> bool:
    """Whether a web page of `origin` comes from another machine; "null" may be anybody's.

    Desktop programs made of web pages have schemes of their own, which no page from the web can claim.
    """
    if origin == "null":
        return True
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and not _is_loopback(parts.hostname or "")
    except ValueError:
        return True


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback if _is_address(host) else _is_localhost(host)


def _is_localhost(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")


def presents(headers: Mapping[str, str], key: VirtualKey) -> bool:
    """Whether `headers` present this very key."""
    return hmac.compare_digest(digest_of(presented(headers)), key.digest)


def presented(headers: Mapping[str, str]) -> str:
    """The secret that `headers` present, valid or not; "" if there is none."""
    for name in _HEADERS:
        if secret := _NO_KEY.sub("", headers.get(name, ""), count=1).strip():
            return secret
    return ""
