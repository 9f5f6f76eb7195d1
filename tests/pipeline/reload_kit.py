"""Files that are changed while a proxy follows them, and what it says of that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router.pipeline.current import Reloaded
from tests.pipeline.kit import Proxy
from tests.stores.waiting import until

FIRST, SECOND = "sim-open-8b", "sim-mid"
BROKEN = "policy: test\nintent: it is\nnonsense: 1\n"


def policy(**stated: Any) -> str:
    usual = {"policy": "test", "intent": "another one", "reference": "best"}
    return yaml.safe_dump({**usual, "adequate": {"floor": 0.0}, **stated})


def only(*models: str) -> str:
    return policy(models={"ids": list(models)})


def policy_file(it: Proxy) -> Path:
    return it.folder / "policies" / "test.yaml"


def change_config(it: Proxy, **sections: Any) -> None:
    path = it.following.source.path
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **sections}))


def models_of(it: Proxy) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(it.following.source.path.read_text())["models"]
    return found


async def reloads(it: Proxy, result: Reloaded, count: int = 1) -> None:
    """Wait until this many reloads have ended this way."""
    await until(lambda: it.running.current.counts[result] >= count)


async def writer(it: Proxy, **fields: Any) -> str:
    async with it.post(**fields) as response:
        assert response.status == 200, await response.text()
        await response.read()
        return str(response.headers["x-farthing-model"])


async def told(it: Proxy, path: str) -> Any:
    async with it.client.get(f"{it.running.url}{path}") as response:
        assert response.status == 200
        return await response.json()


async def metrics(it: Proxy) -> Mapping[str, float]:
    async with it.client.get(f"{it.running.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("farthing_reload"))
    return {name: float(value) for name, value in pairs}


async def unused(it: Proxy) -> float:
    """How much of what was learnt is not in force, as Prometheus is told."""
    async with it.client.get(f"{it.running.url}/metrics") as response:
        text = await response.text()
    return float(text.split("\nfarthing_learnt_unused ")[1].splitlines()[0])


def version(it: Proxy) -> str:
    return it.running.pipeline.judge.book.policies["test"].version
