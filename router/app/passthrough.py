"""What is done with the paths that Farthing does not answer itself."""

from contextlib import AsyncExitStack

from router.config.settings import Settings
from router.pipeline.passthrough import Passthrough
from router.providers.passthrough import DirectPassthrough
from router.server.http import Frontend
from router.server.passthrough import PassthroughHandlers


def passthrough_handlers(
    settings: Settings, frontend: Frontend, stack: AsyncExitStack
) -> PassthroughHandlers:
    """The handlers for them; its connections are closed when `stack` is left."""
    if (chosen := settings.passthrough) is None:
        return PassthroughHandlers(frontend, None, 0)
    upstream = DirectPassthrough(
        chosen.endpoint,
        connect_s=settings.serving.connect_s,
        silence_s=settings.serving.effort.total_s,
    )
    stack.push_async_callback(upstream.close)
    return PassthroughHandlers(frontend, Passthrough(chosen.terms, upstream), chosen.max_body_bytes)
