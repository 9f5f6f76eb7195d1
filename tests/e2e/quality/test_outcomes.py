"""What an answer shows of its quality is noted, apart from what anybody says of it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import fixed_model, ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import Got, chat, post

CITY: Mapping[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
WANTS_CITY: Mapping[str, Any] = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
}
WEATHER: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
        },
    },
}
OFFERS_WEATHER: Mapping[str, Any] = {"tools": [WEATHER]}


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_fixed: FixedUpstream
) -> Iterator[Farthing]:
    config = write_config(
        tmp_path_factory.mktemp("outcomes"),
        shared_fixed.base_url,
        models={"fixed": fixed_model("sim")},
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


def completion(message: Mapping[str, Any], finish_reason: str = "stop") -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": finish_reason,
    }
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "fixed"}
    return json.dumps({**head, "choices": [choice]}).encode()


def stream(deltas: Sequence[Mapping[str, Any]], finish_reason: str = "stop") -> tuple[bytes, ...]:
    parts: list[tuple[Mapping[str, Any], str | None]] = [(delta, None) for delta in deltas] + [
        ({}, finish_reason)
    ]
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "fixed"}
    events = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in parts
    ]
    return (
        *(b"data: %s\n\n" % json.dumps(event).encode() for event in events),
        b"data: [DONE]\n\n",
    )


def ask(
    farthing: Farthing,
    fixed: FixedUpstream,
    message: Mapping[str, Any],
    finish_reason: str = "stop",
    **fields: Any,
) -> Got:
    """The answer to a new question, which says `message`, in one piece or as a stream."""
    fixed.answer = Canned((completion(message, finish_reason),))
    if fields.get("stream"):
        fixed.answer = Canned(stream([message], finish_reason), "text/event-stream")
    got = post(farthing.base_url, chat(f"Question {next(_NUMBERS)}", "fixed", **fields))
    assert got.status == 200, got
    return got


_NUMBERS = iter(range(10_000))


def noted(farthing: Farthing, got: Got) -> dict[str, tuple[float, str]]:
    """Score and reason by source, of a request's answer."""
    with closing(sqlite3.connect(ledger_of(farthing.config), timeout=10)) as connection:
        query = "SELECT source, score, reason FROM outcomes WHERE request_id = ?"
        rows = connection.execute(query, (got.headers["x-request-id"],)).fetchall()
    return {source: (score, reason) for source, score, reason in rows}


def soon(farthing: Farthing, got: Got) -> dict[str, tuple[float, str]]:
    """The same, as soon as there is something."""
    until(lambda: bool(noted(farthing, got)))
    return noted(farthing, got)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("content", "score", "reason"),
    [
        ('{"name": "Lyon", "people": 520774}', 1.0, ""),
        ('{"name": "Lyon"}', 0.0, "the content does not match the schema"),
        ('{"name": "Lyon", "people": 5, "river": 1}', 0.0, "the content does not match the schema"),
        ("Lyon, 520774", 0.0, "the content is not JSON"),
        ("", 0.0, "the content is not JSON"),
    ],
)
def test_json_is_held_against_the_schema_that_was_asked_for(
    farthing: Farthing,
    fixed: FixedUpstream,
    *,
    streamed: bool,
    content: str,
    score: float,
    reason: str,
) -> None:
    got = ask(farthing, fixed, {"content": content}, stream=streamed, **WANTS_CITY)
    assert soon(farthing, got) == {"schema": (score, reason)}


@pytest.mark.parametrize(("content", "score"), [("{}", 1.0), ("[]", 0.0), ('{"a": ', 0.0)])
def test_where_any_json_object_will_do_it_must_be_one(
    farthing: Farthing, fixed: FixedUpstream, content: str, score: float
) -> None:
    wanted: Mapping[str, Any] = {"response_format": {"type": "json_object"}}
    got = ask(farthing, fixed, {"content": content}, **wanted)
    assert soon(farthing, got)["schema"][0] == score


