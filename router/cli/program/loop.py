"""Which event loop a program runs in."""

import asyncio
from collections.abc import Callable

from router.cli.program.names import FindsNames


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's, if it is installed; else the standard one, which is slower (docs/speed.md)."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return _StandardLoop

    class FastLoop(FindsNames, uvloop.Loop):  # type: ignore[misc]
        """uvloop's, which finds names."""

    return FastLoop


class _StandardLoop(FindsNames, asyncio.SelectorEventLoop):
    """The standard one, which finds names."""
