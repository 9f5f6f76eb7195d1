"""What is right, and what it could be mistaken for."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What an answer comes to."""

    NUMBER = "number"
    LETTER = "letter"
    NAME = "name"
    JSON = "json"
    CALLS = "calls"
    CODE = "code"


class Truth:
    """The one right answer to a question, bare, and the mistakes that are made instead.

    `name` is what the answer answers (`17 * 23`, `The capital of Chile`), `unit` what is counted, "" for
    nothing. Mistakes are only worked out when one is needed.
    """

    def __init__(
        self,
        kind: Kind,
        right: str,
        mistaken: Callable[[], Iterable[str]],
        name: str = "The answer",
        unit: str = "",
    ) -> None:
        self.kind, self.right, self.name, self.unit = kind, right, name, unit
        self._mistaken = mistaken

    @cached_property
    def mistakes(self) -> tuple[str, ...]:
        """Wrong answers, each once, the usual one first; none if nothing else could be said."""
        return tuple(each for each in dict.fromkeys(self._mistaken()) if each != self.right)

    @property
    def values(self) -> tuple[str, ...]:
        """All possible answers, the right one first."""
        return (self.right, *self.mistakes)

    def __repr__(self) -> str:
        return f"<Truth {self.kind} {self.right!r}>"
