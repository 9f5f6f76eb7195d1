"""An upstream may send anything: the client gets a clean answer or a clean error, and the next one too."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import bare_model, ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import Got, chat, error_of, post

MOST_INT64 = 2**63 - 1
MODELS = 160
EVENTS = "text/event-stream"


@pytest.fixture(scope="module")
def strange() -> Iterator[FixedUpstream]:
    with FixedUpstream(Canned((b"{}",))) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, strange: FixedUpstream
) -> Iterator[Farthing]:
    """Every test has its own model: what is learnt about one does not affect the next."""
    catalog = {f"m{number}": bare_model("sim", "sim-mid") for number in range(MODELS)}
    config = write_config(
        tmp_path_factory.mktemp("strange"),
        strange.base_url,
        models=catalog,
        server={"attempts_per_model": 1},
    )
    with Farthing(config) as running:
        yield running


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(MODELS))


@pytest.fixture
def model(numbers: Iterator[int]) -> str:
    return f"m{next(numbers)}"


def answer(**changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hello"}
    usual = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "mid",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }
    return {**usual, **changes}


def said_with(**changes: Any) -> dict[str, Any]:
    return answer(choices=[{"index": 0, "finish_reason": "stop", "message": changes}])


def used(**changes: Any) -> dict[str, Any]:
    return answer(usage={"prompt_tokens": 5, "completion_tokens": 2, **changes})


def deep(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


ANSWERS: dict[str, Any] = {
    "usage beyond 64 bits": used(prompt_tokens=2**63),
    "usage that costs beyond 64 bits": used(completion_tokens=MOST_INT64),
    "usage of 40 digits": used(prompt_tokens=10**40),
    "usage below 0": used(completion_tokens=-5),
    "usage in fractions": used(prompt_tokens=1.5),
    "usage in words": used(prompt_tokens="five"),
    "usage true": used(prompt_tokens=True),
    "usage null": answer(usage=None),
    "usage a list": answer(usage=[1, 2]),
    "usage empty": answer(usage={}),
    "more cached than sent": used(prompt_tokens_details={"cached_tokens": 10**6}),
    "more reasoned than said": used(completion_tokens_details={"reasoning_tokens": 10**6}),
    "details that are no object": used(prompt_tokens_details=5, completion_tokens_details="x"),
    "details in words": used(prompt_tokens_details={"cached_tokens": "many"}),
    "choices null": answer(choices=None),
    "choices empty": answer(choices=[]),
    "choices an object": answer(choices={"0": {}}),
    "a choice null": answer(choices=[None]),
    "a choice a number": answer(choices=[5]),
    "a choice empty": answer(choices=[{}]),
    "no message": answer(choices=[{"index": 0, "finish_reason": "stop"}]),
    "a message null": answer(choices=[{"index": 0, "message": None}]),
    "content a number": said_with(role="assistant", content=5),
    "content a list": said_with(role="assistant", content=[{"type": "text", "text": "Hi"}]),
    "content an object": said_with(role="assistant", content={"a": 1}),
    "a finish that is a number": answer(
        choices=[{"index": 0, "finish_reason": 7, "message": {"content": "Hi"}}]
    ),
    "calls that are a number": said_with(role="assistant", tool_calls=5),
    "calls that are an object": said_with(role="assistant", tool_calls={"a": 1}),
    "a call that is null": said_with(role="assistant", tool_calls=[None]),
    "a function that is text": said_with(role="assistant", tool_calls=[{"function": "f"}]),
    "a function without a name": said_with(
        role="assistant", tool_calls=[{"function": {"name": None, "arguments": None}}]
    ),
    "a function of numbers": said_with(
        role="assistant", tool_calls=[{"function": {"name": 5, "arguments": {"a": 1}}}]
    ),
    "no object": [],
    "a string": "Hello",
    "null": None,
    "nested": answer(nested=deep(300)),
    "an error in a 200": {"error": {"message": "No", "code": 5}},
    "an error in words": {"error": "No"},
}


def as_stream(value: Any) -> tuple[bytes, ...]:
    """The same oddity as a chunk between ordinary ones."""
    usual = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]}
    if isinstance(value, dict):
        value = dict(value)
        choices = value.get("choices")
        if isinstance(choices, list):
            value["choices"] = [_with_delta(choice) for choice in choices]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in (usual, value, end)]
    return (*events, b"data: [DONE]\n\n")


def _with_delta(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    return {("delta" if name == "message" else name): part for name, part in choice.items()}


def clean(farthing: Farthing, got: Got) -> None:
    """An answer, or an error that is not our own failing."""
    if got.status != 200:
        assert got.error["code"] != "internal_error", got
        return
    (row,) = rows(ledger_of(farthing.config), got.headers["x-request-id"])
    assert row["cost_pico"] >= 0
    if got.headers["content-type"].startswith(EVENTS) and "[DONE]" not in got.events:
        error_of(Got(500, {"content-type": "application/json"}, got.events[-1].encode()))


@pytest.mark.parametrize("name", ANSWERS)
def test_a_plain_answer_of_any_kind(
    farthing: Farthing, strange: FixedUpstream, model: str, name: str
) -> None:
    strange.answer = Canned((json.dumps(ANSWERS[name]).encode(),))
    clean(farthing, post(farthing.base_url, chat("Hello", model)))


@pytest.mark.parametrize("name", ANSWERS)
def test_a_chunk_of_any_kind(
    farthing: Farthing, strange: FixedUpstream, model: str, name: str
) -> None:
    strange.answer = Canned(as_stream(ANSWERS[name]), EVENTS)
    clean(farthing, post(farthing.base_url, chat("Hello", model, stream=True)))


BYTES: dict[str, bytes] = {
    "not utf-8": b'{"choices":[{"message":{"content":"\xff\xfe"}}]}',
    "a lone surrogate": b'{"choices":[{"message":{"content":"\\ud800"}}]}',
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(answer()).encode(),
    "NaN": b'{"choices":[{"message":{"content":NaN}}]}',
    "two documents": json.dumps(answer()).encode() * 2,
    "deep": b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "zeros": b"\0" * 1000,
    "an endless line": b"x" * 2**20,
    "nothing but white space": b" \n" * 1000,
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_of_any_kind(
    farthing: Farthing, strange: FixedUpstream, model: str, name: str
) -> None:
    strange.answer = Canned((BYTES[name],))
    clean(farthing, post(farthing.base_url, chat("Hello", model)))


@pytest.mark.parametrize("name", BYTES)
def test_events_of_any_kind(
    farthing: Farthing, strange: FixedUpstream, model: str, name: str
) -> None:
    strange.answer = Canned((b"data: " + BYTES[name] + b"\n\n", b"data: [DONE]\n\n"), EVENTS)
    clean(farthing, post(farthing.base_url, chat("Hello", model, stream=True)))


ERRORS: dict[str, tuple[Any, dict[str, str]]] = {
    "no body": (b"", {}),
    "no json": (b"<h1>No</h1>", {}),
    "no object": ([1], {}),
    "an error in words": ({"error": "No"}, {}),
    "an error that is null": ({"error": None}, {}),
    "fields of any type": (
        {"error": {"message": {"a": 1}, "type": 5, "code": 17, "param": ["x"]}},
        {},
    ),
    "fields that are null": (
        {"error": {"message": None, "type": None, "code": None, "param": None}},
        {},
    ),
    "a message of a megabyte": ({"error": {"message": "x" * 2**20}}, {}),
    "detail, as FastAPI says it": ({"detail": [{"loc": ["body"], "msg": "No"}]}, {}),
    "retry-after nan": ({"error": {"message": "No"}}, {"retry-after": "nan"}),
    "retry-after huge": ({"error": {"message": "No"}}, {"retry-after": "9" * 400}),
    "retry-after below 0": ({"error": {"message": "No"}}, {"retry-after": "-5"}),
    "retry-after a digit of another script": (
        {"error": {"message": "No"}},
        {"retry-after": "\u0663"},
    ),
    "retry-after a date of long ago": (
        {"error": {"message": "No"}},
        {"retry-after": "Wed, 21 Oct 1015 07:28:00 GMT"},
    ),
    "retry-after in words": ({"error": {"message": "No"}}, {"retry-after": "soon"}),
    "retry-after-ms in words": ({"error": {"message": "No"}}, {"retry-after-ms": "x"}),
}


# Only a few with 429: if it states no time, a second passes before the model is tried again.
@pytest.mark.parametrize(
    ("name", "status"),
    [*itertools.product(ERRORS, [400, 503]), ("retry-after huge", 429), ("no body", 429)],
)
def test_an_error_of_any_kind_is_told_in_openais_shape(
    farthing: Farthing, strange: FixedUpstream, model: str, name: str, status: int
) -> None:
    said, headers = ERRORS[name]
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    strange.answer = Canned((body,), status=status, headers=headers)
    got = post(farthing.base_url, chat("Hello", model))
    assert got.status == status
    assert got.error["code"] != "internal_error"
    assert got.headers.get("retry-after", "0").isdecimal()


@pytest.mark.parametrize("status", [201, 204, 206, 301, 304, 418, 499, 599])
def test_a_status_of_any_kind(
    farthing: Farthing, strange: FixedUpstream, model: str, status: int
) -> None:
    strange.answer = Canned((b"",) if status in {204, 304} else (b"{}",), status=status)
    got = post(farthing.base_url, chat("Hello", model))
    assert got.status >= 400
    assert got.error["code"] != "internal_error"


def test_after_all_of_this_an_ordinary_answer_is_an_ordinary_answer(
    farthing: Farthing, strange: FixedUpstream, model: str
) -> None:
    strange.answer = Canned((json.dumps(answer()).encode(),))
    got = post(farthing.base_url, chat("Hello", model))
    assert got.json == answer()
    clean(farthing, got)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        ({"message": "Too long for it", "code": 400}, 400, "Too long for it"),
        ({"message": "Slow down", "code": 429}, 429, "Slow down"),
        ({"message": "The provider failed", "code": 502}, 502, "The provider failed"),
        ({"message": "Something failed", "code": "odd"}, 502, "Something failed"),
        ("Something failed", 502, "Something failed"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_error_with_status_200_is_told_as_what_it_is(
    farthing: Farthing,
    strange: FixedUpstream,
    model: str,
    error: Any,
    status: int,
    message: str,
    *,
    stream: bool,
) -> None:
    strange.answer = Canned((json.dumps({"error": error}).encode(),))

    got = post(farthing.base_url, chat("Hello", model, stream=stream))

    assert got.status == status
    assert error_of(got)["message"] == message


def test_an_error_that_begins_a_stream_counts_by_the_status_that_it_states(
    farthing: Farthing, strange: FixedUpstream, model: str
) -> None:
    told = {"error": {"message": "Slow down", "code": 429}, "choices": []}
    strange.answer = Canned((b"data: " + json.dumps(told).encode() + b"\n\n",), EVENTS)

    got = post(farthing.base_url, chat("Hello", model, stream=True))

    assert got.status == 429
    assert error_of(got)["message"] == "Slow down"


def test_a_key_that_is_refused_with_status_200_is_not_told(
    farthing: Farthing, strange: FixedUpstream, model: str
) -> None:
    told = {"error": {"message": "No credits for sk-or-secret", "code": 402}}
    strange.answer = Canned((json.dumps(told).encode(),))

    got = post(farthing.base_url, chat("Hello", model))

    assert got.status == 502
    assert "credits" not in error_of(got)["message"]