def call(name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": function}]}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("name", "arguments", "score", "reason"),
    [
        ("weather", '{"place": "Lyon"}', 1.0, ""),
        (
            "weather",
            '{"city": "Lyon"}',
            0.0,
            "the input of a tool call does not match the schema",
        ),
        ("weather", '{"place": ', 0.0, "the input of a tool call is not JSON"),
        ("forecast", '{"place": "Lyon"}', 0.0, "a tool was called that was not offered"),
    ],
)
def test_a_call_is_held_against_the_tools_that_were_offered(
    farthing: Farthing,
    fixed: FixedUpstream,
    *,
    streamed: bool,
    name: str,
    arguments: str,
    score: float,
    reason: str,
) -> None:
    message = call(name, arguments)
    got = ask(farthing, fixed, message, "tool_calls", stream=streamed, **OFFERS_WEATHER)
    assert soon(farthing, got) == {"tool_call": (score, reason)}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_is_noted_and_its_content_is_not_held_against_a_schema(
    farthing: Farthing, fixed: FixedUpstream, streamed: bool
) -> None:
    got = ask(farthing, fixed, {"refusal": "I will not."}, stream=streamed, **WANTS_CITY)
    assert soon(farthing, got) == {"refusal": (0.0, "the model refused")}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_filtered_answer_is_noted(
    farthing: Farthing, fixed: FixedUpstream, streamed: bool
) -> None:
    got = ask(farthing, fixed, {"content": "It is"}, "content_filter", stream=streamed)
    assert soon(farthing, got) == {"refusal": (0.0, "the answer was filtered")}


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_was_cut_off_tells_at_whose_limit(
    farthing: Farthing, fixed: FixedUpstream, streamed: bool
) -> None:
    said = {"content": '{"name": "Ly'}
    at_ours = ask(farthing, fixed, said, "length", stream=streamed, max_tokens=5, **WANTS_CITY)
    at_its = ask(farthing, fixed, said, "length", stream=streamed, **WANTS_CITY)

    assert soon(farthing, at_ours) == {"truncation": (0.0, "cut off at the request's own limit")}
    assert soon(farthing, at_its) == {"truncation": (0.0, "cut off at the model's limit")}


