"""Which conversation a request belongs to: what clients send, and how it begins."""

from typing import Any

import orjson
import pytest

from router.features.session import LEAST_BYTES, name_of, thread_of

ID = "57a121ec-f78c-48c3-a745-e3036a3ecc33"
SYSTEM = {"role": "system", "content": "You are an agent."}
WISH = {"role": "user", "content": "Fix the parser."}
LATER = [{"role": "assistant", "content": "Done."}, {"role": "user", "content": "And the lexer."}]


def thread(
    *messages: dict[str, Any], headers: dict[str, str] | None = None, key: str = "k", **more: Any
) -> str:
    body = {"messages": [*messages], "tools": [{}], **more}
    return thread_of(body, headers or {}, key, len(orjson.dumps(body)))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-session-id": ID}, {}),
        ({"x-claude-code-session-id": ID}, {}),
        ({"session-id": ID}, {}),
        ({"session_id": ID}, {}),
        ({"conversation_id": ID}, {}),
        ({}, {"prompt_cache_key": ID}),
        ({}, {"metadata": {"user_id": f"user_0a1b_account__session_{ID}"}}),
        ({}, {"user": f"user_0a1b_account__session_{ID}"}),
        ({}, {"metadata": {"user_id": f'{{"device_id":"d","session_id":"{ID}"}}'}}),
        ({"x-session-id": ID, "session_id": "other"}, {"prompt_cache_key": "another"}),
    ],
)
def test_clients_name_their_conversations_in_many_ways(
    headers: dict[str, str], body: dict[str, Any]
) -> None:
    assert name_of(body, headers) == ID


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "alice"},
        {"user": "{session"},
        {"user": '["session_id"]'},
        {"metadata": {"user_id": 7}},
        {"metadata": None},
        {"prompt_cache_key": "x" * 300},
        {"prompt_cache_key": ["x"]},
    ],
)
def test_what_names_no_conversation_is_no_name(body: dict[str, Any]) -> None:
    assert name_of(body, {"x-session-id": "  "}) == ""


def test_without_a_name_it_is_known_by_its_beginning() -> None:
    assert thread(SYSTEM, WISH) == thread(SYSTEM, WISH, *LATER)
    assert thread(SYSTEM, WISH) != thread(SYSTEM, LATER[1])
    assert thread(SYSTEM, WISH) != thread(WISH)


def test_helpers_under_one_name_are_threads_of_their_own() -> None:
    named = {"x-session-id": "s"}

    assert thread(SYSTEM, WISH, headers=named) != thread(SYSTEM, LATER[1], headers=named)
    assert thread(SYSTEM, WISH, headers=named) != thread(SYSTEM, WISH)


def test_another_keys_conversation_is_another_one() -> None:
    assert thread(SYSTEM, WISH, key="k") != thread(SYSTEM, WISH, key="l")


def test_a_line_that_changes_with_each_call_is_no_part_of_the_beginning() -> None:
    def called(number: int) -> str:
        line = {"type": "text", "text": f"x-anthropic-billing-header: cc_version=2; cch={number};"}
        told = {"type": "text", "text": "You are an agent."}
        return thread({"role": "system", "content": [line, told]}, WISH)

    assert called(1) == called(2)


def test_a_small_request_without_tools_or_name_is_no_conversation() -> None:
    body = {"messages": [WISH]}

    assert thread_of(body, {}, "k", LEAST_BYTES - 1) == ""
    assert thread_of(body, {}, "k", LEAST_BYTES)
    assert thread_of(body, {"session_id": "s"}, "k", LEAST_BYTES - 1) == ""
    assert thread_of(body, {"x-session-id": "s"}, "k", 10)


def test_a_long_beginning_is_known_by_its_length_and_its_ends() -> None:
    words = "word " * 10_000
    wishes = (words, words + "x", "x" + words[1:], words[:-1] + "x")
    threads = {thread(SYSTEM, {"role": "user", "content": wish}) for wish in wishes}
    assert len(threads) == len(wishes)
    assert thread(SYSTEM, {"role": "user", "content": words}, *LATER) in threads


def test_of_a_message_in_thousands_of_parts_the_ends_name_the_conversation() -> None:
    def begun(*texts: str) -> str:
        parts = [{"type": "text", "text": text} for text in texts]
        return thread({"role": "user", "content": parts})

    many = ["a"] * 5000
    assert begun(*many) == begun(*many[:2000], "b", *many[2001:])
    assert begun(*many) != begun("b", *many[1:]) != begun(*many[1:], "b")
