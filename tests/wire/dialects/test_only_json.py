"""JSON of any shape, which a model of Messages can only be asked for in words."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.only_json import IN_WORDS, NoJson
from router.wire.dialects.translate import StreamTranslator, translate_answer, translate_request
from tests.wire.dialects.merging import merge

MESSAGES, CHAT = Target(Dialect.MESSAGES, max_output_tokens=9), Dialect.CHAT
ANY_JSON: Any = {"response_format": {"type": "json_object"}}
OCCASION = AnswerContext(now_s=9, only_json=True)
USAGE = {"input_tokens": 7, "output_tokens": 5}
OBJECT = '{"a": "}\\" \\\\", "b": [{"c": {}}]}'
REFUSED: Any = {"type": "refusal", "category": None, "explanation": "That is harmful."}


def _plain(*texts: str, **ending: Any) -> Any:
    """The choice of an answer with these blocks of text, in chat."""
    blocks = [{"type": "text", "text": text} for text in texts]
    return _told([*blocks, *ending.pop("more", ())], **ending)


def _told(blocks: Sequence[Any], **ending: Any) -> Any:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": USAGE}
    answer = {**head, "content": blocks, "stop_reason": "end_turn", **ending}
    return translate_answer(answer, MESSAGES, CHAT, OCCASION)["choices"][0]


def _streamed(bits: Sequence[str], **ending: Any) -> list[dict[str, Any]]:
    """The chunks of an answer whose only block comes in these bits."""
    translator = StreamTranslator(MESSAGES, CHAT, OCCASION)
    begun = {"id": "msg_1", "model": "m", "content": [], "usage": USAGE}
    block = {"type": "text", "text": ""}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": bit}}
        for bit in bits
    ]
    end = {"stop_reason": "end_turn", **ending}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return [chunk for event in events for chunk in translator.feed(event)]


def _choice(chunks: list[dict[str, Any]]) -> Any:
    return merge(Dialect.CHAT, chunks)["choices"][0]


# ------------------------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    ("said", "system"),
    [
        ([], IN_WORDS),
        ([{"role": "system", "content": "Be brief."}], f"Be brief.\n\n{IN_WORDS}"),
        (
            [{"role": role, "content": "Be brief."} for role in ("system", "developer")],
            [{"type": "text", "text": text} for text in ("Be brief.", "Be brief.", IN_WORDS)],
        ),
    ],
)
def test_the_wish_comes_last_in_the_system_prompt(said: list[Any], system: Any) -> None:
    body = {"model": "m", "messages": [*said, {"role": "user", "content": "Hi"}], **ANY_JSON}

    told = translate_request(body, Dialect.CHAT, MESSAGES)

    assert told["system"] == system
    assert "output_config" not in told


# ----------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize(
    "text",
    [
        OBJECT,
        f"```json\n{OBJECT}\n```",
        f"Here is what you {{asked}} for, of the set {{1, 2}}:\n\n{OBJECT}\nAnything else? {{}}",
        f"  {OBJECT}\n",
    ],
)
def test_only_the_object_is_told(text: str) -> None:
    whole = {"role": "assistant", "content": OBJECT}
    for choice in (_plain(text), _plain(text[:20], text[20:]), _choice(_streamed(list(text)))):
        assert {"role": "assistant", "content": choice["message"]["content"]} == whole
        assert choice["finish_reason"] == "stop"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), _JSON),
    st.sampled_from(["", "```json\n", "Sure {:} ", "{ "]),
    st.lists(st.integers(0, 200), max_size=6),
)
def test_no_object_depends_on_the_bits_in_which_it_comes(
    value: dict[str, Any], before: str, cuts: list[int]
) -> None:
    text = f"{before}{json.dumps(value)}\n```"
    ends = sorted({min(cut, len(text)) for cut in cuts})
    bits = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]

    for choice in (_plain(text), _choice(_streamed(bits))):
        assert json.loads(choice["message"]["content"]) == value


def test_each_bit_of_the_object_is_told_at_once() -> None:
    chunks = _streamed(["```json\n{", '"a": ', "1}", "\n```"])

    deltas = [each["choices"][0]["delta"].get("content") for each in chunks if each["choices"]]
    assert [delta for delta in deltas if delta] == ['{"a": ', "1}"]


@pytest.mark.parametrize(
    "text",
    ["I see no JSON.", '[{"a": 1}]', "[]", "", "The set {1, 2}", "{ "],
)
def test_an_answer_without_an_object_is_a_failure_that_says_what_was_used(text: str) -> None:
    for answered in (lambda: _plain(text), lambda: _streamed(list(text))):
        with pytest.raises(NoJson, match="asked for a JSON object") as failed:
            answered()
        assert failed.value.usage == Usage(uncached_input_tokens=7, output_tokens=5)


@pytest.mark.parametrize("text", ['{"a": 1,}', '{"a": '])
def test_an_object_that_is_no_json_is_a_failure_unless_the_client_has_seen_it(text: str) -> None:
    with pytest.raises(NoJson):
        _plain(text)
    assert _choice(_streamed(list(text)))["message"]["content"] == text


def test_an_answer_that_was_cut_off_is_told_as_far_as_it_came() -> None:
    for choice in (
        _plain('```json\n{"a": "b', stop_reason="max_tokens"),
        _choice(_streamed(["```json\n", '{"a": "b'], stop_reason="max_tokens")),
    ):
        assert (choice["message"]["content"], choice["finish_reason"]) == ('{"a": "b', "length")
    cut = _plain('{"a": ', stop_reason="stop_sequence", stop_sequence="1")
    assert (cut["message"]["content"], cut["finish_reason"]) == ('{"a": ', "stop")


@pytest.mark.parametrize(
    ("text", "details", "words"),
    [
        ("I cannot help with {this}.", None, "I cannot help with {this}."),
        ("I cannot help.", REFUSED, "That is harmful."),
        ("", None, None),
    ],
)
def test_words_of_a_refusal_are_not_lost(text: str, details: Any, words: str | None) -> None:
    ending = {"stop_reason": "refusal", "stop_details": details}
    for choice in (_plain(text, **ending), _choice(_streamed(list(text), **ending))):
        assert (choice["message"]["content"] or None, choice["finish_reason"]) == (
            None,
            "content_filter",
        )
        assert (choice["message"].get("refusal") or None) == words


def test_a_call_needs_no_object_beside_it_and_thoughts_are_kept() -> None:
    thought = {"type": "thinking", "thinking": "Hm {}.", "signature": "s"}
    tool = {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}
    said = {"type": "text", "text": "I look it up."}

    called = _told([thought, said, tool], stop_reason="tool_use")

    assert called["message"]["content"] is None
    assert called["message"]["reasoning_content"] == "Hm {}."
    assert called["message"]["tool_calls"][0]["function"]["name"] == "f"
    assert called["finish_reason"] == "tool_calls"
