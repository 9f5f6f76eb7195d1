"""The translating way: every provider that does not speak OpenAI's dialect, through litellm.

The only file that imports litellm: importing takes some 4 s and 160 MB, and afterwards each call costs
about 10 ms of CPU, a streamed one 20, a hundred times as much as the direct way. So it runs in a
process of its own (`router.providers.litellm_process`), which imports it before it is first asked.

litellm gets arguments chosen by name (`translating.arguments`), connections that are watched
(`translating.connection`) and nothing else to decide: no retries, fallbacks, caching, budgets,
callbacks, or downloads of tokenizers.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from types import MappingProxyType
from typing import Any

import aiohttp
from msgspec import Struct

from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.pipeline.cancel_safe import CancelSafe
from router.ports import Call, Response
from router.providers.streamed import Streamed
from router.providers.translating.answers import chunk_event, plain_body
from router.providers.translating.arguments import (
    HINTS,
    SAMPLING,
    CallTarget,
    asked_by,
    call_arguments,
    fitting,
    without,
)
from router.providers.translating.connection import ConnectionTrace, new_session
from router.providers.translating.faults import failure_of
from router.providers.translating.only_json import OnlyJson, in_words, is_forgotten
from router.providers.translating.quiet import OFFLINE, quietly
from router.wire.dialects.chat.foreign_calls import Taken
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.history import with_own_thoughts
from router.wire.request_ids import request_id_in
from router.wire.sse import DONE

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_NOTHING: frozenset[str] = frozenset()
_PREPARATIONS_S = 0.25

# The environment and sys.modules belong to the whole process, and so does the lock on them.
_IMPORTING = Lock()

_TAKES_CLIENT = frozenset(
    "anthropic azure_ai bedrock compactifai databricks datarobot deepseek fireworks_ai gdc gemini"
    " gigachat groq heroku hosted_vllm huggingface lemonade minimax mistral oci ollama ollama_chat"
    " openrouter ovhcloud sagemaker_chat snowflake together_ai vertex_ai vertex_ai_beta watsonx"
    " watsonx_text xai".split()
)
"""Providers whose code takes an HTTP client from us (litellm 1.106.2, `main.py`). Those built on
OpenAI's package take a session instead, and would fail with a client; the few that take neither use
litellm's own connections, which are not watched."""


class LitellmUpstream:
    """Implements `router.ports.Upstream` for one provider, by litellm's name for it.

    `options` are further arguments of litellm's that the provider needs (`aws_region_name`,
    `vertex_project`, `api_version`); like the key and the address they are the operator's, never
    a client's. Without a key litellm looks for the provider's customary environment variable.
    """

    asks_usage = True
    """Every stream is asked for its usage, whatever the client's bytes say."""

    def __init__(
        self,
        provider: str,
        *,
        api_key: str,
        base_url: str = "",
        options: Mapping[str, str] = _NO_OPTIONS,
        unix_s: Callable[[], float] = time.time,
        connect_s: float = 10.0,
    ) -> None:
        self._connect_s = connect_s
        self._target = CallTarget(provider, api_key, base_url, options)
        self._border = _Border(self._target.secrets(), unix_s)
        self._loading = asyncio.Lock()
        self._loaded: _Litellm | None = None

    async def warm(self) -> None:
        """Import litellm now, off the loop, rather than with the first call."""
        await self._litellm()

    async def send(self, call: Call) -> Response:
        """As `ask`, for a call."""
        return await self.ask(call.model.name, call.fields, stream=call.stream)

    async def ask(self, model_name: str, fields: Mapping[str, Any], *, stream: bool) -> Response:
        """The beginning of the answer; a plain answer is complete.

        Raises AttemptFailed for anything but success.
        """
        litellm = await self._litellm()
        trace = ConnectionTrace()
        only_json = None
        if is_forgotten(fields, self._target.provider, model_name):
            fields, only_json = in_words(fields), OnlyJson()
        asked = _Asked(model_name, fields, stream)
        try:
            with self._border.watching(trace):
                answer = await _prepared(self._answer(litellm, asked), trace)
            return await self._response(answer, trace, only_json, stream=stream)
        except BaseException:
            trace.hang_up()
            raise

    async def close(self) -> None:
        """Close all connections."""
        if self._loaded is not None:
            await self._loaded.close()

    async def _litellm(self) -> "_Litellm":
        if self._loaded is not None:
            return self._loaded
        async with self._loading:
            if self._loaded is None:
                module = await asyncio.to_thread(imported)
                self._loaded = _Litellm.using(module, self._connect_s)
            return self._loaded

    async def _answer(self, litellm: "_Litellm", call: "_Asked") -> Any:
        # Some list a hint as supported but refuse its value (a temperature of 0 for a model that
        # reasons). litellm says so before anything is sent, so these are not additional requests.
        for dropped in (_NOTHING, SAMPLING):
            with suppress(litellm.unsupported):
                arguments = self._arguments(litellm, call, dropped)
                return await litellm.complete(self._target, arguments)
        return await litellm.complete(self._target, self._arguments(litellm, call, HINTS))

    async def _response(
        self, answer: Any, trace: ConnectionTrace, only_json: OnlyJson | None, *, stream: bool
    ) -> Response:
        if stream:
            return await _StreamResponse(answer, trace, self._border, only_json).begun()
        with self._border.watching(trace):
            fields = _fields_of(answer)
            return _PlainResponse(
                plain_body(only_json.of(fields, "message") if only_json else fields),
                request_id_in(trace.headers),
            )

    def _arguments(
        self, litellm: "_Litellm", call: "_Asked", dropped: Collection[str]
    ) -> dict[str, Any]:
        supported = litellm.supported(call.model_name, self._target.provider)
        taken = Taken.by_litellm(call.model_name)
        own = taken.of(with_own_thoughts(call.fields, Dialect.CHAT, ""))
        asked = fitting(without(asked_by(own), dropped), supported)
        return call_arguments(asked, self._target, call.model_name, stream=call.stream)


