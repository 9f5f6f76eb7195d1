"""Texts as vectors, and where they are kept and found again."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Embedded(Struct, frozen=True):
    """A text as a vector of length 1, and the tokens that an upstream counted for it."""

    vector: tuple[float, ...]
    tokens: int = 0


class Embedder(Protocol):
    """Makes vectors of texts. One that is down, slow or returns nonsense makes none, and never raises."""

    @property
    def name(self) -> str:
        """The name of its model: vectors of two models cannot be compared."""
        ...

    async def embed(self, text: str) -> Embedded | None:
        """The vector of `text`; None if there is none in time."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Neighbour(Struct, frozen=True):
    """An item that is near a vector, the cosine of the angle between them, and its note."""

    item: str
    similarity: float
    note: bytes


class VectorIndex(Protocol):
    """Finds what is near, in one scope at a time. One that is down behaves like an empty one.

    It is bounded: what is old or unused has to go.
    """

    async def add(
        self, scope: bytes, item: str, vector: Sequence[float], note: bytes, ttl_s: int
    ) -> None:
        """Keep `item` at `vector`, of length 1, for `ttl_s` seconds, instead of wherever it was before."""
        ...

    async def nearest(self, scope: bytes, vector: Sequence[float], k: int) -> Sequence[Neighbour]:
        """The `k` that are nearest to `vector`, the nearest first."""
        ...

    async def drop(self, scope: bytes, item: str) -> None:
        """Forget `item`."""
        ...
