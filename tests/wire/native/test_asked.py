"""What an upstream of the client's own dialect is sent."""

import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.chat import parse_chat
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import translate_request
from router.wire.doors.door import Door
from router.wire.doors.translated import MESSAGES, RESPONSES
from router.wire.native.asked import native_bytes
from router.wire.native.reduced import reduced
from router.wire.native.thoughts import named_answer, own_history
from router.wire.original import Original

Json = dict[str, Any]
TEXTS = st.text(max_size=8) | st.sampled_from(['"model"', "\\u0061", '{"model": "x"}'])
BLOCKS = st.one_of(
    TEXTS.map(lambda text: {"type": "text", "text": text}),
    TEXTS.map(lambda text: {"type": "thinking", "thinking": text, "signature": "c2ln"}),
    TEXTS.map(lambda text: {"type": "server_tool_use", "name": text, "input": {"a": [text, None]}}),
)
MESSAGE = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant"]),
    st.lists(BLOCKS, min_size=1, max_size=3),
)
_NAMES = st.sampled_from(
    "type role content text name input source tools tool_use_id output id summary image_url format".split()
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


def original(body: Json, raw: bytes) -> Original:
    return Original(Dialect.MESSAGES, raw, body)


@given(st.lists(MESSAGE, min_size=1, max_size=5), SPACES)
def test_a_call_is_the_beginning_of_the_next_one(
    messages: list[Json], spaces: tuple[str, str]
) -> None:
    """As bytes, up to the end of the messages: what a provider has cached of it can still be used."""
    sent = []
    for count in range(1, len(messages) + 1):
        body = {"model": "claude", "max_tokens": 9, "messages": messages[:count]}
        raw = json.dumps(body, separators=spaces).encode()
        sent.append(native_bytes(original(body, raw), {}, "claude-x", "up/x", owns_thoughts=True))
        assert sent[-1] == raw.replace(b'"claude"', b'"claude-x"', 1)
    for before, after in pairwise(sent):
        assert after.startswith(before.removesuffix(b"]}"))


@given(st.lists(MESSAGE, min_size=1, max_size=5))
def test_so_it_is_where_thoughts_of_others_are_left_out(messages: list[Json]) -> None:
    told = [
        own_history({"messages": messages[:count]}, Dialect.MESSAGES, "up/x", owns_thoughts=False)
        for count in range(1, len(messages) + 1)
    ]
    for before, after in pairwise(told):
        assert after["messages"][: len(before["messages"])] == before["messages"]


@given(st.lists(MESSAGE, min_size=1, max_size=4))
def test_no_thought_of_another_is_left_and_nothing_else_is_lost(messages: list[Json]) -> None:
    body = {"model": "claude", "max_tokens": 9, "messages": messages}
    told = own_history(body, Dialect.MESSAGES, "up/x", owns_thoughts=False)
    kept = [block for each in told["messages"] for block in each["content"]]
    every = [block for each in messages for block in each["content"]]
    assert kept == [block for block in every if block["type"] != "thinking"]
    assert all(each["content"] for each in told["messages"])
    assert own_history(body, Dialect.MESSAGES, "up/x", owns_thoughts=True) is body


@pytest.mark.parametrize("is_followed", [False, True])
def test_a_budget_to_think_with_is_left_out_until_the_tools_of_another_are_done(
    is_followed: bool,
) -> None:
    """Messages take all that follows the assistant for one message, in however many it is told."""
    call: Json = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    thought: Json = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
    result: Json = {"type": "tool_result", "tool_use_id": "t1", "content": "1"}
    talk: list[Json] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [thought, call]},
        {"role": "user", "content": [result]},
        *([{"role": "user", "content": "And?"}] if is_followed else []),
    ]
    body = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "messages": talk}

    told = own_history(body, Dialect.MESSAGES, "up/x", owns_thoughts=False)

    assert "thinking" not in told
    after = [*talk, {"role": "assistant", "content": "1"}, {"role": "user", "content": "So?"}]
    told = own_history({**body, "messages": after}, Dialect.MESSAGES, "up/x", owns_thoughts=False)
    assert told["thinking"] == body["thinking"]


def test_a_redacted_thought_that_was_named_on_its_way_is_redacted_in_chat_as_well() -> None:
    thought = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
    named = orjson.loads(named_answer(orjson.dumps({"content": [thought]}), "up/x"))
    words = {"type": "text", "text": "Hi"}
    talk = [{"role": "assistant", "content": [*named["content"], words]}]
    body = {"model": "m", "max_tokens": 9, "messages": talk}

    view = orjson.loads(MESSAGES.read(orjson.dumps(body)).chat)
    sent = translate_request(view, Dialect.CHAT, Target(Dialect.MESSAGES, "up/x"))

    assert sent["messages"][0]["content"] == [thought, words]


