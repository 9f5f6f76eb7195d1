"""Long work in turns: a generator that yields where others may go on, and returns what comes out.

What takes a millisecond for each megabyte would keep all other requests waiting, were it done in one go. Whoever has
nobody to wait for it finishes it at once; `router.pipeline.leisure` lets the event loop have its turn.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Turns = Generator[None, None, T]
"""Work whose result is a T."""


def finished(work: Turns[T]) -> T:
    """The result of `work`, done in one go."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
