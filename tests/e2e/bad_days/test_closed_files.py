"""Standard input, output or error may be closed, or lead to where there is no room: it serves all the same."""

from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.patience import until
from tests.e2e.programs import FARTHING, Program
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post
from tests.servers import RedisServer, free_port

_HAS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


class Deaf(Program):
    """A `farthing serve` without some of its standard files: it cannot say where it listens, so a port is named."""

    def __init__(self, config: Path, closed: str, *more: str) -> None:
        self.port = free_port()
        super().__init__("serve", "--config", str(config), "--port", str(self.port), *more)
        self.program = ["sh", "-c", f'exec "$@" {closed}', "sh", *FARTHING]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether it does so by now; fails when it has ended."""
        assert self.process.poll() is None, self.process.returncode
        try:
            return get(f"{self.url}/readyz").status == 200
        except OSError:
            return False


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer) -> Path:
    return write_config(tmp_path, shared_simulator.base_url, cache={"url": redis_server.url})


@pytest.mark.parametrize(
    ("closed", "workers"),
    [
        ("2>&-", "1"),
        (">&-", "2"),
        ("<&- >&- 2>&-", "1"),
        ("<&- >&- 2>&-", "2"),
        pytest.param(">/dev/full 2>&1", "1", marks=_HAS_FULL),
    ],
)
def test_it_serves_without_them(config: Path, closed: str, workers: str) -> None:
    with Deaf(config, closed, "--workers", workers) as deaf:
        until(deaf.answers)
        assert post(f"{deaf.url}/v1", chat("What is 17 * 23?", "sim-mid")).status == 200
