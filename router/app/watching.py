"""Notices when the files of a configuration change, however they are written.

Editors write a new file and rename it, Kubernetes moves a link, a deployment moves a whole folder: so
the folders are watched rather than the files, and watched again when one of them has been replaced. Where
the kernel reports nothing (a network's file system, a container's), a look now and then finds out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import Change, awatch

from router.config.policy.files import looks_like_yaml
from router.config.source import Source

_LOG = logging.getLogger(__name__)
_STEP_MS = 20
"""Changes within this time of each other count as one."""
_DEBOUNCE_MS = 50
"""How often changes are reported from a folder in which something happens all the time."""
_LOOK_MS = 2_000
_RETRY_S = 2.0

Identity = frozenset[tuple[Path, int, int]]


async def watch(
    source: Source, noticed: Callable[[], None], sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Call `noticed` whenever something may have changed, until cancelled."""
    is_told = False
    while True:
        try:
            await _until_moved(source, noticed)
        except Exception as error:  # noqa: BLE001 - whatever it is, a look now and then does as well
            if not is_told:
                _LOG.warning("files are only checked every %g s: %r", _RETRY_S, error)
            is_told = True
            await sleep(_RETRY_S)
        noticed()


async def _until_moved(source: Source, noticed: Callable[[], None]) -> None:
    """Watch the folders as they are now; return when one of them has been replaced."""
    names, known = source.names(), await asyncio.to_thread(_identity, source)

    def is_meant(_: Change, path: str) -> bool:
        # The ledger may be in the same folder, and is written all the time.
        name = Path(path).name
        return name in names or looks_like_yaml(name) or name.startswith("..")

    notices = awatch(
        *(path for path, _, _ in known),
        watch_filter=is_meant,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
    )
    # The kernel watches once this first waits: only then look for what changed before that.
    asyncio.get_running_loop().call_soon(noticed)
    async for seen in notices:
        noticed()
        # A new folder may have the inode number of the one that was deleted, so its name counts, too.
        is_named = any(Path(path).name in names for _, path in seen)
        if is_named or await asyncio.to_thread(_identity, source) != known:
            return


def _identity(source: Source) -> Identity:
    """The identity of the folders, beyond their names."""
    stats = ((path, path.stat()) for path in source.folders())
    return frozenset((path, stat.st_dev, stat.st_ino) for path, stat in stats)
