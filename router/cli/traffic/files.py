"""Requests in a file, or in the shipped sample, and what the server would understand of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from router.cli.arguments.options import read_bytes
from router.config.evidence.sample import sample_requests
from router.decision.compare import TrialRequest
from router.decision.policy import Circumstances, Policy
from router.decision.resolve import AUTO
from router.domain.errors import ApiError, FarthingError
from router.domain.features import Features
from router.domain.members import replace
from router.domain.turns import finished
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller
from router.ports import CHAT_PATH
from router.wire.chat import ChatRequest, parse_chat

Understanding = Callable[[ChatRequest], tuple[Features, Circumstances]]
"""What is known of a request before a policy decides."""


class Written(Struct, frozen=True):
    """A request as written in a file, and its place there."""

    place: str
    text: bytes


class LeftOut(Struct, frozen=True):
    """Something in a file that is not a chat request, and why."""

    place: str
    why: str


class GatheredRequests(Struct, frozen=True):
    """Requests that are still to be understood: their source, in words, and their number."""

    source: str
    count: int
    cases: Iterator[TrialRequest | LeftOut]


def sample() -> list[Written]:
    """The requests that ship with Farthing."""
    return _written(sample_requests())


def read_file(name: str) -> list[Written]:
    """The requests in a file, or on standard input for '-'. Raises FarthingError if there are none."""
    if not (found := _written(read_bytes(name))):
        raise FarthingError(f"{name} has no requests in it")
    return found


def _written(raw: bytes) -> list[Written]:
    """Each request in a text: one JSON value, a list of them, or one per line."""
    try:
        whole = orjson.loads(raw)
    except orjson.JSONDecodeError:
        lines = enumerate(raw.splitlines(), 1)
        return [Written(f"line {number}", line) for number, line in lines if line.strip()]
    if not isinstance(whole, list):
        return [Written("request 1", raw)]
    return [
        Written(f"request {number}", orjson.dumps(each)) for number, each in enumerate(whole, 1)
    ]


def cases(found: Iterable[Written], understand: Understanding) -> Iterator[TrialRequest | LeftOut]:
    """Each request, understood, in order."""
    for each in found:
        try:
            yield _case(each, understand)
        except ApiError as error:
            yield LeftOut(each.place, error.message)


def understanding(judge: Judge, caller: Caller, *policies: Policy) -> Understanding:
    """How the server would understand a request of `caller` if it also had `policies`."""
    drafts = {f"{index}": policy for index, policy in enumerate(policies)}
    book = replace(judge.book, policies={**judge.book.policies, **drafts})
    judge = replace(judge, book=book)

    def understand(request: ChatRequest) -> tuple[Features, Circumstances]:
        known = finished(judge.request_context(request, caller, policies[-1], (), ()))
        return known.features, known.circumstances

    return understand


def known(
    every: Iterable[TrialRequest | LeftOut],
) -> tuple[Sequence[TrialRequest], Sequence[LeftOut]]:
    """The requests, and what was left out. Raises FarthingError if there are no requests."""
    both = tuple(every)
    understood = [each for each in both if isinstance(each, TrialRequest)]
    left_out = [each for each in both if isinstance(each, LeftOut)]
    if not understood:
        first = f" ({left_out[0].place}: {left_out[0].why})" if left_out else ""
        raise FarthingError(f"there is no chat request to try{first}")
    return understood, left_out


def _case(found: Written, understand: Understanding) -> TrialRequest:
    """The case for a request. Raises ApiError if it is not a chat request."""
    name, body = unwrapped(found)
    # Collected prompts need not name a model.
    request = parse_chat(orjson.dumps({"model": AUTO, **body}))
    features, circumstances = understand(request)
    return TrialRequest(name, features, circumstances)


def unwrapped(found: Written) -> tuple[str, Mapping[str, Any]]:
    """The name and the body of a request, which may be a line of OpenAI's batch files."""
    try:
        value = orjson.loads(found.text)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"It is not valid JSON: {error}.", code="invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError(400, "It is not a JSON object.", code="invalid_json")
    if "messages" in value or not isinstance(value.get("body"), dict):
        return found.place, value
    url = value.get("url", CHAT_PATH)
    if not str(url).endswith(CHAT_PATH):
        raise ApiError.invalid("url", f"It is for {url}, which is not routed.")
    return str(value.get("custom_id") or found.place), value["body"]