def test_an_answer_of_which_nothing_can_be_told_has_no_outcome(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    plain = ask(farthing, fixed, {"content": "Lyon"})
    with_tools = ask(farthing, fixed, {"content": "Lyon"}, **OFFERS_WEATHER)
    streamed = ask(farthing, fixed, {"content": "Lyon"}, stream=True, **OFFERS_WEATHER)
    last = ask(farthing, fixed, {"content": "{}"}, response_format={"type": "json_object"})

    soon(farthing, last)  # which was written after the others
    assert noted(farthing, plain) == noted(farthing, with_tools) == noted(farthing, streamed) == {}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_large_answer_is_looked_at_as_well(
    farthing: Farthing, fixed: FixedUpstream, streamed: bool
) -> None:
    city = json.dumps({"name": "L" * 50_000, "people": 1})
    got = ask(farthing, fixed, {"content": city}, stream=streamed, **WANTS_CITY)
    assert soon(farthing, got) == {"schema": (1.0, "")}


def test_a_schema_that_unfolds_without_end_holds_nobody_up(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    twice = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(60)}
    schema = {"$ref": "#/$defs/a0", "$defs": {**twice, "a60": {"type": "object"}}}
    named = {"json_schema": {"name": "endless", "schema": schema}}
    wanted: Mapping[str, Any] = {"response_format": {"type": "json_schema", **named}}
    endless = ask(farthing, fixed, {"content": "{}"}, **wanted)
    last = ask(farthing, fixed, {"content": "{}"}, response_format={"type": "json_object"})

    assert soon(farthing, last) == {"schema": (1.0, "")}
    assert noted(farthing, endless) == {}


def test_no_words_of_question_or_answer_are_kept(farthing: Farthing, fixed: FixedUpstream) -> None:
    got = ask(farthing, fixed, call("quokka", '{"wombat": 1}'), "tool_calls", **OFFERS_WEATHER)
    soon(farthing, got)
    ledger = ledger_of(farthing.config)
    kept = b"".join(each.read_bytes() for each in ledger.parent.glob("ledger.db*"))
    assert b"quokka" not in kept
    assert b"wombat" not in kept


# ------------------------------------------------------------------------------- asked again


def converse(farthing: Farthing, fixed: FixedUpstream, *texts: str, **fields: Any) -> Got:
    """A conversation in which user and assistant take turns, and the user has the last word."""
    fixed.answer = Canned((completion({"content": "Lyon"}),))
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    return post(farthing.base_url, {"model": "fixed", "messages": messages, **fields})


def test_a_question_that_is_asked_again_says_that_its_answer_did_not_do(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    first = converse(farthing, fixed, "Where is the Croix-Rousse?")
    again = converse(farthing, fixed, "Where is the Croix-Rousse?", temperature=0.5, seed=7)

    assert soon(farthing, first) == {"retry": (0.0, "the same question was asked again after 0 s")}
    third = converse(farthing, fixed, "Where is the Croix-Rousse?")
    assert soon(farthing, again)["retry"][0] == 0.0
    assert noted(farthing, third) == {}


def test_a_question_that_is_repeated_after_its_answer_says_so_too(
    farthing: Farthing, fixed: FixedUpstream
) -> None:
    first = converse(farthing, fixed, "Who built Fourviere?")
    converse(farthing, fixed, "Who built Fourviere?", "Lyon", "Who built Fourviere?")
    assert soon(farthing, first)["retry"][0] == 0.0


def test_a_conversation_that_goes_on_is_no_retry(farthing: Farthing, fixed: FixedUpstream) -> None:
    first = converse(farthing, fixed, "Which rivers meet in Lyon?")
    converse(farthing, fixed, "Which rivers meet in Lyon?", "Lyon", "Thanks! How long are they?")
    others = converse(farthing, fixed, "Which rivers meet in Lyon?", user="somebody else")
    last = ask(farthing, fixed, {"content": "{}"}, response_format={"type": "json_object"})

    soon(farthing, last)
    assert noted(farthing, first) == noted(farthing, others) == {}


def test_to_say_go_on_twice_is_no_retry(farthing: Farthing, fixed: FixedUpstream) -> None:
    talk = ["Tell me of Lyon, street by street.", "Lyon", "Go on, please!"]
    first = converse(farthing, fixed, *talk)
    converse(farthing, fixed, *talk, "Lyon", "Go on, please!")
    last = ask(farthing, fixed, {"content": "{}"}, response_format={"type": "json_object"})

    soon(farthing, last)
    assert noted(farthing, first) == {}


def test_results_of_tools_are_no_retry(farthing: Farthing, fixed: FixedUpstream) -> None:
    fixed.answer = Canned((completion({"content": "Lyon"}),))
    called = [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    body = {
        "model": "fixed",
        "messages": [
            {"role": "user", "content": "Go on."},
            {"role": "assistant", "tool_calls": called},
            {"role": "tool", "tool_call_id": "t", "content": "done"},
        ],
    }
    first = post(farthing.base_url, body)
    post(farthing.base_url, body)
    soon(farthing, ask(farthing, fixed, {"content": "{}"}, response_format={"type": "json_object"}))
    assert noted(farthing, first) == {}


def test_who_gets_the_stored_answer_again_has_nothing_against_it(
    tmp_path: Path, fixed: FixedUpstream
) -> None:
    models = {"fixed": fixed_model("sim")}
    fixed.answer = Canned((completion({"content": "Lyon"}),))
    with Farthing(write_config(tmp_path, fixed.base_url, models=models)) as farthing:
        body = chat("Where is Bellecour?", "fixed")
        got = [post(farthing.base_url, body) for _ in range(3)]
        anew = post(farthing.base_url, body, {"cache-control": "no-cache"})
    found = [each.headers["x-farthing-cache"] for each in (*got, anew)]
    assert found == ["miss", "hit", "hit", "miss"]
    assert [set(noted(farthing, each)) for each in (*got, anew)] == [set(), set(), {"retry"}, set()]


@pytest.mark.parametrize(
    ("outcomes", "noted_sources"),
    [({"automatic": False}, set()), ({"retry_window_s": 0}, {"schema"})],
)
def test_what_is_noted_can_be_switched_off(
    tmp_path: Path,
    fixed: FixedUpstream,
    outcomes: Mapping[str, Any],
    noted_sources: set[str],
) -> None:
    config = write_config(
        tmp_path,
        fixed.base_url,
        models={"fixed": fixed_model("sim")},
        cache={"url": "off"},
        outcomes=dict(outcomes),
    )
    fixed.answer = Canned((completion({"content": "{}"}),))
    with Farthing(config) as farthing:
        body = chat("Twice", "fixed", response_format={"type": "json_object"})
        got = [post(farthing.base_url, body) for _ in range(2)]
    # It has ended in good order, so all that was to be written is.
    assert [set(noted(farthing, each)) for each in got] == [noted_sources] * 2
