"""Virtual keys: what a client of ours presents, and what it may do."""

from dataclasses import dataclass, field
from hashlib import sha256

from msgspec import Struct

from router.domain.budget import Budget, RateLimit

SECRET_PREFIX = "fk-"  # noqa: S105 - no secret, but how ours begin
"""How the secrets that we make begin."""
MOST_TAGS = 16
"""How many tags a request may have, those of its key included."""


class Grants(Struct, frozen=True):
    """What a key may do. No policies, or models, means all of them; policies alone, no model but by one of them.

    `overrides` are the names of the overrides that its requests may use, None for any.
    `budgets` and `limits` are the key's own, in addition to those of the configuration.
    """

    policies: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    budgets: tuple[Budget, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    overrides: frozenset[str] | None = None

    def allows_override(self, name: str) -> bool:
        """Whether a request may use this override."""
        return self.overrides is None or name in self.overrides

    def allows_policy(self, name: str) -> bool:
        """Whether requests may be decided by this policy."""
        return not self.policies or name in self.policies

    def allows_model(self, model_id: str) -> bool:
        """Whether this model may answer."""
        return not self.models or model_id in self.models

    def allows_pinning(self, model_id: str) -> bool:
        """Whether a request may name this model, so that no policy decides."""
        return model_id in self.models if self.models else not self.policies


EVERYTHING_GRANTED = Grants()


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """A key that a client of ours presents; only its SHA-256 is kept.

    `id` is the store's name for it, "" for a key of the configuration. It is refused from the Unix
    time `expires_s` on.
    """

    name: str
    digest: bytes = field(repr=False)
    tags: tuple[str, ...] = ()
    grants: Grants = EVERYTHING_GRANTED
    expires_s: float | None = None
    id: str = ""

    @classmethod
    def from_secret(
        cls,
        name: str,
        secret: str,
        tags: tuple[str, ...] = (),
        grants: Grants = EVERYTHING_GRANTED,
        expires_s: float | None = None,
    ) -> "VirtualKey":
        """The key whose bearer presents `secret`."""
        return cls(name, digest_of(secret), tags, grants, expires_s)


ANONYMOUS = VirtualKey("", b"")


def digest_of(secret: str) -> bytes:
    """The SHA-256 of what a client presents, which may be any bytes."""
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()
