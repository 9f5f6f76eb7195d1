"""An answer that passed through in its own dialect, as chat: to be stored, and for whatever inspects answers."""

from collections.abc import Iterator

import orjson

from router.wire.answer import MalformedAnswer
from router.wire.chunks import events_in
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator, event_bytes, translate_answer
from router.wire.native.forms import event_in, object_in

_ASKED = {"stream_options": {"include_usage": True}}


def in_chat(
    body: bytes, dialect: Dialect, origin: str, *, is_stream: bool, now_s: float = 0.0
) -> bytes:
    """A whole answer of `origin`, or the events of a stream without `[DONE]`, converted to chat.

    `now_s` is Unix time: Messages do not say when they were written. Raises MalformedAnswer for what
    chat cannot express.
    """
    if dialect is Dialect.CHAT:
        return body
    source, answer_context = Target(dialect, origin), AnswerContext(int(now_s), _ASKED)
    if is_stream:
        return b"".join(_events(body, source, answer_context))
    answer = object_in(body, "the answer")
    return orjson.dumps(translate_answer(answer, source, Dialect.CHAT, answer_context))


def _events(body: bytes, source: Target, answer_context: AnswerContext) -> Iterator[bytes]:
    translator = StreamTranslator(source, Dialect.CHAT, answer_context)
    for raw in events_in(body):
        if event := event_in(raw):
            for chunk in translator.feed(event):
                yield event_bytes(chunk, Dialect.CHAT)
    if translator.end():
        raise MalformedAnswer("the stream is incomplete")
