"""Sessions of coding agents through the doors: every turn is answered, and nothing said before changes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from router.wire.dialects.dialect import Dialect
from tests.e2e.clients.coding_agents import PROSE, TASK, ClaudeCode, Codex, Upstream
from tests.e2e.configs import fixed_model, write_config
from tests.e2e.doors import MESSAGES, RESPONSES, Knock, events_of
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream
from tests.e2e.wire import send
from tests.simulated.openapi import validator
from tests.wire.dialects.merging import merge

TURNS = (
    Upstream(1, calls=1, thought="I should read the parser."),
    Upstream(2, calls=3, thought="Now its tests.", text="Let me look at the tests."),
    Upstream(3, calls=2),
    Upstream(4, calls=0, thought="Done.", text="A quote was not closed; now it is."),
)


@pytest.fixture(scope="module")
def routed(
    tmp_path_factory: pytest.TempPathFactory, shared_fixed: FixedUpstream
) -> Iterator[Farthing]:
    """One model, behind the names that coding agents ask for."""
    config = write_config(
        tmp_path_factory.mktemp("agents"),
        shared_fixed.base_url,
        models={"fixed": {**fixed_model("sim"), "capabilities": ["tools", "vision", "files"]}},
        policies={"routes": {"claude-*": "cheap", "gpt-5-codex": "balanced"}},
    )
    with Farthing(config) as running:
        yield running


def turn_of(
    farthing: Farthing, fixed: FixedUpstream, session: Any, door: Knock, said: Upstream
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The events that an agent gets, and the chat request that an upstream got."""
    fixed.answer = Canned(said.stream(), "text/event-stream")
    body = json.dumps(session.body()).encode()
    assert 20_000 < len(body) < 100_000
    got = send(farthing.base_url + session.path, body, headers=session.headers)
    assert got.status == 200, got
    events = events_of(got)
    for event in events:
        door.check_event(event)
    arrived: dict[str, Any] = json.loads(fixed.arrived[-1].body)
    return events, arrived


@pytest.mark.parametrize(
    ("kind", "door"), [(ClaudeCode, MESSAGES), (Codex, RESPONSES)], ids=["claude", "codex"]
)
def test_a_session_of_several_turns_is_answered_and_its_past_stays_byte_for_byte(
    routed: Farthing, fixed: FixedUpstream, kind: Any, door: Knock
) -> None:
    session, before = kind(), dict[str, Any]()
    for said in TURNS:
        events, arrived = turn_of(routed, fixed, session, door, said)
        faults = validator("CreateChatCompletionRequest").iter_errors(arrived)
        assert [fault.message for fault in faults if "reasoning_content" not in fault.message] == []
        assert session.take(events) == len(said.names)
        assert_goes_on(before, arrived)
        before = arrived
    assert len(fixed.arrived) == len(TURNS)


def assert_goes_on(before: dict[str, Any], now: dict[str, Any]) -> None:
    """The bytes of the prompt so far are the beginning of the prompt now."""
    if not before:
        return
    assert json.dumps(now["tools"]) == json.dumps(before["tools"])
    assert len(now["messages"]) > len(before["messages"])
    assert json.dumps(now["messages"]).startswith(json.dumps(before["messages"])[:-1])


class NewerClaudeCode(ClaudeCode):
    """It names its session in a header as well, and in JSON among the metadata."""

    headers: ClassVar[Mapping[str, str]] = {
        **ClaudeCode.headers,
        "x-claude-code-session-id": "0199a213-81c0-7800-8aa1-bbab2a035a53",
    }


@pytest.mark.parametrize(
    ("kind", "door"),
    [(ClaudeCode, MESSAGES), (NewerClaudeCode, MESSAGES), (Codex, RESPONSES)],
    ids=["claude", "newer-claude", "codex"],
)
def test_a_wish_is_decided_and_the_results_of_its_tools_go_to_who_has_called_them(
    routed: Farthing, fixed: FixedUpstream, kind: Any, door: Knock
) -> None:
    session, reasons, answered_by = kind(), [], set()
    for said in (TURNS[0], TURNS[2], TURNS[3]):
        fixed.answer = Canned(said.stream(), "text/event-stream")
        body = json.dumps(session.body()).encode()
        headers = {**session.headers, "cache-control": "no-store"}
        got = send(routed.base_url + session.path, body, headers=headers)
        session.take(events_of(got))
        reasons.append(got.headers["x-farthing-reason"].partition(";")[0])
        answered_by.add(got.headers["x-farthing-model"])
    assert reasons[0] in ("cheapest-adequate", "best-available")
    assert reasons[1:] == ["session", "session"]
    assert len(answered_by) == 1


