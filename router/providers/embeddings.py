"""Vectors from an upstream's `/v1/embeddings`, as OpenAI and compatible servers offer them.

A request is waiting for each: so there is one attempt with a timeout, and after a failure the upstream is
left alone for a moment. Each change of state is logged once.
"""

import logging
from collections.abc import Callable, Sequence

import aiohttp
import orjson

from router.domain.vector import unit
from router.pipeline.time_limit import at_most
from router.ports import Embedded
from router.providers.connector import connector_by
from router.providers.endpoints import Endpoint
from router.providers.exchange import KEEPALIVE_S
from router.providers.unreached import UNREACHED, unreached
from router.wire.embeddings import vectors_usage

_LOG = logging.getLogger(__name__)
_LARGEST_ANSWER_BYTES = 2**20
"""A vector of 4,096 numbers takes a tenth of this."""


class UpstreamEmbedder:
    """Implements `router.ports.Embedder`. Made inside a running event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        timeout_s: float,
        monotonic_s: Callable[[], float],
        pause_s: float = 1.0,
    ) -> None:
        self._url = f"{endpoint.base_url.rstrip('/')}/embeddings"
        self._model = model
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s
        self._pause_s = pause_s
        self._asleep_until_s = float("-inf")
        self._is_up = True
        key = {"authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
        headers = {"content-type": "application/json", "user-agent": "farthing", **key}
        self._session = aiohttp.ClientSession(
            connector=connector_by(endpoint.proxy, keepalive_timeout=KEEPALIVE_S),
            headers=headers | dict(endpoint.headers),
            timeout=aiohttp.ClientTimeout(total=None),  # ours is for all of it
        )

    @property
    def name(self) -> str:
        """The model and its address."""
        return f"{self._url} {self._model}"

    async def embed(self, text: str) -> Embedded | None:
        """The vector of `text`; None if there is none in time."""
        if self._monotonic_s() < self._asleep_until_s:
            return None
        try:
            with at_most(self._timeout_s):
                embedded = _read(await self._ask(text))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._went_down(error)
            return None
        self._came_up()
        return embedded

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _ask(self, text: str) -> bytes:
        asked = orjson.dumps({"model": self._model, "input": text, "encoding_format": "float"})
        # Redirects are not followed: one could take the key elsewhere.
        async with self._session.post(self._url, data=asked, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > _LARGEST_ANSWER_BYTES:
                    raise ValueError("its answer is too large")
            return bytes(body)

    def _went_down(self, error: Exception) -> None:
        self._asleep_until_s = self._monotonic_s() + self._pause_s
        if self._is_up:
            _LOG.warning(
                "No vectors from %s (%s): continuing without them", self._model, _why(error)
            )
        self._is_up = False

    def _came_up(self) -> None:
        if not self._is_up:
            _LOG.info("Vectors from %s again", self._model)
        self._is_up = True


def _why(error: Exception) -> str:
    if isinstance(error, UNREACHED):
        return unreached(error).fault.message
    return str(error) if isinstance(error, ValueError) else type(error).__name__


def _read(answer: bytes) -> Embedded:
    """The embedding in `answer`. Raises ValueError, which quotes nothing of it, if it is not one."""
    try:
        read = orjson.loads(answer)
        numbers: Sequence[float] = read["data"][0]["embedding"]
        vector = unit(numbers)
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError):
        raise ValueError("its answer is not an embedding") from None
    usage = vectors_usage(read.get("usage"))
    return Embedded(vector, 0 if usage is None else usage.uncached_input_tokens)
