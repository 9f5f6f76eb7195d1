"""The server of simulated models: three APIs for conversations, and `/simulate` to steer and count.

GET  /v1/models             POST   /v1/chat/completions      GET /healthz
                            POST   /v1/responses
                            POST   /v1/messages              POST /v1/messages/count_tokens
                            POST   /v1/embeddings
GET  /simulate/counters     GET    /simulate/calls           POST /simulate/reset
GET  /simulate/faults       POST   /simulate/faults          DELETE /simulate/faults
                            POST   /simulate/truth
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict, Unpack

import orjson
from aiohttp import HttpVersion11, web
from msgspec import Struct

from router.providers.simulated import admin, wire
from router.providers.simulated.answering.minds import Minds
from router.providers.simulated.counters import Counters, Ending
from router.providers.simulated.embedding import embeddings
from router.providers.simulated.errors import (
    Refusal,
    Refused,
    invalid,
    too_large,
    unknown_model,
    wrong_key,
)
from router.providers.simulated.other_dialects import Asked, dubbed, refusal_in, understood
from router.providers.simulated.playing import AlreadySent, Player
from router.providers.simulated.schedule import FaultBook
from router.providers.simulated.script import Call, Fault, Parting, Script, ordinary
from router.providers.simulated.simulation import Admitted, Received, Settings, Simulation
from router.providers.simulated_models import SimulatedModel
from router.wire.dialects.dialect import Dialect

FAULT_HEADER = "x-simulate"
_MOST_BODY_BYTES = 256 * 2**20
_SHUTDOWN_S = 0.2


class Options(TypedDict, total=False):
    """What `Settings` holds, as keyword arguments."""

    seed: int
    minds: Minds
    speed: float
    sleep: Callable[[float], Awaitable[object]]
    keep_bodies: bool
    api_key: str | None
    log_size: int
    now_s: Callable[[], float]


class RunningSimulator(Struct, frozen=True):
    """A simulator that listens: its address, its counts, and the faults to come.

    `base_url` ends in `/v1`, as OpenAI's clients want it; `url` is what precedes that.
    """

    url: str
    simulation: Simulation

    @property
    def base_url(self) -> str:
        """The value for a client's `base_url`."""
        return f"{self.url}/v1"

    @property
    def counters(self) -> Counters:
        """The exact counts, by model."""
        return self.simulation.counters

    @property
    def faults(self) -> FaultBook:
        """The faults to come."""
        return self.simulation.faults


def build_app(models: Iterable[SimulatedModel], **options: Unpack[Options]) -> web.Application:
    """The application, with the settings of `Settings`.

    Run it with `handler_cancellation=True`: that is how it notices that a client has left. Raises
    ValueError for models or settings that make no sense.
    """
    return _app(Simulation(models, Settings(**options)))


