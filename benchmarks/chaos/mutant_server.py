"""`python -m benchmarks.chaos.mutant_server`: `farthing serve`, broken on purpose."""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from benchmarks.chaos.mutants import MUTANTS
from router.app import real_world, serving
from router.config.load import load_settings
from router.config.settings import Settings
from router.pipeline.current import Current
from router.pipeline.flow import Pipeline
from router.server.admin import Admin, Figures
from router.server.budgets import budgets_told
from router.server.fleet import fleet_told
from router.server.gate import Gate
from router.server.http import Frontend, build_web_app
from router.server.keyring import Keyring
from router.telemetry.log import start_logging

_HOST = "127.0.0.1"
_GIVE_UP_S = 1.0


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mutant", choices=tuple(MUTANTS), required=True)
    args = parser.parse_args()
    start_logging()
    settings = load_settings(args.config, os.environ)
    asyncio.run(_serve(settings, args.port, args.mutant))


async def _serve(settings: Settings, port: int, mutant: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # The real proxy listens as well, where nobody sends to it; the mutant is made of its parts.
    async with serving(settings.listening_on(_HOST, 0), real_world()) as running:
        pipeline = MUTANTS[mutant].build(running.pipeline)
        async with _listening(pipeline, settings, port):
            await stop.wait()


@asynccontextmanager
async def _listening(pipeline: Pipeline, settings: Settings, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(
        build_web_app(_front(pipeline, settings), _admin(pipeline)),
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=_GIVE_UP_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, _HOST, port).start()
        yield
    finally:
        await runner.cleanup()


def _front(pipeline: Pipeline, settings: Settings) -> Frontend:
    return Frontend(
        current=Current(pipeline, time.time()),
        gate=Gate(Keyring(settings.keys, monotonic_s=time.monotonic), time.time),
        max_body_bytes=settings.serving.max_body_bytes,
        write_timeout_s=settings.serving.write_timeout_s,
        new_id=real_world().new_id,
        stopping=asyncio.Event(),
    )


def _admin(pipeline: Pipeline) -> Admin:
    async def fleet() -> bytes:
        return fleet_told(pipeline.fleet, time.monotonic())

    async def metrics() -> bytes:
        return b""

    async def budgets() -> bytes:
        return budgets_told(await pipeline.budget_store.balances())

    return Admin(Figures(metrics, fleet, budgets), None, lambda: True)


if __name__ == "__main__":
    main()
