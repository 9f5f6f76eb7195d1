"""Waiting for what will be so, no longer than it takes."""

import threading
import time
from collections.abc import Callable

PATIENCE_S = 30.0
_LOOK_EVERY_S = 0.005


def until(is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    clock, deadline_s = threading.Event(), time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"it was not so within {within_s:g} s"
        clock.wait(_LOOK_EVERY_S)