@asynccontextmanager
async def running(
    models: Iterable[SimulatedModel],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Unpack[Options],
) -> AsyncIterator[RunningSimulator]:
    """A server in this process while the context lasts; port 0 is any free one.

    Raises OSError if it cannot listen there, ValueError like `build_app`.
    """
    simulation = Simulation(models, Settings(**options))
    runner = web.AppRunner(
        _app(simulation),
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound_host, bound_port = runner.addresses[0][:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        yield RunningSimulator(f"http://{shown}:{bound_port}", simulation)
    finally:
        await runner.cleanup()


def _app(simulation: Simulation) -> web.Application:
    app = web.Application(client_max_size=_MOST_BODY_BYTES)
    app[admin.SIMULATION] = simulation
    for path in _DIALECTS:
        app.router.add_post(path, _conversation)
    app.router.add_post("/v1/messages/count_tokens", _count)
    app.router.add_post("/v1/embeddings", _embeddings)
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/v1/models/{model:.+}", _model)
    app.router.add_get("/healthz", _healthz)
    app.router.add_routes(admin.ROUTES)
    app.router.add_route("*", "/{other:.*}", _nothing)
    return app


async def _healthz(request: web.Request) -> web.Response:  # noqa: ARG001  as every handler
    return web.json_response({"status": "ok"})


async def _nothing(request: web.Request) -> web.Response:
    """Any other path or method: told as OpenAI tells it."""
    return admin.refused(Refused(Refusal(404, f"Invalid URL ({request.method} {request.path})")))


async def _models(request: web.Request) -> web.Response:
    simulation = request.app[admin.SIMULATION]
    try:
        _check_key(request, simulation)
    except Refused as error:
        return admin.refused(error)
    return admin.json_answer(wire.models(simulation.models))


async def _model(request: web.Request) -> web.Response:
    simulation = request.app[admin.SIMULATION]
    name = request.match_info["model"]
    try:
        _check_key(request, simulation)
        if name not in simulation.models:
            raise unknown_model(name)
    except Refused as error:
        return admin.refused(error)
    return admin.json_answer(orjson.dumps(wire.model_object(name)))


async def _embeddings(request: web.Request) -> web.Response:
    simulation = request.app[admin.SIMULATION]
    try:
        _check_key(request, simulation)
        answer = embeddings(await request.read(), frozenset(simulation.models))
    except Refused as error:
        return admin.refused(error)
    return admin.json_answer(answer)


async def _conversation(request: web.Request) -> web.StreamResponse:
    simulation, dialect = request.app[admin.SIMULATION], _DIALECTS[request.path]
    try:
        received, asked = await _receive(request, simulation, dialect)
        admitted = simulation.admit(received, request.headers.get(FAULT_HEADER))
    except Refused as error:
        simulation.counters.turned_away += 1
        return _refused(error, dialect)
    return await _answered(request, simulation, admitted, asked)


_DIALECTS: Mapping[str, Dialect] = {
    "/v1/chat/completions": Dialect.CHAT,
    "/v1/responses": Dialect.RESPONSES,
    "/v1/messages": Dialect.MESSAGES,
}


def _refused(error: Refused, dialect: Dialect) -> web.Response:
    if dialect is Dialect.CHAT:
        return admin.refused(error)
    status, body = refusal_in(dialect, error.refusal)
    return admin.json_answer(body, status)


async def _count(request: web.Request) -> web.Response:
    """How many tokens a request to Messages would take; its limit may be missing."""
    simulation = request.app[admin.SIMULATION]
    try:
        _check_key(request, simulation)
        asked = understood(await request.read(), Dialect.MESSAGES, needs_limit=False)
        received = simulation.receive(b"", (), asked.chat)
    except Refused as error:
        return _refused(error, Dialect.MESSAGES)
    return admin.json_answer(orjson.dumps({"input_tokens": received.request.prompt_tokens}))


async def _receive(
    request: web.Request, simulation: Simulation, dialect: Dialect
) -> tuple[Received, Asked | None]:
    """The request, and what it says in its own dialect if that is not chat."""
    _check_key(request, simulation)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except web.RequestPayloadError:
        raise invalid(None, "The body has ended too early, or is not packed as it says.") from None
    asked = None if dialect is Dialect.CHAT else understood(body, dialect)
    in_chat = None if asked is None else asked.chat
    received = simulation.receive(body, request.headers, in_chat)
    if received.request.stream and request.version < HttpVersion11:
        raise invalid("stream", "A stream needs HTTP/1.1, for its length is not known beforehand.")
    return received, asked


def _check_key(request: web.Request, simulation: Simulation) -> None:
    key = simulation.settings.api_key
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    given = given or request.headers.get("x-api-key", "")
    if key is not None and not hmac.compare_digest(given.encode(), key.encode()):
        raise wrong_key()


async def _answered(
    request: web.Request, simulation: Simulation, admitted: Admitted, asked: Asked | None
) -> web.StreamResponse:
    """Play the answer, and count how it ended, whatever happens meanwhile."""
    ending = Ending.CANCELLED
    try:
        ending = await _play(request, simulation, admitted, asked)
    except Refused as error:
        ending = Ending.REFUSED
        return _refused(error, _DIALECTS[request.path])
    except ConnectionError:
        return AlreadySent(reusable=False)
    finally:
        simulation.ended(admitted, ending)
    return AlreadySent(reusable=ending is not Ending.BROKEN and request.keep_alive)


async def _play(
    request: web.Request, simulation: Simulation, admitted: Admitted, asked: Asked | None
) -> Ending:
    call = simulation.call(admitted)
    settings = simulation.settings
    player = Player(request, admitted.account, settings.speed, settings.sleep)
    if asked is None and admitted.fault is None and settings.speed == 0:
        return await player.play_at_once(call)
    return await player.play(_script(call, admitted.fault, asked))


def _script(call: Call, fault: Fault | None, asked: Asked | None) -> Script:
    """What is sent, and how; `asked` is the request in a dialect other than chat."""
    if asked is not None and isinstance(fault, Parting):
        return fault.parted(dubbed(ordinary(call), call, asked))
    script = ordinary(call) if fault is None else fault.play(call)
    return script if asked is None else dubbed(script, call, asked)
