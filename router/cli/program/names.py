"""How an event loop finds names: each in a thread of its own, once for all who ask for it at the same time.

uvloop looks up two names at a time, and asyncio a few, in threads that have other work, too. So a single name whose
server is silent, that of Redis say, would keep every upstream from being found.
"""

import asyncio
import socket
from collections.abc import Hashable
from functools import partial
from ipaddress import ip_address
from typing import Any


class FindsNames:
    """To be put before an event loop's class: what that one does in its pool of threads is done apart."""

    def __init__(self) -> None:
        super().__init__()
        self._asking: dict[Hashable, asyncio.Task[Any]] = {}

    async def getaddrinfo(self, host: Any, port: Any, **wanted: int) -> Any:
        """As `socket.getaddrinfo`, however long that takes."""
        asked = (host, port, *sorted(wanted.items()))
        if (asking := self._asking.get(asked)) is None:
            asking = asyncio.create_task(_found(partial(socket.getaddrinfo, host, port, **wanted)))
            self._asking[asked] = asking
            asking.add_done_callback(lambda _: self._asking.pop(asked))
        return await asyncio.shield(asking)

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **wanted: Any
    ) -> Any:
        """As that of the loop, which would look up the name of `host` in its own way."""
        connect: Any = super().create_connection  # type: ignore[misc]
        if host is None or _is_address(host):
            return await connect(protocol_factory, host, port, **wanted)
        how = {each: wanted.pop(each) for each in ("family", "proto", "flags") if each in wanted}
        if wanted.get("ssl") and wanted.get("server_hostname") is None:
            wanted["server_hostname"] = host
        found = await self.getaddrinfo(host, port, type=socket.SOCK_STREAM, **how)
        return await connect(protocol_factory, sock=await _reached(found), **wanted)


async def _found(look_up: partial[Any]) -> Any:
    from router.app.reads import read_apart  # noqa: PLC0415 - not everybody with a loop needs it

    return await read_apart(look_up)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _reached(found: Any) -> socket.socket:
    """A connection to the first of the addresses that can be reached. Raises OSError if none can."""
    failed = OSError("no address")
    for family, kind, proto, _, address in found:
        made = socket.socket(family, kind, proto)
        try:
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, address)
        except OSError as error:
            made.close()
            failed = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failed
