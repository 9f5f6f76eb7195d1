"""How late the event loop is, by a clock that the test holds."""

import asyncio

import pytest

from router.telemetry.loop_lag import LoopLag


async def test_what_is_late_is_counted_by_how_late_it_is() -> None:
    now_s, late_s = 100.0, [0.0, 0.2, 3.0]

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        if not late_s:
            raise asyncio.CancelledError
        now_s += seconds + late_s.pop(0)

    lag = LoopLag(lambda: now_s, sleep)
    with pytest.raises(asyncio.CancelledError):
        await lag.watch()
    (family,) = lag.collect()
    told = {(each.name, each.labels.get("le")): each.value for each in family.samples}

    assert told["farthing_event_loop_lag_seconds_bucket", "0.001"] == 1
    assert told["farthing_event_loop_lag_seconds_bucket", "0.25"] == 2
    assert told["farthing_event_loop_lag_seconds_bucket", "5.0"] == 3
    assert told["farthing_event_loop_lag_seconds_sum", None] == pytest.approx(3.2)
