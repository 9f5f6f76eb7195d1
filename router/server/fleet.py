"""The state of models and upstreams as `/admin/fleet` shows it: of one process, or of all workers."""

from collections.abc import Mapping

import orjson
from msgspec import structs

from router.dispatch.fleet import Fleet


def fleet_told(fleet: Fleet, now_s: float) -> bytes:
    """What a process knows of breakers, limits and calls in flight, as JSON."""
    standings = [structs.asdict(each) for each in fleet.standings(now_s)]
    return orjson.dumps({"retries_left": fleet.retries.left, "standings": standings})


def crew_fleet_told(told: Mapping[int, bytes | None]) -> bytes:
    """What all workers know, by number: each standing says whose it is. A worker that did not answer is left out."""
    found = {number: orjson.loads(text) for number, text in told.items() if text is not None}
    standings = [
        {**standing, "worker": number}
        for number, each in found.items()
        for standing in each["standings"]
    ]
    left = sum(each["retries_left"] for each in found.values())
    return orjson.dumps({"retries_left": left, "standings": standings})
