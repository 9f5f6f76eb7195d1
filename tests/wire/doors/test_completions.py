"""The legacy API: a text in, a text out, and chat in between."""

import json
from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.doors.completions import COMPLETIONS
from router.wire.doors.stream_conversion import StreamConversion

HEAD = {"id": "chatcmpl-7", "object": "chat.completion", "created": 5, "model": "m"}


def view(**fields: Any) -> dict[str, Any]:
    """The chat view of a request with these fields."""
    body = {"model": "auto", "prompt": "Say hello", **fields}
    read: dict[str, Any] = json.loads(COMPLETIONS.read(json.dumps(body).encode()).chat)
    return read


def refused(**fields: Any) -> tuple[str | None, str, str]:
    with pytest.raises(ApiError) as raised:
        view(**fields)
    return raised.value.param, raised.value.code, raised.value.message


def chunk(**choice: Any) -> bytes:
    return b"data: " + json.dumps({**HEAD, "choices": [{"index": 0, **choice}]}).encode() + b"\n\n"


def said(pieces: list[bytes]) -> list[Any]:
    """What a chat stream becomes, event by event; `[DONE]` is unchanged."""
    stream_conversion = StreamConversion(
        COMPLETIONS.read(b'{"model": "m", "prompt": "p"}').event_writer(9)
    )
    whole = b"".join(map(stream_conversion.feed, pieces)) + stream_conversion.end()
    data = [event.removeprefix("data: ") for event in whole.decode().split("\n\n") if event]
    return [each if each[0] in "[:" else json.loads(each) for each in data]


def test_a_prompt_is_what_a_user_says() -> None:
    assert view(temperature=0, stop=["."]) == {
        "model": "auto",
        "messages": [{"role": "user", "content": "Say hello"}],
        "max_completion_tokens": 16,
        "temperature": 0,
        "stop": ["."],
    }


def test_a_list_of_one_prompt_is_that_prompt() -> None:
    assert view(prompt=["Say hello"]) == view()


def test_a_limit_is_kept_and_the_usual_one_is_that_of_the_api() -> None:
    assert view(max_tokens=400)["max_completion_tokens"] == 400
    assert view(max_tokens=None)["max_completion_tokens"] == 16


@pytest.mark.parametrize(
    "nothing",
    [{"suffix": ""}, {"suffix": None}, {"echo": False}, {"logprobs": None}, {"best_of": 1}],
)
def test_what_asks_for_nothing_more_is_no_error(nothing: dict[str, Any]) -> None:
    assert view(**nothing) == view()


def test_as_many_as_are_wanted_may_be_the_best() -> None:
    assert view(best_of=2, n=2)["n"] == 2


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("suffix", "the end", "say in the prompt what should follow"),
        ("echo", True, "prepend the prompt to the answer yourself"),
        ("logprobs", 0, "leave it out"),
        ("logprobs", 1, "leave it out"),
        ("best_of", 3, "request 'n' answers"),
        ("prompt", ["one", "two"], "send one request for each"),
        ("prompt", [1, 2, 3], "send a string"),
        ("prompt", [[1, 2]], "send a string"),
        ("messages", [{"role": "user", "content": "x"}], "/v1/chat/completions"),
        ("tools", [{"type": "function"}], "/v1/chat/completions"),
    ],
)
def test_what_chat_cannot_do_is_refused_by_its_name_with_what_would_be_right(
    name: str, value: Any, remedy: str
) -> None:
    param, code, message = refused(**{name: value})
    assert (param, code) == (name, "unsupported_parameter")
    assert f"'{name}' is not offered here" in message
    assert remedy in message


@pytest.mark.parametrize("prompt", [[], {}, 7, True])
def test_a_prompt_that_is_no_text_is_a_wrong_value(prompt: Any) -> None:
    assert refused(prompt=prompt)[:2] == ("prompt", "invalid_value")


def test_a_prompt_and_a_model_must_be_there() -> None:
    for name in ("prompt", "model"):
        param, code, _ = refused(**{name: None})
        assert (param, code) == (name, "missing_required_parameter")


