"""A chat completion, read."""

from collections.abc import Iterator, Mapping

from router.domain.members import replace
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import Answer, AnswerEnd, AnswerHead, ReportedError, Stop
from router.wire.dialects.chat.parts import CALL, read_call, words_in
from router.wire.dialects.chat.thoughts import NATIVE, read_signature, read_thoughts
from router.wire.dialects.parts import Citation, Part, Refusal, Text, ToolCall
from router.wire.dialects.shape import (
    JsonObject,
    an_object,
    count_of,
    known,
    objects_in,
    text_of,
    time_of,
)
from router.wire.usage import read_usage

NO_ARGUMENTS = "{}"
"""What OpenAI's models write to a function without arguments; some servers write nothing, which is no JSON."""

STOPS: Mapping[str, Stop] = {
    "stop": Stop.END,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOLS,
    "function_call": Stop.TOOLS,
    "content_filter": Stop.FILTER,
}


def read_answer(answer: JsonObject, origin: str = NATIVE) -> Answer:
    """The first choice of a chat completion; unsealed thoughts in it are attributed to `origin`.

    Raises ApiError or MalformedAnswer for anything else.
    """
    choices = list(objects_in(answer.get("choices"), "choices"))
    if not choices:
        raise MalformedAnswer("the upstream's answer has no choices")
    place, choice = choices[0]
    message = an_object(choice.get("message"), f"{place}.message")
    parts = tuple(_parts(message, f"{place}.message", origin))
    calls = any(isinstance(part, ToolCall) for part in parts)
    stop = stop_of(choice.get("finish_reason"), calls=calls)
    end = AnswerEnd(stop, read_usage(answer.get("usage")), text_of(answer, "service_tier", ""))
    return Answer(read_head(answer), parts, end)


def read_head(answer: JsonObject) -> AnswerHead:
    """What an answer, or a chunk of one, says of the answer as a whole; some servers number their answers."""
    given = answer.get("id")
    named = str(given) if isinstance(given, int) else text_of(answer, "id", "")
    return AnswerHead(named, text_of(answer, "model", ""), time_of(answer, "created"))


def stop_of(reason: object, *, calls: bool) -> Stop:
    """Why the model stopped. Some servers say `stop` when a tool is called."""
    stop = STOPS.get(reason, Stop.END) if isinstance(reason, str) else Stop.END
    return Stop.TOOLS if calls and stop is Stop.END else stop


def _parts(message: JsonObject, place: str, origin: str) -> Iterator[Part]:
    yield from read_thoughts(message, place, origin)
    if text := words_in(message.get("content"), f"{place}.content"):
        yield Text(text, citations=tuple(read_citations(message, place)))
    if refusal := text_of(message, "refusal", place):
        yield Refusal(refusal)
    for where, call in objects_in(message.get("tool_calls"), f"{place}.tool_calls"):
        yield from read_signature(call, origin)
        called = read_call(known(call, CALL), where)
        lacks = not (called.arguments or called.is_custom)
        yield replace(called, arguments=NO_ARGUMENTS) if lacks else called


def read_citations(message: JsonObject, place: str) -> Iterator[Citation]:
    """The pages that an answer, or a delta of one, cites."""
    for where, each in objects_in(message.get("annotations"), f"{place}.annotations"):
        if each.get("type") == "url_citation":
            cited = an_object(each.get("url_citation"), where)
            url, title = text_of(cited, "url", where), text_of(cited, "title", where)
            start, end = count_of(cited, "start_index"), count_of(cited, "end_index")
            yield Citation(url, title, start or 0, end or 0)


def read_fault(error: JsonObject, status: int) -> ReportedError:
    """The error object of OpenAI's dialects."""
    code, message = error.get("code"), error.get("message")
    return ReportedError(
        status=status,
        message=message if isinstance(message, str) else "The upstream gave no reason.",
        kind=str(error.get("type") or ""),
        code=None if code is None else str(code),
        param=None if error.get("param") is None else str(error["param"]),
    )
