"""Which calls are passed to an upstream unread, and what is known of their prices."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec import Struct, field

from router.domain.price import Price

OWN_PATHS = frozenset(
    f"/v1/{name}"
    for name in (
        "chat/completions",
        "completions",
        "decisions",
        "embeddings",
        "feedback",
        "messages",
        "messages/count_tokens",
        "models",
        "responses",
        "route",
    )
)
"""What Farthing answers itself: spelling one of these differently does not get around its policies."""
_ASKS_ONLY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods that generate nothing, and so cost nothing."""


class PassthroughTerms(Struct, frozen=True):
    """Which paths go to `upstream`, which of them are `free`, and the prices of models by their names there."""

    upstream: str
    paths: tuple[str, ...]
    free: tuple[str, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)

    def pattern_of(self, path: str) -> str | None:
        """The first pattern that lets `path` through; None if none does."""
        if path in OWN_PATHS:
            return None
        return next((each for each in self.paths if fnmatchcase(path, each)), None)

    def is_free(self, method: str, path: str) -> bool:
        """Whether such a call costs nothing."""
        return method in _ASKS_ONLY or any(fnmatchcase(path, each) for each in self.free)
