"""A request is split into its last words and everything else, and only the latter decides who may share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.wording import MOST_CHARS, Wording, split
from tests.wire.requests import accepted_requests

TENANT = ("team-a",)
USER = {"role": "user", "content": "What is a monad?"}
BODY: dict[str, Any] = {
    "model": "auto",
    "messages": [{"role": "system", "content": "Be brief."}, USER],
}


def parted(body: dict[str, Any], tenant: tuple[str, ...] = TENANT) -> Wording:
    wording = split(body, tenant)
    assert wording is not None
    return wording


def saying(content: Any, **more: Any) -> dict[str, Any]:
    return {**BODY, "messages": [BODY["messages"][0], {**USER, "content": content}], **more}


def test_only_the_last_words_are_left_out_of_the_scope() -> None:
    assert parted(saying("Explain monads.")).scope == parted(BODY).scope
    assert parted(saying("Explain monads.")).text == "Explain monads."


@pytest.mark.parametrize(
    "said",
    [
        {"model": "another"},
        {"stream": True},
        {"user": "u"},
        {"temperature": 1.0},
        {"tools": [], "tool_choice": "auto"},
        {"modalities": ["text"]},
        {"messages": [BODY["messages"][0], {**USER, "name": None}]},
        {"messages": [BODY["messages"][0], {**USER, "content": [{"type": "text", "text": "Hi"}]}]},
    ],
)
def test_what_does_not_change_the_answer_is_in_no_scope(said: dict[str, Any]) -> None:
    assert parted({**BODY, **said}).scope == parted(BODY).scope


@pytest.mark.parametrize(
    "said",
    [
        {"temperature": 0},
        {"seed": 1},
        {"max_tokens": 5},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "function", "function": {"name": "search"}}]},
        {"something_new": 1},
        {"messages": [{"role": "system", "content": "Be long."}, USER]},
        {"messages": [BODY["messages"][0], {**USER, "name": "Ann"}]},
        {"messages": [*BODY["messages"], {"role": "assistant", "content": "?"}, USER]},
        {"messages": [USER]},
    ],
)
def test_requests_that_differ_in_anything_else_share_nothing(said: dict[str, Any]) -> None:
    assert parted({**BODY, **said}).scope != parted(BODY).scope


def test_tenants_share_nothing() -> None:
    scopes = {parted(BODY, tenant).scope for tenant in [("a",), ("b",), ("a", "b"), ("ab",), ()]}

    assert len(scopes) == 5


@pytest.mark.parametrize(
    "body",
    [
        saying(""),
        saying("  \n"),
        saying(None),
        saying("x" * (MOST_CHARS + 1)),
        saying([]),
        saying(
            [{"type": "text", "text": "See:"}, {"type": "image_url", "image_url": {"url": "u"}}]
        ),
        saying([{"type": "text", "text": 1}]),
        saying([{"type": "text", "text": "a", "annotations": ["something new"]}]),
        saying("Go on.", tool_choice="required"),
        saying("Go on.", tool_choice={"type": "function", "function": {"name": "search"}}),
        saying("Go on.", modalities=["text", "audio"]),
        saying("Go on.", web_search_options={}),
        {**BODY, "messages": [USER, {"role": "tool", "content": "42", "tool_call_id": "1"}]},
        {**BODY, "messages": [USER, {"role": "assistant", "content": "It is"}]},
        {**BODY, "messages": [{"role": "system", "content": "Be brief."}]},
        {**BODY, "messages": [{"role": "system", "content": "x" * 20_001}, USER]},
    ],
)
def test_a_request_of_another_kind_has_no_wording(body: dict[str, Any]) -> None:
    assert split(body, TENANT) is None


def test_a_text_in_parts_is_their_lines() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    assert parted(saying(parts)).text == "one\ntwo"


def test_what_was_said_before_is_there_to_be_read() -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image_url"}]}

    assert parted(BODY).before == "Be brief."
    assert parted({**BODY, "messages": [parts, USER]}).before == "one"


def test_a_wording_does_not_show_its_text() -> None:
    assert "monad" not in repr(parted(BODY))


WORDS = st.text(min_size=1, max_size=50).filter(str.strip)


@given(body=accepted_requests(), words=st.none() | WORDS, text=WORDS)
def test_any_request_is_split_or_refused_and_other_words_change_no_scope(
    body: dict[str, Any], words: str | None, text: str
) -> None:
    *earlier, last = body["messages"]
    if words is not None:  # few requests that are made up at random end in a text
        last = {"role": "user", "content": words}
    wording = split({**body, "messages": [*earlier, last]}, TENANT)
    if wording is not None:
        other = {**body, "messages": [*earlier, {**last, "content": text}]}

        assert parted(other) == Wording(text, wording.scope, wording.before)
