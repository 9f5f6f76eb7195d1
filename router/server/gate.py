"""Who may come in: whoever presents a virtual key; everybody on loopback while there are none."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router.domain.errors import ApiError
from router.domain.key import ANONYMOUS, SECRET_PREFIX, VirtualKey, digest_of
from router.server.keyring import Keyring

_HEADERS = ("authorization", "x-api-key", "api-key")
"""Where clients put their key: OpenAI's, Anthropic's, Azure's."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets in whoever presents a key of `keyring`; everybody when there never was one."""

    keyring: Keyring
    unix_s: Callable[[], float]

    async def admit(self, headers: Mapping[str, str]) -> VirtualKey:
        """The key that `headers` present. Raises ApiError 401."""
        presented = _presented(headers)
        # While there is no key anything may be presented; what looks like one of ours may be the first.
        if self.keyring.is_open and not presented.startswith(SECRET_PREFIX):
            return ANONYMOUS
        key = await self.keyring.find(presented)
        if key is None and self.keyring.is_open:
            return ANONYMOUS
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


def presents(headers: Mapping[str, str], key: VirtualKey) -> bool:
    """Whether `headers` present this very key."""
    return hmac.compare_digest(digest_of(_presented(headers)), key.digest)


def _presented(headers: Mapping[str, str]) -> str:
    for name in _HEADERS:
        if value := headers.get(name):
            return value.removeprefix("Bearer ").strip()
    return ""