@pytest.mark.parametrize("dialect", [Dialect.MESSAGES, Dialect.RESPONSES])
@given(st.dictionaries(st.sampled_from("messages input tools system".split()) | _NAMES, ODD))
def test_a_request_of_any_shape_has_a_view_or_is_refused(dialect: Dialect, odd: Json) -> None:
    door = MESSAGES if dialect is Dialect.MESSAGES else RESPONSES
    said: Json = {"messages": [{"role": "user", "content": "Hi"}], "input": "Hi"}
    body = {"model": "auto", "max_tokens": 9, **said, "unheard_of": 1, **odd}
    status = 400
    try:
        parse_chat(door.read(orjson.dumps(body)).chat)
    except ApiError as error:
        status = error.status
    assert status == 400


@given(st.dictionaries(st.sampled_from("messages input tools system text".split()), ODD))
def test_what_is_reduced_is_never_a_mishap(odd: Json) -> None:
    for dialect in (Dialect.MESSAGES, Dialect.RESPONSES):
        assert isinstance(reduced(odd, dialect), dict)


def test_what_chat_has_no_words_for_counts_by_its_length() -> None:
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": ["x" * 900]}
    asked: Json = {
        "model": "auto",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [found]}],
    }
    read = MESSAGES.read(orjson.dumps(asked))
    assert read.chat.count(b"x") > 900
    assert read.original is not None
    assert read.original.unsaid is not None
    assert read.original.unsaid.param == "messages[1].content[0].type"


_PIXEL = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
_SHUT: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
WHOLE: dict[Dialect, Json] = {
    Dialect.MESSAGES: {
        "model": "auto",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Hi"}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "image", "source": _PIXEL},
                    {"type": "image", "source": {"type": "url", "url": "https://a.b/c"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                    {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": "b"}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]},
        ],
        "tools": [{"name": "f", "input_schema": _SHUT, "input_examples": [{"a": "b"}]}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _SHUT}},
        "metadata": {"user_id": "u"},
    },
    Dialect.RESPONSES: {
        "model": "auto",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Hi"},
                    {"type": "input_image", "image_url": "https://a.b/c"},
                    {"type": "input_file", "file_data": "AAAA"},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
        ],
        "tools": [
            {"type": "function", "name": "f", "parameters": _SHUT},
            {"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": "g"}]},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "f"}],
        },
        "text": {"format": {"type": "json_schema", "name": "n", "schema": _SHUT}},
        "reasoning": {"effort": "low"},
    },
}


def _objects_in(tree: Any) -> list[Json]:
    if isinstance(tree, dict):
        return [tree, *(each for value in tree.values() for each in _objects_in(value))]
    return [each for item in tree for each in _objects_in(item)] if isinstance(tree, list) else []


@pytest.mark.parametrize(
    ("dialect", "door"), [(Dialect.MESSAGES, MESSAGES), (Dialect.RESPONSES, RESPONSES)]
)
def test_what_is_not_known_yet_is_left_to_models_of_that_api_wherever_it_is(
    dialect: Dialect, door: Door
) -> None:
    for place in range(len(_objects_in(WHOLE[dialect]))):
        asked = deepcopy(WHOLE[dialect])
        _objects_in(asked)[place]["invented"] = 1

        read = door.read(orjson.dumps(asked))

        assert read.original is not None
        unsaid = read.original.unsaid
        assert unsaid is None or "invented" in str(unsaid.param), unsaid


def test_a_cache_is_filled_without_an_answer_by_models_that_speak_messages() -> None:
    hello = {"role": "user", "content": "Hi"}
    asked = orjson.dumps({"model": "auto", "max_tokens": 0, "messages": [hello]})

    read = MESSAGES.read(asked)

    assert read.original is not None
    assert read.original.unsaid is not None
    assert read.original.unsaid.param == "max_tokens"
    view = parse_chat(read.chat, original=read.original).body
    assert native_bytes(read.original, view, "auto", "", owns_thoughts=True) == asked


def test_a_result_may_name_no_call_where_the_model_speaks_responses() -> None:
    found = {"type": "function_call_output", "name": "look", "output": "x" * 900}
    hello = {"role": "user", "content": "Hi"}

    read = RESPONSES.read(orjson.dumps({"model": "auto", "input": [hello, found]}))

    assert read.original is not None
    assert read.original.unsaid is not None
    assert read.original.unsaid.param == "input[1].call_id"
    assert read.chat.count(b"x") >= 900


_BY_URL = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
_SHOWN = {"type": "input_image", "image_url": "https://example.com/a.png"}
_RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1"}


@pytest.mark.parametrize(
    ("door", "name", "role", "part"),
    [
        (MESSAGES, "messages", "assistant", _BY_URL),
        (MESSAGES, "messages", "assistant", _RESULT),
        (MESSAGES, "messages", "user", {"type": "tool_use", "id": "a", "name": "f", "input": {}}),
        (MESSAGES, "messages", "system", _RESULT),
        (RESPONSES, "input", "assistant", _SHOWN),
    ],
)
def test_what_chat_knows_from_another_role_only_is_left_to_models_of_that_api(
    door: Door, name: str, role: str, part: Json
) -> None:
    hello = {"role": "user", "content": "Hi"}
    said = {"role": role, "content": [part]}
    asked: Json = {"model": "auto", "max_tokens": 9, name: [hello, said, hello]}

    read = door.read(orjson.dumps(asked))

    assert read.original is not None
    assert read.original.unsaid is not None
    assert str(part["type"]).encode() in read.chat
