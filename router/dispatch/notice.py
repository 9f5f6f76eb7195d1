"""What one process tells the others about a model or an upstream, so that they need not find out themselves."""

import math
from enum import StrEnum

from msgspec import Struct


class About(StrEnum):
    """What a notice is about: a breaker of a model or an upstream, or a limit of a model's provider."""

    MODEL = "model"
    UPSTREAM = "upstream"
    LIMIT = "limit"


class Subject(Struct, frozen=True):
    """What a notice is about; a later notice on the same subject replaces an earlier one."""

    about: About
    name: str


class Notice(Struct, frozen=True):
    """`subject` is to be left alone for `for_s` seconds from now, or, with None, no longer."""

    subject: Subject
    for_s: float | None

    def __post_init__(self) -> None:
        """Refuse a time that is not ahead, and the end of a limit, which only time brings."""
        if self.for_s is None and self.subject.about is About.LIMIT:
            raise ValueError("a limit ends by itself")
        if self.for_s is not None and not (0 < self.for_s < math.inf):
            raise ValueError(f"a rest lasts some seconds, not {self.for_s!r}")


class News(Struct, frozen=True):
    """Notices that the other processes have not been told yet, and the last change of the fleet among them."""

    notices: tuple[Notice, ...]
    upto: int