class _Asked(Struct, frozen=True):
    """Which model is asked for what; the fields remain the caller's."""

    model_name: str
    fields: Mapping[str, Any]
    stream: bool


class _Litellm(Struct, frozen=True):
    """The imported module, with connections for it: everything untyped is in here."""

    module: Any
    session: aiohttp.ClientSession
    client: Any
    unsupported: type[Exception]

    @classmethod
    def using(cls, module: Any, connect_s: float) -> "_Litellm":
        """The module with a new pool of connections. Needs a running loop."""
        session = new_session(connect_s)
        client = module.AsyncHTTPHandler(shared_session=session, follow_redirects=False)
        return cls(module, session, client, module.UnsupportedParamsError)

    def supported(self, model_name: str, provider: str) -> frozenset[str] | None:
        """The fields that the provider's model accepts; None if litellm does not know.

        Raises AttemptFailed for a provider that litellm has no code for.
        """
        if provider not in self.module.provider_list:
            message = f"litellm has no provider '{provider}'"
            # Another try would find no more than this one; another model may answer.
            raise AttemptFailed(Fault(FaultKind.UNSUITED, 502, message, "unknown_provider"))
        names = self.module.get_supported_openai_params(model_name, provider)
        return frozenset(names) if names else None

    async def complete(self, target: CallTarget, arguments: Mapping[str, Any]) -> Any:
        """What litellm answers: a ModelResponse, or a CustomStreamWrapper."""
        client = {"client": self.client} if target.provider in _TAKES_CLIENT else {}
        return await self.module.acompletion(**arguments, shared_session=self.session, **client)

    async def close(self) -> None:
        """Close the connections, and the clients that litellm has made itself, for whatever call."""
        await self.module.close_litellm_async_clients()
        self.module.in_memory_llm_clients_cache.flush_cache()
        await self.client.close()
        await self.session.close()


class _PlainResponse:
    is_stream = False

    def __init__(self, body: bytes, request_id: str) -> None:
        self._body = body
        self.request_id = request_id

    async def read(self) -> bytes:
        return self._body

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._body

    async def close(self) -> None:
        """Nothing is open after an answer that was read whole."""


