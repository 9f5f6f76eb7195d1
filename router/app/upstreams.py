"""The ways to models that are configured, each built once."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from router.config.settings import LitellmSettings, Settings, SimulatedSettings, UpstreamSettings
from router.ports import Upstream, World
from router.providers.anthropic import AnthropicEndpoint, anthropic_upstream
from router.providers.direct import DirectUpstream, Endpoint
from router.providers.responses import responses_upstream
from router.providers.simulated.models import default_models
from router.providers.simulated.server import running
from router.wire.dialects.dialect import Dialect

if TYPE_CHECKING:
    from router.providers.litellm_upstream import LitellmUpstream


async def upstream_of(
    chosen: UpstreamSettings, settings: Settings, world: World, stack: AsyncExitStack
) -> Upstream:
    """The way to `chosen`; it is closed, and a simulator ended, when `stack` is left."""
    upstream: Upstream
    connect_s = settings.serving.connect_s
    match chosen:
        case Endpoint(dialect=Dialect.RESPONSES):
            upstream = responses_upstream(chosen, unix_s=world.unix_s, connect_s=connect_s)
        case AnthropicEndpoint():
            upstream = anthropic_upstream(chosen, unix_s=world.unix_s, connect_s=connect_s)
        case Endpoint():
            upstream = _direct(chosen, settings, world)
        case SimulatedSettings(speed, seed):
            simulator = await stack.enter_async_context(
                running(default_models(), speed=speed, seed=seed)
            )
            upstream = _direct(Endpoint(simulator.base_url), settings, world)
        case LitellmSettings():
            upstream = _through_litellm(chosen, settings, world, stack)
    stack.push_async_callback(upstream.close)
    return upstream


def _direct(endpoint: Endpoint, settings: Settings, world: World) -> DirectUpstream:
    return DirectUpstream(endpoint, unix_s=world.unix_s, connect_s=settings.serving.connect_s)


def _through_litellm(
    chosen: LitellmSettings, settings: Settings, world: World, stack: AsyncExitStack
) -> "LitellmUpstream":
    # Imported here and nowhere else: a Farthing without such an upstream never loads it.
    from router.providers.litellm_upstream import LitellmUpstream  # noqa: PLC0415

    upstream = LitellmUpstream(
        chosen.provider,
        api_key=chosen.api_key,
        base_url=chosen.base_url,
        options=chosen.options,
        unix_s=world.unix_s,
        connect_s=settings.serving.connect_s,
    )
    stack.callback(asyncio.create_task(_warm(upstream)).cancel)
    return upstream


async def _warm(upstream: "LitellmUpstream") -> None:
    """Import litellm while nobody waits for it; if that fails, the first request will say so."""
    with suppress(ImportError):
        await upstream.warm()
