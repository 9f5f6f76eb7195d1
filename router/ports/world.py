"""Time and chance."""

from collections.abc import Awaitable, Callable

from msgspec import Struct


class World(Struct, frozen=True):
    """Time and chance: what a test replaces to make a run repeatable.

    `monotonic_s` measures durations, `unix_s` dates rows, `chance` is uniform in [0, 1), `new_id`
    makes request ids, `sleep` waits.
    """

    monotonic_s: Callable[[], float]
    unix_s: Callable[[], float]
    chance: Callable[[], float]
    new_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]
