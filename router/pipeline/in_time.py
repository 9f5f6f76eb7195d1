"""Waiting for a store no longer than the client waits for its answer."""

from collections.abc import Awaitable
from typing import TypeVar

from router.dispatch.faults import out_of_time
from router.pipeline.time_limit import at_most

T = TypeVar("T")


async def in_time(work: Awaitable[T], deadline_s: float | None, took_s: float = 0.0) -> T:
    """What `work` returns. Raises ApiError 504 once `deadline_s` has passed, of which `took_s` has already."""
    if deadline_s is None:
        return await work
    try:
        with at_most(deadline_s - took_s):
            return await work
    except TimeoutError:
        raise out_of_time(deadline_s) from None
