"""How slow modules are imported, so that the user can stop meanwhile."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def heed_sigterm() -> None:
    """Let SIGTERM end us as the first process of a container, too: the kernel ignores it if such a one does."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(_ENDED_BY_SIGTERM))


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the process on the spot: in the middle of an import Python may lose a KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
