"""Connections whose other side vanishes without a word: they are asked for signs of life."""

import asyncio
import socket

import aiohttp

from router.providers.connector import TimelyConnector
from tests.providers.sockets import listening


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
        await asyncio.Event().wait()
    finally:
        writer.close()


async def test_a_connection_that_waits_for_long_says_that_it_lives_and_notices_if_the_other_does_not() -> (
    None
):
    async with (
        listening(answering) as url,
        aiohttp.ClientSession(connector=TimelyConnector()) as session,
        session.get(url) as response,
    ):
        assert response.connection is not None
        assert response.connection.transport is not None
        ours = response.connection.transport.get_extra_info("socket")
        asked_s = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        between_s = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        times = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)

        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert (asked_s, asked_s + times * between_s) == (15, 60)
