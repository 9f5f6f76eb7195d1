"""What Farthing predicts for a request, taken from its decision's document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True)
class Foretold:
    """Predictions for one request; None if missing. `is_cascade` is whether a cascade was chosen."""

    is_cascade: bool
    quality: float | None
    cost_usd: float | None
    first_content_s: float | None
    p_accept: float | None


async def foretold(url: str, ids: Sequence[str]) -> list[Foretold]:
    """What was predicted for the requests with these ids."""
    async with aiohttp.ClientSession() as session:
        return [_read(await _document(session, f"{url}/v1/decisions/{each}")) for each in ids]


async def _document(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(url) as answer:
        answer.raise_for_status()
        document: Mapping[str, Any] = await answer.json()
        return document


def _read(document: Mapping[str, Any]) -> Foretold:
    cascade = document.get("cascade")
    chosen = next(each for each in document["candidates"] if each["role"] == "chosen")
    told = cascade or chosen
    steps = cascade["steps"] if cascade else []
    prospects = [step["prospect"]["p_accept"] for step in steps if step.get("prospect")]
    cost = told.get("cost", {}).get("expected_usd")
    return Foretold(
        cascade is not None,
        told.get("quality", {}).get("p"),
        None if cost is None else float(cost),
        told.get("latency", {}).get("first_content_s"),
        prospects[0] if prospects else None,
    )
