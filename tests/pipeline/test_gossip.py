"""What processes tell each other goes on, whatever went wrong once."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from router.dispatch.fleet import Fleet
from router.dispatch.notice import About, Notice, Subject
from router.pipeline.gossip import Gossip
from tests.clock import Clock
from tests.stores.notices import MemoryNotices
from tests.stores.waiting import Naps, until

VENDOR = Subject(About.UPSTREAM, "vendor")


class Torn(MemoryNotices):
    """A board that cannot be read the first two times."""

    reads = 0

    async def read(self) -> Sequence[Notice]:
        self.reads += 1
        if self.reads <= 2:
            raise ValueError("a notice of a newer version")
        return await super().read()


async def test_a_notice_that_cannot_be_read_is_logged_once_and_later_ones_are_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, fleet, naps = Clock(), Fleet(), Naps()
    board = Torn(clock)
    await board.post([Notice(VENDOR, 10.0)])
    gossip = Gossip(fleet, board, {VENDOR}, clock, naps)
    watching = asyncio.create_task(gossip.watch())
    for times in (1, 2, 3):
        await until(partial(slept, naps, times))
        naps.wake()
    watching.cancel()

    assert [each.name for each in fleet.standings(clock())] == ["vendor"]
    assert len(caplog.records) == 1


def slept(naps: Naps, times: int) -> bool:
    return len(naps.asked_s) == times
