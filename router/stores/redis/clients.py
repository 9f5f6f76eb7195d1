"""redis-py's clients for all kinds of address, behind one interface.

Nothing here retries, and commands on data have no time limit: both belong to `RedisLink`, which
cancels a command that takes too long; redis-py closes the connection of a cancelled command, so that
its reply never answers another one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from redis.asyncio import (
    Connection,
    ConnectionPool,
    Redis,
    RedisCluster,
    Sentinel,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, ResponseError

from router.stores.redis import keys
from router.stores.redis.address import RedisAddress, Topology
from router.stores.redis.batches import Words

Page = Callable[[int], Awaitable[Any]]
"""One step of a walk through a server's keys: takes a cursor, returns the next one (0 at the end) and names."""

_PAGE = 200


class Server(Protocol):
    """What answers, whether one server or many. Every method raises what redis-py raises."""

    @property
    def client(self) -> Any:
        """redis-py's client, for commands and scripts."""
        ...

    @property
    def takes_batches(self) -> bool:
        """Whether several commands can be sent together."""
        ...

    async def replies(self, commands: Sequence[Words]) -> Sequence[Any]:
        """The reply to each command; a refusal is one, as the exception that redis-py would raise."""
        ...

    async def ping(self) -> None:
        """Return when all of it answers."""
        ...

    async def try_out(self) -> None:
        """Return when it has taken a write that changes nothing."""
        ...

    async def renew(self) -> None:
        """Make the next commands open new connections, to what is there now."""
        ...

    def walks(self, pattern: str) -> Sequence[Page]:
        """Walks through all keys that match, one iterator for each server that has its own keys."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


def connected(address: RedisAddress, *, connections: int, patience_s: float) -> Server:
    """The server at `address`, not yet connected; a connection must be made within `patience_s`.

    It never has more than `connections`, in a cluster for each node.
    """
    options = {
        **address.options,
        "max_connections": connections,
        "socket_connect_timeout": patience_s,
        "socket_timeout": None,
        "protocol": 2,  # needs no handshake, and has no unsolicited replies
        "driver_info": None,
        "retry": Retry(NoBackoff(), 0),
    }
    match address.kind:
        case Topology.SERVER:
            return _OneServer(Redis.from_pool(_pool(address, options)))
        case Topology.CLUSTER:
            # While the cluster is explored, a frozen node is given up in favour of the next.
            return _Cluster(_cluster(address, {**options, "socket_timeout": patience_s / 3}))
        case Topology.SENTINELS:
            return _Sentinels(address, options, patience_s)


def _pool(address: RedisAddress, options: dict[str, Any]) -> ConnectionPool:
    if "path" in address.options:
        return ConnectionPool(connection_class=UnixDomainSocketConnection, **options)
    (host, port), *_ = address.nodes
    made_of = SSLConnection if options.pop("ssl", False) else Connection
    return ConnectionPool(connection_class=made_of, host=host, port=port, **options)


def _cluster(address: RedisAddress, options: Mapping[str, Any]) -> RedisCluster:
    nodes = [ClusterNode(host, port) for host, port in address.nodes]
    return RedisCluster(startup_nodes=nodes, **options)


class _OneServer:
    """One server, or the one of several that is the primary at the moment."""

    takes_batches = True

    def __init__(self, client: Redis) -> None:
        self.client = client

    async def replies(self, commands: Sequence[Words]) -> Sequence[Any]:
        if len(commands) == 1:
            return [await _reply(self.client, commands[0])]
        pipeline = self.client.pipeline(transaction=False)
        for words in commands:
            pipeline.execute_command(*words)
        return await pipeline.execute(raise_on_error=False)

    async def ping(self) -> None:
        await self.client.ping()

    async def try_out(self) -> None:
        await self.client.delete(keys.NOTHING)  # a replica answers a PING, too

    async def renew(self) -> None:
        await self.client.connection_pool.disconnect(inuse_connections=False)

    def walks(self, pattern: str) -> Sequence[Page]:
        return (partial(self.client.scan, match=pattern, count=_PAGE),)

    async def close(self) -> None:
        await self.client.aclose()


class _Sentinels(_OneServer):
    """The primary of a service; a connection asks the sentinels which one it is."""

    def __init__(
        self, address: RedisAddress, options: Mapping[str, Any], patience_s: float
    ) -> None:
        theirs = {
            **(address.sentinel_options or {}),
            "socket_connect_timeout": patience_s / 3,
            "socket_timeout": patience_s / 3,
            "protocol": 2,
            "retry": Retry(NoBackoff(), 0),
        }
        made: Any = Sentinel  # redis-py does not type its arguments
        self._sentinel = made(address.nodes, sentinel_kwargs=theirs, **options)
        super().__init__(self._sentinel.master_for(address.service))

    async def close(self) -> None:
        await super().close()
        await self._sentinel.aclose()


class _Cluster:
    """All primaries of a cluster. Commands go to that of their key, each for itself."""

    takes_batches = False

    def __init__(self, client: RedisCluster) -> None:
        self.client = client

    async def replies(self, commands: Sequence[Words]) -> Sequence[Any]:
        return [await _reply(self.client, words) for words in commands]

    async def ping(self) -> None:
        client: Any = self.client  # its reply from several nodes is a mapping by node
        states = await client.cluster_info(target_nodes=RedisCluster.PRIMARIES)
        # With a single primary, the reply is not a mapping by node.
        several = states.values() if "cluster_state" not in states else (states,)
        if any(state["cluster_state"] != "ok" for state in several):
            raise ClusterDownError("a node misses some of the slots")

    async def try_out(self) -> None:
        await self.ping()  # only primaries are asked for anything

    async def renew(self) -> None:
        await self.client.aclose()  # the next command explores the cluster again

    def walks(self, pattern: str) -> Sequence[Page]:
        nodes = self.client.get_primaries()
        return [partial(self._page, node, pattern) for node in nodes]

    async def close(self) -> None:
        await self.client.aclose()
        # After a failure it does not count as open, but has connections all the same.
        await self.client.nodes_manager.aclose()
        await self.client.nodes_manager.aclose("startup_nodes")

    async def _page(self, node: ClusterNode, pattern: str, cursor: int) -> Any:
        client: Any = self.client  # its cursors are by node, which its types do not show
        cursors, names = await client.scan(cursor, pattern, _PAGE, target_nodes=node)
        return cursors[node.name], names


async def _reply(client: Redis | RedisCluster, words: Words) -> Any:
    """The reply to a command, or the refusal."""
    try:
        return await client.execute_command(*words)
    except ResponseError as refusal:
        return refusal
