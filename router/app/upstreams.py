"""The ways to models that are configured, each built once."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from router.config.settings import LitellmSettings, Settings, SimulatedSettings, UpstreamSettings
from router.ports import Upstream, World
from router.providers.direct import DirectUpstream
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.litellm_process.process import LitellmProcess
from router.providers.litellm_process.processes import LitellmProcesses
from router.wire.dialects.dialect import Dialect


async def upstreams_of(
    settings: Settings, world: World, stack: AsyncExitStack
) -> Mapping[str, Upstream]:
    """The way to each upstream; when `stack` is left, all are closed and their processes ended."""
    litellm_process = LitellmProcesses(
        [LitellmProcess(world.sleep) for _ in range(settings.serving.litellm_processes)]
    )
    stack.push_async_callback(litellm_process.close)
    return {
        name: await _upstream_of(each, settings, world, stack, litellm_process)
        for name, each in settings.upstreams.items()
    }


async def _upstream_of(
    chosen: UpstreamSettings,
    settings: Settings,
    world: World,
    stack: AsyncExitStack,
    litellm_process: LitellmProcesses,
) -> Upstream:
    upstream: Upstream
    connect_s = settings.serving.connect_s
    match chosen:
        case Endpoint(dialect=Dialect.RESPONSES):
            from router.providers.responses import responses_upstream

            upstream = responses_upstream(chosen, unix_s=world.unix_s, connect_s=connect_s)
        case AnthropicEndpoint():
            from router.providers.anthropic import anthropic_upstream

            upstream = anthropic_upstream(chosen, unix_s=world.unix_s, connect_s=connect_s)
        case Endpoint():
            upstream = _direct(chosen, settings, world)
        case SimulatedSettings(speed, seed):
            from router.providers.simulated import default_models, running

            simulator = await stack.enter_async_context(
                running(default_models(), speed=speed, seed=seed)
            )
            upstream = _direct(Endpoint(simulator.base_url), settings, world)
        case LitellmSettings():
            upstream = _through_litellm(chosen, settings, litellm_process)
    stack.push_async_callback(upstream.close)
    return upstream


def _direct(endpoint: Endpoint, settings: Settings, world: World) -> DirectUpstream:
    return DirectUpstream(endpoint, unix_s=world.unix_s, connect_s=settings.serving.connect_s)


def _through_litellm(
    chosen: LitellmSettings, settings: Settings, litellm_process: LitellmProcesses
) -> Upstream:
    from router.providers.litellm_process.upstream import LitellmProcessUpstream
    from router.providers.translating.arguments import CallTarget

    litellm_process.start()  # importing litellm takes seconds: better now than with the first call
    target = CallTarget(chosen.provider, chosen.api_key, chosen.base_url, chosen.options)
    return LitellmProcessUpstream(litellm_process, target, connect_s=settings.serving.connect_s)
