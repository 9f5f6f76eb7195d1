"""Puts changes in the files into force while requests go on: all of them, or none.

The files are read in a thread beside the event loop; then a single reference changes. A request that is
in progress ends under the policies that it began with.
"""

import asyncio
import logging

from msgspec import Struct

from router.app.judging import judge_after
from router.app.languages import language_of_for
from router.config.changes import changes, impossible, need_restart, taken_over
from router.config.settings import Settings
from router.config.source import Source
from router.domain.errors import ConfigError, Problem
from router.pipeline.current import Current
from router.ports import World

_LOG = logging.getLogger(__name__)
_WRITING_S = 0.05
"""Pause before reading a broken file again: somebody may just be writing it."""
_MOST_READINGS = 5


class ReloadRequests:
    """Requests to read the files again; however many come during a read, they count as one."""

    def __init__(self) -> None:
        self._any = asyncio.Event()
        self._is_order = False

    def order(self) -> None:
        """Somebody orders it: read the files, changed or not."""
        self._is_order = True
        self._any.set()

    def notice(self) -> None:
        """Something may have changed."""
        self._any.set()

    async def next(self) -> bool:
        """Wait for a request; returns whether it is an order."""
        await self._any.wait()
        self._any.clear()
        is_order, self._is_order = self._is_order, False
        return is_order


class FollowedFiles(Struct, frozen=True):
    """The files to follow, what they said when this process began, and the requests to read them again."""

    source: Source
    booted: Settings
    reload_requests: ReloadRequests


class Reloader:
    """Keeps `current` in line with the files."""

    def __init__(self, following: FollowedFiles, current: Current, world: World) -> None:
        self._source = following.source
        self._reload_requests = following.reload_requests
        self._settings = following.booted
        self._current = current
        self._world = world

    async def run(self) -> None:
        """Read the files whenever that is requested, until cancelled."""
        while True:
            if await self._reload_requests.next() or await self._is_news():
                await self.reload()

    async def reload(self) -> None:
        """Read the files, and put them into force if everything in them is sound."""
        began_s = self._world.monotonic_s()
        try:
            different = self._take(await self._settled())
        except ConfigError as error:
            self._refuse(error.problems)
        except Exception as error:  # noqa: BLE001 - whatever a file can do to us, requests go on
            _LOG.exception("the files could not be read")
            self._refuse((Problem(self._source.path.name, "", f"fails: {type(error).__name__}"),))
        else:
            took_ms = (self._world.monotonic_s() - began_s) * 1000
            _LOG.info("reloaded in %.0f ms: %s", took_ms, different or "nothing has changed")

    async def _is_news(self) -> bool:
        try:
            return await asyncio.to_thread(self._source.is_news)
        except Exception:  # noqa: BLE001 - to read them will tell what is wrong
            return True

    async def _settled(self) -> Settings:
        """What the files say once they have stopped changing. Raises ConfigError."""
        for _ in range(_MOST_READINGS):
            try:
                fresh = await asyncio.to_thread(self._fresh)
            except ConfigError:
                await self._world.sleep(_WRITING_S)
                if not await asyncio.to_thread(self._source.is_news):
                    raise
            else:
                if not await asyncio.to_thread(self._source.is_news):
                    return fresh
        return await asyncio.to_thread(self._fresh)

    def _fresh(self) -> Settings:
        fresh = self._source.settings(is_running=True)
        if problems := tuple(impossible(self._settings, fresh, self._source.file())):
            raise ConfigError(problems)
        language_of_for(fresh.book.asks)  # loads the library now, while nobody waits for it
        return fresh

    def _take(self, fresh: Settings) -> str:
        """Put `fresh` into force; returns what is different now, "" for nothing."""
        after, restart = taken_over(self._settings, fresh), need_restart(self._settings, fresh)
        now_s = self._world.unix_s()
        if different := "; ".join(changes(self._settings, after)):
            pipeline = self._current.pipeline
            judge = judge_after(pipeline.judge, self._settings, after)
            self._current.take(judge, now_s, restart)
            pipeline.fleet.relimit((*after.catalog.values(), *after.vectors.values()))
        else:
            self._current.keep(now_s, restart)
        self._settings, self._current.unused = after, after.unused
        _tell(after, restart)
        return different

    def _refuse(self, problems: tuple[Problem, ...]) -> None:
        self._current.refuse(problems, self._world.unix_s())
        told = "; ".join(map(str, problems))
        _LOG.error("not reloaded, the previous settings stay in force: %s", told)


def _tell(taken: Settings, restart: tuple[str, ...]) -> None:
    """Log what of the files is not in force."""
    for trouble in taken.unused:
        _LOG.error("what was learnt is not used: %s", trouble)
    if restart:
        _LOG.warning("changed, but needs a restart: %s", ", ".join(restart))
