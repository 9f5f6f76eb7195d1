"""A client that sees every byte: what came over the wire, and how it ended."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from router.providers.simulated import RunningSimulator

_PATIENCE_S = 10.0
QUESTION = "Hi there, how are you doing today?"


@dataclass(frozen=True)
class Seen:
    """All bytes that came, in the parts in which they came; `ended` is eof, reset or silent."""

    parts: tuple[bytes, ...]
    ended: str

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1])

    @property
    def headers(self) -> Mapping[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}

    @property
    def payload(self) -> bytes:
        """What follows the head, as it came."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def chunks(self) -> list[bytes]:
        """The whole chunks of a chunked body; the last is empty if the body was ended in order."""
        chunks, rest = [], self.payload
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            chunks.append(rest[:length])
            rest = rest[length + 2 :]
        return chunks

    @property
    def body(self) -> bytes:
        is_chunked = self.headers.get("transfer-encoding") == "chunked"
        return b"".join(self.chunks) if is_chunked else self.payload

    @property
    def is_ended_in_order(self) -> bool:
        if self.headers.get("transfer-encoding") == "chunked":
            return self.chunks[-1:] == [b""]
        return len(self.payload) == int(self.headers["content-length"])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[str]:
        """The data of the events, as the standard for event streams wants them read."""
        lines = re.split(r"\r\n|\n|\r", self.body.decode())
        events: list[str] = []
        data: list[str] = []
        for line in lines:
            field, _, value = line.partition(":")
            if line and field == "data":
                data.append(value.removeprefix(" "))
            elif not line and data:
                events.append("\n".join(data))
                data = []
        return events

    @property
    def text(self) -> str:
        """The text of a streamed answer."""
        loaded = [json.loads(event) for event in self.events if event != "[DONE]"]
        deltas = [choice["delta"] for chunk in loaded for choice in chunk["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)


def question(text: str = QUESTION, **fields: Any) -> dict[str, Any]:
    """A chat request for the mid model, with these additional fields."""
    return {"model": "sim-mid", "messages": [{"role": "user", "content": text}], **fields}


async def exchange(
    upstream: RunningSimulator,
    body: Mapping[str, Any],
    fault: str | None = None,
    silence_s: float = _PATIENCE_S,
) -> Seen:
    """Send the request on a separate connection and read what comes, until it ends."""
    url = urlsplit(upstream.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        writer.write(as_http(body, fault))
        return await _read(reader, silence_s)
    finally:
        writer.close()


def as_http(body: Mapping[str, Any], fault: str | None = None) -> bytes:
    """The request as it goes over the wire; the connection is not to be kept."""
    content = json.dumps(body).encode()
    header = f"x-simulate: {fault}\r\n" if fault else ""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n{header}\r\n"
    )
    return head.encode() + content


async def _read(reader: asyncio.StreamReader, silence_s: float) -> Seen:
    parts: list[bytes] = []
    try:
        while part := await asyncio.wait_for(reader.read(2**16), silence_s):
            parts.append(part)
    except TimeoutError:
        return Seen(tuple(parts), "silent")
    except ConnectionResetError:
        return Seen(tuple(parts), "reset")
    return Seen(tuple(parts), "eof")


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; fail when it is not for ten seconds."""
    async with asyncio.timeout(_PATIENCE_S):
        # The server has no event to wait for, so this waits until it has counted.
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
