"""When Python looks for garbage: not while a program starts, and not in what a start has made."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NEW_OBJECTS = 10_000
"""So many more than have gone, and they are looked through: a millisecond or two, and at most some MB of garbage."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is looked for until the block ends, or `settle` is called in it.

    What is made while starting stays: to look through it again and again takes a seventh of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep() -> None:
    """What was made until now lives until the end: the collector need not look at it again.

    Not even once: that takes a twentieth of a start, for 1 MB of garbage.
    """
    gc.freeze()


def settle() -> None:
    """A server is complete: what it is made of is kept, and garbage is looked for from now on.

    Less often than by default: 64 requests under way are more than 700 objects, and so would be looked through for
    garbage ten times while they are answered, which takes a tenth of the processor's time. They are none, and hardly leave any.
    """
    keep()
    gc.set_threshold(_NEW_OBJECTS)
    gc.enable()
    _give_back()


def _give_back() -> None:
    """Let glibc return what was let go, which it would keep for later: some 10 MB. Others do so themselves."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
