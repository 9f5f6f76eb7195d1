"""When Python looks for garbage: not while a program starts, and not in what a start has made."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


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
    """A server is complete: what it is made of is kept, and garbage is looked for from now on."""
    keep()
    gc.enable()
    _give_back()


def _give_back() -> None:
    """Let glibc return what was let go, which it would keep for later: some 10 MB. Others do so themselves."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
