"""What a policy wants of stored answers, and what is known of one besides its text."""

from collections.abc import Collection
from fnmatch import fnmatchcase

from msgspec import Struct

from router.domain.semantic import SEMANTIC_OFF, SemanticTerms
from router.domain.usage import Usage


class CacheTerms(Struct, frozen=True):
    """How long an answer may be reused, and which answers may not.

    `ttl_s` of 0 is no caching. `tool_calls` says whether an answer that calls tools may be reused.
    Requests with a higher temperature than `max_temperature`, or for more than `max_n` choices, want
    something new each time; None sets no bound. `semantic` is about answers to the same question in
    other words.
    """

    ttl_s: int = 0
    tool_calls: bool = False
    max_temperature: float | None = None
    max_n: int | None = None
    semantic: SemanticTerms = SEMANTIC_OFF

    def __post_init__(self) -> None:
        """Refuse negative bounds."""
        if self.ttl_s < 0 or (self.max_temperature or 0.0) < 0.0 or (self.max_n or 1) < 1:
            raise ValueError(f"impossible terms for a cache: {self!r}")


NO_CACHING = CacheTerms()


class Tenancy(Struct, frozen=True):
    """Who shares stored answers: nobody but the key itself, or all keys that have the same tags.

    `tags` is a pattern (`team-*`) of the tags that make a tenant; "" for none. Only tags that were
    given to the key count: a client that could name its own tenant could read another's answers.
    """

    tags: str = ""

    def tenant_of(self, key: str, key_tags: Collection[str]) -> tuple[str, ...]:
        """What identifies the tenant: the kind, so that no key is taken for a tag, and its names."""
        shared = sorted(tag for tag in key_tags if fnmatchcase(tag, self.tags))
        return ("tags", *shared) if shared else ("key", key)


class Writer(Struct, frozen=True):
    """Who wrote an answer: a model of the catalog, as it was reached at that time.

    If its entry in the catalog has another upstream or model today, it is another writer.
    """

    model_id: str
    upstream: str
    name: str


class Origin(Struct, frozen=True):
    """Where a stored answer comes from: the request that paid for it, and when (Unix time).

    `is_accepted` says that it has passed the checks of a cascade of `policy`, which then had these `terms`.
    """

    writer: Writer
    usage: Usage
    at_s: float
    request_id: str = ""
    key: str = ""
    tags: tuple[str, ...] = ()
    policy: str = ""
    is_accepted: bool = False
    terms: str = ""
