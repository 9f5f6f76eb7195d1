"""Farthing in this process with its telemetry on, and OpenAI's client to talk to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
from prometheus_client.parser import text_string_to_metric_families

from tests.pipeline.kit import Proxy, proxy

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@asynccontextmanager
async def asked(folder: Path, **options: Any) -> AsyncIterator[tuple[Proxy, openai.AsyncOpenAI]]:
    """A proxy before simulated models, and a client of it that tries nothing again."""
    async with (
        proxy(folder, **options) as it,
        openai.AsyncOpenAI(base_url=f"{it.running.url}/v1", api_key="any", max_retries=0) as client,
    ):
        yield it, client


async def say(
    client: openai.AsyncOpenAI,
    prompt: str,
    faults: str = "",
    headers: Mapping[str, str] | None = None,
) -> str:
    """The text of a plain answer of `auto`."""
    answer = await client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": prompt}],
        extra_body={"metadata": {"simulate": faults}} if faults else None,
        extra_headers=headers,
    )
    return answer.choices[0].message.content or ""


async def stream(client: openai.AsyncOpenAI, prompt: str) -> str:
    """The text of a streamed answer of `auto`."""
    chunks = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": prompt}], stream=True
    )
    return "".join(
        [choice.delta.content or "" async for chunk in chunks for choice in chunk.choices]
    )


async def scraped(it: Proxy) -> Samples:
    """What Prometheus reads: values by name and labels."""
    async with it.client.get(f"{it.running.url}/metrics") as response:
        text = await response.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the samples of that name whose labels say so; nought for none."""
    return sum(
        value
        for (each, said), value in samples.items()
        if each == name and labels.items() <= dict(said).items()
    )
