"""An embedding model of the simulator behind Farthing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from router.providers.simulated import default_models, running
from tests.pipeline.doors import Door, door

PRICE = {"input_usd_per_mtok": 0.02, "output_usd_per_mtok": 0}
EMBED = {"mode": "embedding", "price": PRICE}
TEXTS = ["the river freezes", "the river freezes over", "a violin teacher"]


@asynccontextmanager
async def simulated(folder: Path, **sections: Any) -> AsyncIterator[Door]:
    """An embedding model `embed` of the simulator, behind Farthing."""
    async with running(default_models(), speed=0) as simulator:
        sections["upstreams"] = {"box": {"kind": "openai", "base_url": simulator.base_url}}
        sections["models"] = {"embed": {"upstream": "box", "name": "sim-open-8b", **EMBED}}
        async with door(folder, **sections) as opened:
            yield opened