class _StreamResponse(Streamed):
    def __init__(
        self, stream: Any, trace: ConnectionTrace, border: "_Border", only_json: OnlyJson | None
    ) -> None:
        self._only_json = only_json
        self._stream = stream
        self._trace = trace
        self._border = border
        self._first: bytes | None = None
        self._steady = CancelSafe(self._events())
        self._id: str | None = None

    @property
    def request_id(self) -> str:
        """What the provider calls the request."""
        return request_id_in(self._trace.headers)

    async def begun(self) -> "_StreamResponse":
        """Itself, after the first event: some providers have sent their request only by then."""
        try:
            self._first = await self._steady.next()
        except BaseException:
            await self.close()
            raise
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, None
        event = first or await self._steady.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def close(self) -> None:
        self._trace.hang_up()
        await self._steady.close()
        # litellm's aclose leaves the connection open; without calling it, its generators would warn.
        await self._stream.aclose()

    async def _events(self) -> AsyncIterator[bytes]:
        while (event := await self._next()) is not None:
            yield event
        yield DONE

    async def _next(self) -> bytes | None:
        """The next event; None at the end."""
        with self._border.watching(self._trace):
            async for chunk in self._stream:
                fields = _fields_of(chunk)
                self._refuse_made_up_ending(fields)
                fields = self._only_json.of(fields, "delta") if self._only_json else fields
                # If the provider gives no id, litellm makes up a different one for each chunk.
                self._id = self._id or fields["id"]
                if event := chunk_event({**fields, "id": self._id}):
                    return event
        return None

    def _refuse_made_up_ending(self, chunk: Mapping[str, Any]) -> None:
        """Raise if this is the "stop" that litellm appends to a stream that broke off."""
        ends = any(choice.get("finish_reason") for choice in chunk["choices"])
        upstreams = self._stream.received_finish_reason or self._stream.intermittent_finish_reason
        if ends and not upstreams:
            raise AttemptFailed.transient(
                "the upstream closed the stream before the answer was finished",
                "stream_cut",
                reached_model=True,
            )


async def _prepared(answer: Coroutine[Any, Any, Any], trace: ConnectionTrace) -> Any:
    """What `answer` returns; a cancellation waits until litellm's preparations are done.

    They run in a thread, and their result would be dropped with a warning. A request that has
    already been sent is cancelled at once.
    """
    task = asyncio.create_task(answer)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        trace.hang_up()
        if not trace.sent:
            await asyncio.wait({task}, timeout=_PREPARATIONS_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


def _fields_of(answer: Any) -> dict[str, Any]:
    # Pydantic would warn of fields whose values are not of the declared type: litellm's habit.
    fields: dict[str, Any] = answer.model_dump(warnings=False)
    return fields


class _Border(Struct, frozen=True):
    """Where foreign exceptions become ours."""

    secrets: tuple[str, ...]
    unix_s: Callable[[], float]

    @contextmanager
    def watching(self, trace: ConnectionTrace) -> Iterator[None]:
        """Note in `trace` what is sent, and turn what litellm raises into AttemptFailed."""
        try:
            with trace.watching():
                yield
        except AttemptFailed:
            raise
        except Exception as error:  # noqa: BLE001  litellm lets through whatever a provider's code raises
            raise failure_of(error, trace, self.unix_s(), self.secrets) from None


def imported() -> Any:
    """litellm, with everything off that is not translation. Safe to be called by several threads."""
    with _IMPORTING, quietly(OFFLINE, "LiteLLM"):
        import litellm
        from litellm import anthropic_beta_headers_manager

        # Read now, while the environment says to read it from the package.
        anthropic_beta_headers_manager.filter_and_transform_beta_headers(["-"], "anthropic")
        litellm.encoding  # noqa: B018  likewise: tiktoken's table, which sets a variable
        litellm.suppress_debug_info = True
        litellm.redact_messages_in_exceptions = True
        litellm.drop_params = False
        litellm.modify_params = False
        litellm.disable_token_counter = True  # else it guesses a usage that was not reported
        litellm.disable_hf_tokenizer_download = True
        litellm.disable_streaming_logging = True
        litellm.disable_anthropic_gemini_context_caching_transform = True  # it creates caches
        litellm.user_url_validation = True
        litellm.user_url_allowed_hosts = []
        _rehearse(litellm)
        return litellm


def _rehearse(litellm: Any) -> None:
    """Call it once without a provider: at its first call it builds half of itself, with warnings."""
    for stream in (False, True):
        answer = litellm.completion(
            model="openai/rehearsal",
            messages=[{"role": "user", "content": "?"}],
            mock_response="!",
            stream=stream,
        )
        for part in answer if stream else [answer]:
            part.model_dump(warnings=False)
