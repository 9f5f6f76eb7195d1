"""A stream parsed to the letter of the standard, not by the proxy's own reader, which is under test.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

_LINE_END = re.compile(rb"\r\n|\n|\r")
_SHOWN_CHARS = 60


@dataclass(slots=True)
class Stream:
    """What a stream contained, by choice where applicable; `late` counts events after the end."""

    parts: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    finishes: Counter[int] = field(default_factory=Counter)
    usages: list[Any] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    dones: int = 0
    late: int = 0
    nonsense: list[str] = field(default_factory=list)

    @property
    def texts(self) -> dict[int, str]:
        """The text of each choice."""
        return {index: "".join(parts) for index, parts in self.parts.items()}


def read_stream(body: bytes) -> Stream:
    """The events in `body`, which may end anywhere."""
    stream = Stream()
    for data in _payloads(body):
        stream.late += bool(stream.dones or stream.errors)
        if data == b"[DONE]":
            stream.dones += 1
        else:
            _read_event(data, stream)
    return stream


def _payloads(body: bytes) -> Iterator[bytes]:
    lines: list[bytes] = []
    *whole, _unended = _LINE_END.split(body)
    for line in whole:
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif not line and lines:
            yield b"\n".join(lines)
            lines = []


def _read_event(data: bytes, stream: Stream) -> None:
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        stream.nonsense.append(data[:_SHOWN_CHARS].decode("utf-8", "replace"))
        return
    if chunk.get("error"):
        stream.errors.append(chunk["error"])
        return
    if chunk.get("usage"):
        stream.usages.append(chunk["usage"])
    for choice in chunk.get("choices", ()):
        stream.parts[choice["index"]].append(choice.get("delta", {}).get("content") or "")
        stream.finishes[choice["index"]] += choice.get("finish_reason") is not None