def test_an_error_of_the_chat_view_names_the_clients_own_field() -> None:
    wrong = ApiError.invalid("max_completion_tokens", "'max_completion_tokens' must be 1.")
    wrong = wrong.with_headers({"a": "b"}).with_more({"innererror": 1})
    own = COMPLETIONS.in_its_words(wrong)
    assert (own.param, own.message) == ("max_tokens", "'max_tokens' must be 1.")
    assert (own.headers, own.more) == ({"a": "b"}, {"innererror": 1})
    other = ApiError.invalid("model", "no.")
    assert COMPLETIONS.in_its_words(other) is other


def test_answers_and_refusals_are_texts_with_what_they_cost() -> None:
    choices = [
        {"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"},
        {"index": 1, "message": {"content": None, "refusal": "No"}, "finish_reason": "length"},
        {"index": 2, "message": {"content": [{"type": "text", "text": "Hi"}]}},
    ]
    asked = COMPLETIONS.read(b'{"model": "m", "prompt": "p"}')
    answer = {**HEAD, "choices": choices, "usage": {"total_tokens": 3}, "farthing": {"a": 1}}
    assert asked.told(answer, 9) == {
        "id": "cmpl-7",
        "object": "text_completion",
        "created": 5,
        "model": "m",
        "choices": [
            {"text": "Hello", "index": 0, "logprobs": None, "finish_reason": "stop"},
            {"text": "No", "index": 1, "logprobs": None, "finish_reason": "length"},
            {"text": "Hi", "index": 2, "logprobs": None, "finish_reason": None},
        ],
        "usage": {"total_tokens": 3},
        "farthing": {"a": 1},
    }


def test_a_stream_is_told_in_its_own_shape_and_says_nothing_of_roles() -> None:
    told = said(
        [
            chunk(delta={"role": "assistant", "content": ""}),
            b": a comment\n\n",
            chunk(delta={"content": "Hel"}),
            chunk(delta={"content": "lo"}, index=1),
            chunk(delta={}, finish_reason="stop"),
            b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n',
            b"data: [DONE]\n\n",
        ]
    )
    head = {"id": "cmpl-7", "object": "text_completion", "created": 5, "model": "m"}
    bare = {"logprobs": None, "finish_reason": None}
    assert told == [
        ": a comment",
        {**head, "choices": [{"text": "Hel", "index": 0, **bare}]},
        {**head, "choices": [{"text": "lo", "index": 1, **bare}]},
        {**head, "choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}]},
        {
            "id": "cmpl-0",
            "object": "text_completion",
            "created": 9,
            "model": "",
            "choices": [],
            "usage": {"total_tokens": 3},
        },
        "[DONE]",
    ]


def test_usage_is_told_though_it_comes_with_a_choice_that_says_nothing() -> None:
    head = json.dumps({**HEAD, "usage": {"total_tokens": 3}}).encode()[:-1]
    last = b"data: " + head + b', "choices": [{"index": 0, "delta": {}}]}\n\n'

    told = said([chunk(delta={"content": "Hi"}), last, b"data: [DONE]\n\n"])

    assert [each.get("usage") for each in told[:-1]] == [None, {"total_tokens": 3}]
    assert told[1]["choices"][0]["text"] == ""


def test_a_stream_that_breaks_ends_in_an_error_and_says_no_more() -> None:
    error = {"message": "It broke.", "type": "server_error", "param": None, "code": "stream_cut"}
    broken = b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
    told = said([chunk(delta={"content": "Hel"}), broken, b"data: [DONE]\n\n"])
    assert told[1:] == [{"error": error}]


def test_a_stream_that_ends_too_early_or_is_nonsense_ends_in_an_error() -> None:
    (early,) = said([])
    assert (early["error"]["code"], early["error"]["type"]) == ("stream_cut", "server_error")
    for nonsense in (b"data: {\n\n", b"data: 7\n\n", b'data: {"choices": 7}\n\n'):
        (told,) = said([nonsense, chunk(delta={"content": "late"})])
        assert told["error"]["code"] == "malformed_answer"