@pytest.mark.parametrize(
    ("kind", "door"), [(ClaudeCode, MESSAGES), (Codex, RESPONSES)], ids=["claude", "codex"]
)
def test_a_turn_is_answered_in_one_piece_where_no_stream_is_wanted(
    routed: Farthing, fixed: FixedUpstream, kind: Any, door: Knock
) -> None:
    session = kind()
    events, _ = turn_of(routed, fixed, session, door, TURNS[1])
    session.take(events)
    chunks = [json.loads(each[6:]) for each in TURNS[3].stream()[:-1]]
    whole = json.dumps(merge(Dialect.CHAT, chunks)).encode()
    fixed.answer = Canned((whole,))
    body = json.dumps({**session.body(), "stream": False}).encode()
    headers = {**session.headers, "cache-control": "no-store"}
    got = send(routed.base_url + session.path, body, headers=headers)
    assert got.status == 200, got
    door.check_answer(got.json)
    assert door.text(got.json).strip() == "A quote was not closed; now it is."
    assert got.headers["x-farthing-reason"].startswith("session; ")


CHORES: list[tuple[Knock, dict[str, Any]]] = [
    (
        MESSAGES,
        {
            "system": "Write a short title for this coding session. Answer with a JSON object that has a field title.",
            "messages": [{"role": "user", "content": TASK}],
        },
    ),
    (
        RESPONSES,
        {
            "instructions": PROSE * 20,
            "input": [
                {"role": "user", "content": TASK},
                {"role": "assistant", "content": "It was a quote that was not closed."},
                {
                    "role": "user",
                    "content": "You are performing a context checkpoint compaction. Write a handoff summary for"
                    " another model that takes the task over.",
                },
            ],
        },
    ),
]


@pytest.mark.parametrize(("door", "asked"), CHORES, ids=["a-title", "a-compaction"])
def test_a_chore_goes_to_the_cheapest_that_is_good_enough_for_it(
    farthing: Farthing, door: Knock, asked: dict[str, Any]
) -> None:
    body = {**door.body(TASK), **asked}
    got = send(farthing.base_url + door.path, json.dumps(body).encode())
    reason = got.headers["x-farthing-reason"]
    assert (got.status, got.headers["x-farthing-model"]) == (200, "sim-open-8b"), reason
    assert reason.startswith("cheapest-adequate; housekeeping")


def test_what_claude_code_sends_is_chat_for_the_model_that_answers(
    routed: Farthing, fixed: FixedUpstream
) -> None:
    session = ClaudeCode()
    for said in TURNS[:2]:
        events, arrived = turn_of(routed, fixed, session, MESSAGES, said)
        session.take(events)
    _, arrived = turn_of(routed, fixed, session, MESSAGES, TURNS[2])
    roles = [message["role"] for message in arrived["messages"]]
    assert roles == [
        *("system", "user"),
        *("assistant", "tool", "user"),
        *("assistant", "tool", "tool", "tool", "user", "user"),
    ]
    assert "cache_control" not in json.dumps(arrived)
    assert (arrived["max_completion_tokens"], arrived["reasoning_effort"]) == (32000, "high")
    system, asked, first = arrived["messages"][:3]
    assert PROSE in json.dumps(system)
    assert TASK in json.dumps(asked)
    assert first["tool_calls"][0]["function"] == {
        "name": "Read",
        "arguments": '{"path":"src/0.py"}',
    }
    assert first["reasoning_content"] == "I should read the parser. "
    calls = [call["id"] for call in arrived["messages"][5]["tool_calls"]]
    results = arrived["messages"][6:9]
    assert (
        [message["tool_call_id"] for message in results]
        == calls
        == ["call_2_0", "call_2_1", "call_2_2"]
    )
    assert "No such file" in json.dumps(results[1])
    assert arrived["messages"][9]["content"][0]["type"] == "image_url"


def test_what_codex_sends_is_chat_for_the_model_that_answers(
    routed: Farthing, fixed: FixedUpstream
) -> None:
    session = Codex()
    events, arrived = turn_of(routed, fixed, session, RESPONSES, TURNS[1])
    roles = [message["role"] for message in arrived["messages"]]
    assert roles == ["system", "developer", "user", "user"]
    assert {"store", "include", "client_metadata", "verbosity", "text"}.isdisjoint(arrived)
    assert [tool["type"] for tool in arrived["tools"]][-2:] == ["function", "custom"]
    assert arrived["tools"][-2]["function"]["name"] == "multi_agent_v1__spawn_agent"
    assert arrived["reasoning_effort"] == "medium"
    session.take(events)
    done = events[-1]["response"]
    assert [item["type"] for item in done["output"]] == [
        *("reasoning", "message", "function_call", "function_call", "function_call")
    ]
    assert done["usage"]["input_tokens_details"]["cached_tokens"] == 8000
    _, arrived = turn_of(routed, fixed, session, RESPONSES, TURNS[3])
    calls = arrived["messages"][4]["tool_calls"]
    results = arrived["messages"][5:]
    assert [each["tool_call_id"] for each in results] == [call["id"] for call in calls]
