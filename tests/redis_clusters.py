"""Several real Redis servers that belong together: a cluster, and a pair with a sentinel."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import redis

from tests.servers import RedisServer, ServerDied, free_port, redis_binary

_SLOTS = 16384
_SPARE_PORTS = 3
_FORMS_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.02
SERVICE = "main"


class ClusterNode(RedisServer):
    """One server of a cluster; its bus has a separate port, because the usual one may be too high."""

    def __init__(self) -> None:
        super().__init__()
        self.bus_port = free_port()

    def start(self) -> Self:
        """Start; with another port for the bus, if the first has been taken meanwhile."""
        for _ in range(_SPARE_PORTS):
            with suppress(ServerDied):
                return super().start()
            self.bus_port = free_port()
        return super().start()

    def _options(self) -> dict[str, str]:
        return super()._options() | {
            "cluster-enabled": "yes",
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": "1000",
            "cluster-port": str(self.bus_port),
        }


class RedisCluster:
    """Three primaries without replicas, a third of the slots each.

    with RedisCluster() as cluster:
        cluster.nodes[0].pause()
    """

    def __init__(self) -> None:
        self.nodes = tuple(ClusterNode() for _ in range(3))
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Its address by two of its nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"redis+cluster://{hosts}/"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            self._introduce()
            self._stack = stack.pop_all()
        return self

    def _introduce(self) -> None:
        first, third = self.nodes[0], -(-_SLOTS // 3)
        for number, node in enumerate(self.nodes):
            last = min((number + 1) * third, _SLOTS) - 1
            _tell(node, "CLUSTER", "ADDSLOTSRANGE", number * third, last)
            if node is not first:
                _tell(node, "CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
        _wait_until(lambda: all(_is_whole(node) for node in self.nodes))

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class Replica(RedisServer):
    """A copy of another server."""

    def __init__(self, primary: RedisServer) -> None:
        super().__init__()
        self._primary = primary

    def _options(self) -> dict[str, str]:
        return super()._options() | {"replicaof": f"127.0.0.1 {self._primary.port}"}


class SentinelServer(RedisServer):
    """Watches over a primary, and lets its replica take over half a second after it has gone."""

    def __init__(self, primary: RedisServer) -> None:
        super().__init__()
        self._primary = primary

    def _command(self) -> list[str]:
        path = Path(self._folder.name, "sentinel.conf")
        lines = (
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {self._folder.name}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {self._primary.port} 1",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 2000",
        )
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return [str(redis_binary()), str(path), "--sentinel"]


class WatchedRedis:
    """A primary, a replica, and a sentinel that knows both."""

    def __init__(self) -> None:
        self.primary = RedisServer()
        self.replica = Replica(self.primary)
        self.sentinel = SentinelServer(self.primary)
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Its address, from its sentinel."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{SERVICE}/0"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self.primary, self.replica, self.sentinel):
                stack.enter_context(server)
            _wait_until(lambda: _info(self.replica, "replication")["master_link_status"] == "up")
            _wait_until(lambda: _info(self.sentinel, "sentinel")["master0"]["slaves"] == 1)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _is_whole(node: RedisServer) -> bool:
    state: bytes = _tell(node, "CLUSTER", "INFO")
    return b"cluster_state:ok" in state and b"cluster_known_nodes:3" in state


def _info(server: RedisServer, section: str) -> dict[str, Any]:
    with redis.Redis(port=server.port, socket_timeout=1.0) as client:
        found: dict[str, Any] = client.info(section)
        return found


def _tell(server: RedisServer, *command: str | int) -> Any:
    with redis.Redis(port=server.port, socket_timeout=5.0) as client:
        return client.execute_command(*command)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _FORMS_WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline_s, "the servers did not find together in time"
        time.sleep(_LOOK_EVERY_S)  # noqa: TID251 - nobody else waits while servers are started
