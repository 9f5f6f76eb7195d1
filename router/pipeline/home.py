"""Whose thoughts go without a name in a conversation: see `router.wire.native.thoughts`."""

from collections.abc import Callable
from dataclasses import dataclass

from router.domain.model import Model


def _forgotten(*_: object) -> None:
    """Nobody remembers it."""


@dataclass(frozen=True, slots=True)
class Home:
    """The model that the unnamed thoughts of a conversation are of, as the `origin` of its seals.

    Where that is not known, it is "", and whoever answers makes itself at home if it `is_open`: there
    are no such thoughts, or nobody else can have had them. `moved_in` remembers who did, `has_stored`
    by which model a Response was answered that its provider has stored.
    """

    origin: str = ""
    is_open: bool = True
    moved_in: Callable[[str], None] = _forgotten
    has_stored: Callable[[str, Model], None] = _forgotten

    def is_of(self, origin: str) -> bool:
        """Whether thoughts without a name are, or may become, those of `origin`."""
        return self.origin == origin if self.origin else self.is_open


ANYWHERE = Home()
