"""Long work in turns: a generator that yields where others may go on, and returns the result.

What takes a millisecond per megabyte would keep all other requests waiting if it were done in one go. Callers
without others to consider finish it at once; `router.pipeline.in_turns` lets the event loop run in between.
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
