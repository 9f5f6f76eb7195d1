"""What is read from an answer in passing equals what is read from its translation."""

from typing import Any

import orjson
import pytest

from router.pipeline.listener import Listener
from router.wire.answer import EventKind, MalformedAnswer, read_plain
from router.wire.chunks import events_in
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator, event_bytes, translate_answer
from router.wire.native.forms import CHAT_FORM, broken_off
from router.wire.native.in_chat import in_chat
from router.wire.native.reading import AnswerDialect

Json = dict[str, Any]
OWN = pytest.mark.parametrize("dialect", [Dialect.MESSAGES, Dialect.RESPONSES])
HEAD = {"id": "chatcmpl-7", "object": "chat.completion", "created": 5, "model": "m"}
USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 9,
    "total_tokens": 39,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
THOUGHT = {
    "type": "reasoning.text",
    "text": "Hm",
    "signature": "c2ln",
    "format": "up/m",
    "index": 0,
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
SAYING: dict[str, tuple[Json, str]] = {
    "text": ({"content": "Oui, café."}, "stop"),
    "a thought": ({"content": "Oui", "reasoning_details": [THOUGHT]}, "stop"),
    "calls": ({"content": "Wait", "tool_calls": [CALL]}, "tool_calls"),
    "too long": ({"content": "Oui"}, "length"),
    "filtered": ({"content": "Oui"}, "content_filter"),
}


@pytest.fixture(params=SAYING)
def completion(request: pytest.FixtureRequest) -> Json:
    message, reason = SAYING[request.param]
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return {**HEAD, "choices": [choice], "usage": USAGE, "service_tier": "priority"}


def whole(completion: Json, dialect: Dialect) -> bytes:
    source = Target(Dialect.CHAT, origin="up/m")
    return orjson.dumps(translate_answer(completion, source, dialect, AnswerContext(5)))


def stream(completion: Json, dialect: Dialect) -> list[bytes]:
    """The events of a provider that says this."""
    choice = completion["choices"][0]
    message = choice["message"]
    calls = [{**each, "index": at} for at, each in enumerate(message.get("tool_calls", ()))]
    delta = {**message, **({"tool_calls": calls} if calls else {})}
    head = {name: value for name, value in completion.items() if name not in ("choices", "usage")}
    chunks: list[Json] = [
        {**head, "choices": [{"index": 0, "delta": delta}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
        {**head, "choices": [], "usage": completion["usage"]},
    ]
    translator = StreamTranslator(Target(Dialect.CHAT, origin="up/m"), dialect, AnswerContext(5))
    events = [event for chunk in chunks for event in translator.feed(chunk)]
    return [event_bytes(each, dialect) for each in (*events, *translator.end())]


@OWN
def test_of_a_whole_answer(completion: Json, dialect: Dialect) -> None:
    raw = whole(completion, dialect)
    kept, read = AnswerDialect(dialect).plain(raw)
    translated = read_plain(in_chat(raw, dialect, "up/m", is_stream=False))
    assert kept is raw
    for name in ("usage", "finish_reasons", "calls_tools", "service_tier"):
        assert getattr(read, name) == getattr(translated, name), name
    assert read.usage is not None
    assert read.output_chars > 0


@OWN
def test_of_a_stream(completion: Json, dialect: Dialect) -> None:
    passing, translated = Listener(2**20), Listener(2**20)
    events, form = stream(completion, dialect), AnswerDialect(dialect).form()
    passing.hear([form.read(raw) for raw in events])
    passing.ended()
    told = in_chat(b"".join(events), dialect, "up/m", is_stream=True)
    translated.hear([CHAT_FORM.read(raw) for raw in events_in(told)])
    for name in ("usage", "finish_reasons", "calls_tools", "service_tier", "finished"):
        assert getattr(passing, name) == getattr(translated, name), name
    assert (passing.error, passing.done) == ("", events[-1])
    assert b"".join(passing.kept or []) == b"".join(events)


@OWN
def test_thoughts_that_are_shown_count_by_their_length_at_once_as_in_a_stream(
    dialect: Dialect,
) -> None:
    message = {"role": "assistant", **SAYING["a thought"][0]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    completion = {**HEAD, "choices": [choice], "usage": USAGE}
    form = AnswerDialect(dialect).form()

    _, read = AnswerDialect(dialect).plain(whole(completion, dialect))
    told = [form.read(raw) for raw in stream(completion, dialect)]

    assert read.output_chars == sum(each.output_chars for each in told) == len("HmOui")


NO_ADVICE = [{"type": "message", "input_tokens": 5, "output_tokens": 1}]
ADVICE = [*NO_ADVICE, {"type": "advisor_message", "model": "dear", "input_tokens": 900}]


@pytest.mark.parametrize(
    ("calls", "consults"), [(None, False), ("?", False), (NO_ADVICE, False), (ADVICE, True)]
)
def test_an_advisor_that_was_asked_is_seen_whole_and_in_a_stream(
    calls: Any, consults: bool
) -> None:
    usage = {"input_tokens": 5, "output_tokens": 1, "iterations": calls}
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    form, listener = AnswerDialect(Dialect.MESSAGES).form(), Listener(0, dialect=Dialect.MESSAGES)
    listener.hear([form.read(event_bytes(delta, Dialect.MESSAGES))])
    raw = orjson.dumps({"type": "message", "content": [], "usage": usage})

    assert AnswerDialect(Dialect.MESSAGES).plain(raw)[1].consults == consults
    assert listener.heard.consults == consults


@OWN
def test_nothing_has_been_said_before_the_first_word(completion: Json, dialect: Dialect) -> None:
    form = AnswerDialect(dialect).form()
    kinds = [form.read(raw).kind for raw in stream(completion, dialect)]
    assert kinds[0] is EventKind.PREAMBLE
    assert kinds[-1] is EventKind.DONE
    assert kinds.count(EventKind.DONE) == 1
    assert EventKind.CONTENT in kinds
    assert EventKind.USAGE not in kinds


@OWN
@pytest.mark.parametrize("cut", range(1, 4))
def test_a_stream_without_its_last_event_is_not_whole(dialect: Dialect, cut: int) -> None:
    message, reason = SAYING["calls"]
    choice = {"message": {"role": "assistant", **message}, "finish_reason": reason}
    events = stream({**HEAD, "choices": [choice], "usage": USAGE}, dialect)[:-cut]
    form, listener = AnswerDialect(dialect).form(), Listener(0)
    listener.hear([form.read(raw) for raw in events])
    listener.ended()
    assert listener.error_code == "stream_cut"
    with pytest.raises(MalformedAnswer):
        in_chat(b"".join(events), dialect, "up/m", is_stream=True)


@OWN
@pytest.mark.parametrize("raw", [b"data: nonsense\n\n", b"data: [1]\n\n", b"event: x\ndata: 7\n\n"])
def test_what_is_no_event_is_malformed(dialect: Dialect, raw: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        AnswerDialect(dialect).form().read(raw)
    with pytest.raises(MalformedAnswer):
        AnswerDialect(dialect).plain(raw)


@OWN
@pytest.mark.parametrize(
    "raw", [b": alive\n\n", b"event: ping\ndata: {}\n\n", b'data: {"type": 7}\n\n']
)
def test_what_says_nothing_says_nothing(dialect: Dialect, raw: bytes) -> None:
    event = AnswerDialect(dialect).form().read(raw)
    assert (event.kind, event.raw) == (EventKind.PREAMBLE, raw)


def test_an_event_is_read_however_its_lines_end_and_are_ordered() -> None:
    told = b'{"type":"message_stop"}'
    for raw in (
        b"event: message_stop\ndata: " + told + b"\n\n",
        b"event: message_stop\r\ndata: " + told + b"\r\n\r\n",
        b"data: " + told + b"\nevent: message_stop\n\n",
        b"event: message_stop\ndata:" + told + b"\n\n",
        b"event: message_stop\nid: 1\ndata: " + told + b"\n\n",
    ):
        assert AnswerDialect(Dialect.MESSAGES).form().read(raw).kind is EventKind.DONE


def test_an_answer_with_what_chat_cannot_say_has_no_words_in_chat() -> None:
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    raw = orjson.dumps({"type": "message", "content": [use], "stop_reason": "end_turn"})
    with pytest.raises(MalformedAnswer):
        in_chat(raw, Dialect.MESSAGES, "", is_stream=False)


def test_an_upstreams_own_sentence_ends_in_one_full_stop() -> None:
    for said in ("The server had an error.", "the connection broke"):
        assert broken_off(said).message == f"The answer was interrupted: {said.rstrip('.')}."


@pytest.mark.parametrize("odd", [{}, [], 7, None])
def test_types_and_states_that_are_no_text_are_none_that_are_known(odd: Any) -> None:
    """Nor are they mistakes of ours: they may be unhashable."""
    responses, messages = AnswerDialect(Dialect.RESPONSES), AnswerDialect(Dialect.MESSAGES)
    _, answer = responses.plain(orjson.dumps({"output": [{"type": odd}], "status": odd}))
    item = {"type": "response.output_item.added", "item": {"type": odd}}
    block = {"type": "content_block_start", "content_block": {"type": odd}}

    assert not answer.calls_tools
    assert not responses.form().read(event_bytes(item, Dialect.RESPONSES)).calls_tools
    assert not messages.form().read(event_bytes(block, Dialect.MESSAGES)).calls_tools
