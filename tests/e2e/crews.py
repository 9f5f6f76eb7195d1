"""A `farthing serve` with several workers, and what can be seen of its processes from outside."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any, Self

import psutil

from tests.e2e.configs import POLICIES, write_config
from tests.e2e.patience import PATIENCE_S, until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.servers import RedisServer


class Crew(Farthing):
    """A real `farthing serve --workers N` on a free port, all workers ready for requests."""

    patience_s = 3 * PATIENCE_S  # three programs start, one after the other or side by side

    def __init__(
        self, config: Path, *more: str, workers: int = 2, env: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(config, "--workers", str(workers), *more, env=env)
        self._everybody: set[int] = set()

    def start(self) -> Self:
        """Start it; returns when /readyz answers."""
        super().start()
        self._everybody |= self.pids()
        return self

    def pids(self) -> set[int]:
        """The processes of its workers."""
        found = {each.pid for each in psutil.Process(self.process.pid).children()}
        self._everybody |= found
        return found

    def survivors(self) -> set[int]:
        """Workers that were seen and are still there."""
        return {pid for pid in self._everybody if _is_alive(pid)}

    def kill(self) -> None:
        """End it whatever it is doing, together with its workers."""
        super().kill()
        until(lambda: not self.survivors())


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def written(folder: Path, simulator: Simulator, redis: RedisServer, **more: Any) -> Path:
    copytree(POLICIES, folder / "policies")
    return write_config(
        folder,
        simulator.base_url,
        cache={"url": redis.url},
        policies={"directory": "policies"},
        **more,
    )
