"""Which model the unnamed thoughts in a conversation belong to: see `router.wire.native.thoughts`."""

from collections.abc import Callable

from msgspec import Struct

from router.domain.model import Model


def _forgotten(*_: object) -> None:
    """Nobody remembers it."""


class ThoughtOwner(Struct, frozen=True):
    """The model that the unnamed thoughts in a conversation belong to, as the `origin` of its seals.

    It is "" where that is not known. If it `is_open`, the model that answers may then take the place: there
    are no such thoughts, or they can be no other's. `claimed` remembers which one did; `has_stored`
    remembers which model answered a Response that its provider has stored, and how many tokens the conversation
    has up to there.
    """

    origin: str = ""
    is_open: bool = True
    claimed: Callable[[str], None] = _forgotten
    has_stored: Callable[[str, Model, int], None] = _forgotten

    def is_of(self, origin: str) -> bool:
        """Whether unnamed thoughts belong, or may come to belong, to `origin`."""
        return self.origin == origin if self.origin else self.is_open


UNCLAIMED = ThoughtOwner()
