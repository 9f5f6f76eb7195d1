"""`/simulate`: the counts, the faults to come, the right answers, and a reset for tests."""

from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

from router.providers.simulated import wire
from router.providers.simulated.errors import Refused, invalid
from router.providers.simulated.faults import FAULTS, OK
from router.providers.simulated.faults_instead import ELSEWHERE
from router.providers.simulated.request import Fields, parse
from router.providers.simulated.schedule import FaultBook
from router.providers.simulated.simulation import Simulation
from router.providers.simulated.truths import told, understood

SIMULATION = web.AppKey("simulation", Simulation)


def json_answer(body: bytes, status: int = 200) -> web.Response:
    """An answer whose body is already JSON."""
    return web.Response(body=body, status=status, content_type="application/json")


def refused(error: Refused) -> web.Response:
    """An error answer in OpenAI's shape."""
    return json_answer(wire.error(error.refusal), error.refusal.status)


async def _counters(request: web.Request) -> web.Response:
    return json_answer(orjson.dumps(request.app[SIMULATION].counters.as_json()))


async def _calls(request: web.Request) -> web.Response:
    calls = [record.as_json() for record in request.app[SIMULATION].counters.calls]
    return json_answer(orjson.dumps({"calls": calls}))


async def _reset(request: web.Request) -> web.Response:
    request.app[SIMULATION].reset()
    return json_answer(orjson.dumps(request.app[SIMULATION].counters.as_json()))


async def _faults(request: web.Request) -> web.Response:
    book = request.app[SIMULATION].faults
    return json_answer(orjson.dumps({**book.as_json(), "known": [OK, *FAULTS]}))


async def _add_faults(request: web.Request) -> web.Response:
    book = request.app[SIMULATION].faults
    try:
        _add(book, await request.read())
    except Refused as error:
        return refused(error)
    return json_answer(orjson.dumps(book.as_json()))


async def _clear_faults(request: web.Request) -> web.Response:
    book = request.app[SIMULATION].faults
    book.clear()
    return json_answer(orjson.dumps(book.as_json()))


async def _truth(request: web.Request) -> web.Response:
    try:
        return json_answer(orjson.dumps(_marked(await request.read())))
    except Refused as error:
        return refused(error)


def _marked(body: bytes) -> dict[str, Any]:
    """The right answer to the request in `body`, and what its message says, if there is one.

    Raises Refused for a request that a model would refuse, or that has no single right answer.
    """
    fields = Fields(_object(body))
    question = understood(parse(orjson.dumps(fields.needed("request", dict))))
    if (truth := question.truth) is None:
        raise invalid("request", "There is no one right answer to it.", "no_truth")
    message = fields.take("message", dict, {})
    said = told(question, message)
    return {
        "category": question.category,
        "kind": truth.kind,
        "right": truth.right,
        "mistakes": truth.mistakes,
        "said": said,
        "is_right": said == truth.right if message else None,
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(None, f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise invalid(None, "The body must be a JSON object.")
    return content


async def _elsewhere(request: web.Request) -> web.Response:
    request.app[SIMULATION].counters.redirects_followed += 1
    return json_answer(orjson.dumps({"redirected": True}))


def _add(book: FaultBook, body: bytes) -> None:
    """Add the faults in the body to the book. Raises Refused that names what is wrong with it."""
    content = _object(body)
    if "fault" in content:
        _only(content, ("model", "fault", "probability", "seed"))
        _add_rate(book, content)
    else:
        _only(content, ("model", "faults", "repeat"))
        _add_script(book, content)


def _add_script(book: FaultBook, content: dict[str, Any]) -> None:
    fields = Fields(content)
    faults = fields.needed("faults", list)
    if not all(isinstance(fault, str) for fault in faults):
        raise invalid("faults", "'faults' must be an array of strings.")
    try:
        book.script(fields.needed("model", str), faults, repeat=fields.take("repeat", bool, False))
    except ValueError as error:
        raise invalid("faults", str(error)) from error


def _add_rate(book: FaultBook, content: dict[str, Any]) -> None:
    fields = Fields(content)
    probability = content.get("probability")
    if isinstance(probability, bool) or not isinstance(probability, int | float):
        raise invalid("probability", "'probability' must be a number in [0, 1].")
    try:
        book.rate(
            fields.needed("model", str),
            fields.needed("fault", str),
            probability,
            seed=fields.whole("seed", 0) or 0,
        )
    except ValueError as error:
        raise invalid("fault", str(error)) from error


def _only(content: dict[str, Any], names: Iterable[str]) -> None:
    if unknown := sorted(set(content) - set(names)):
        raise invalid(unknown[0], f"Unknown field {unknown[0]!r}; available: {', '.join(names)}.")


ROUTES = (
    web.get("/simulate/counters", _counters),
    web.get("/simulate/calls", _calls),
    web.post("/simulate/reset", _reset),
    web.get("/simulate/faults", _faults),
    web.post("/simulate/faults", _add_faults),
    web.delete("/simulate/faults", _clear_faults),
    web.post("/simulate/truth", _truth),
    web.route("*", ELSEWHERE, _elsewhere),
)
