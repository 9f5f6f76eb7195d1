"""The events of a Response, written: complete, in order, numbered."""

from collections.abc import Iterator
from typing import Any

from router.wire.dialects.answer import (
    AnswerContext,
    AnswerEnd,
    AnswerHead,
    Beat,
    Closed,
    Grew,
    Inner,
    Opened,
    ReportedError,
)
from router.wire.dialects.growing import Growing
from router.wire.dialects.ids import item_id
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.responses.items import kind_of, thought_id, written_item, written_message
from router.wire.dialects.responses.namespaces import grouped_in, regrouped_beat
from router.wire.dialects.responses.parts import written_output
from router.wire.dialects.responses.write_answer import begun, ended, failed

_Event = dict[str, Any]


class ResponsesWriter:
    """Beats in, events out.

    Consecutive texts and refusals are parts of one message, which stays open until something else
    begins.
    """

    def __init__(self, answer_context: AnswerContext) -> None:
        self._answer_context = answer_context
        self._grouped = grouped_in(answer_context.asked)
        self._head: AnswerHead | None = None
        self._number = 0
        self._output: list[dict[str, Any]] = []
        self._said: list[dict[str, Any]] | None = None
        self._open = Growing(Text(""))
        self._id = ""

    def take(self, beat: Beat) -> Iterator[_Event]:
        """The events for a beat."""
        for kind, members in self._events(regrouped_beat(beat, self._grouped)):
            yield {"type": kind, **members, "sequence_number": self._number}
            self._number += 1

    def _events(self, beat: Beat) -> Iterator[tuple[str, _Event]]:
        match beat:
            case AnswerHead():
                self._head = beat
                yield "response.created", {"response": begun(beat, self._answer_context)}
                yield "response.in_progress", {"response": begun(beat, self._answer_context)}
            case Opened(part=part):
                yield from self._opened(part)
            case AnswerEnd():
                yield from self._end(beat)
            case ReportedError():
                yield self._fault(beat)
            case _:
                yield from self._inner(beat)

    def _opened(self, part: Part) -> Iterator[tuple[str, _Event]]:
        self._open = Growing(part)
        if not isinstance(part, Text | Refusal):
            yield from self._end_message()
            yield self._add(part, written_item((part,), self._named(part), "in_progress"))
            return
        if self._said is None:
            self._said = []
            yield self._add(part, written_message([], self._named(part), "in_progress"))
        yield "response.content_part.added", {**self._part(), "part": written_output(part)}

    def _named(self, part: Part) -> str:
        head = self._head or AnswerHead("", "")
        made = item_id(kind_of(part), head.id, len(self._output))
        return thought_id(part, made) if isinstance(part, Thinking) else made

    def _add(self, part: Part, item: dict[str, Any]) -> tuple[str, _Event]:
        self._id = self._named(part)
        if isinstance(part, Thinking):
            item = {**item, "encrypted_content": None}  # it is sent when it is complete
        return "response.output_item.added", {**self._item(), "item": item}

    def _item(self) -> _Event:
        return {"output_index": len(self._output)}

    def _of_item(self) -> _Event:
        return {"item_id": self._id, "output_index": len(self._output)}

    def _part(self) -> _Event:
        return {**self._of_item(), "content_index": len(self._said or ())}

    def _summary(self) -> _Event:
        return {**self._of_item(), "summary_index": 0}

    def _inner(self, beat: Inner) -> Iterator[tuple[str, _Event]]:
        if isinstance(beat, Grew):
            yield from self._grown(beat.text)
        self._open.take(beat)
        if isinstance(beat, Closed):
            yield from self._closed(self._open.whole())

    def _grown(self, text: str) -> Iterator[tuple[str, _Event]]:
        match self._open.part:
            case Refusal():
                yield "response.refusal.delta", {**self._part(), "delta": text}
            case ToolCall(is_custom=is_custom):
                name = "custom_tool_call_input" if is_custom else "function_call_arguments"
                yield f"response.{name}.delta", {**self._of_item(), "delta": text}
            case Thinking():
                if self._open.is_empty:
                    part = {"type": "summary_text", "text": ""}
                    yield "response.reasoning_summary_part.added", {**self._summary(), "part": part}
                yield "response.reasoning_summary_text.delta", {**self._summary(), "delta": text}
            case _:
                yield "response.output_text.delta", {**self._part(), "delta": text, "logprobs": []}

    def _closed(self, whole: Part) -> Iterator[tuple[str, _Event]]:
        match whole:
            case Text() | Refusal():
                yield from self._end_part(whole)
                return
            case ToolCall():
                yield self._end_call(whole)
            case Thinking(text=text) if text:
                part = {"type": "summary_text", "text": text}
                yield "response.reasoning_summary_text.done", {**self._summary(), "text": text}
                yield "response.reasoning_summary_part.done", {**self._summary(), "part": part}
        yield self._end_item(written_item((whole,), self._id))

    def _end_call(self, call: ToolCall) -> tuple[str, _Event]:
        if call.is_custom:
            members = {**self._of_item(), "input": call.arguments}
            return "response.custom_tool_call_input.done", members
        members = {**self._of_item(), "name": call.name, "arguments": call.arguments}
        return "response.function_call_arguments.done", members

    def _end_part(self, whole: Text | Refusal) -> Iterator[tuple[str, _Event]]:
        part = written_output(whole)
        for index, cited in enumerate(part.get("annotations", ())):
            place = {**self._part(), "annotation_index": index}
            yield "response.output_text.annotation.added", {**place, "annotation": cited}
        if isinstance(whole, Refusal):
            yield "response.refusal.done", {**self._part(), "refusal": whole.text}
        else:
            done = {**self._part(), "text": whole.text, "logprobs": []}
            yield "response.output_text.done", done
        yield "response.content_part.done", {**self._part(), "part": part}
        self._said = [*(self._said or ()), part]

    def _end_message(self) -> Iterator[tuple[str, _Event]]:
        if self._said is not None:
            yield self._end_item(written_message(self._said, self._id, "completed"))
        self._said = None

    def _end_item(self, item: dict[str, Any]) -> tuple[str, _Event]:
        event = {**self._item(), "item": item}
        self._output.append(item)
        return "response.output_item.done", event

    def _end(self, end: AnswerEnd) -> Iterator[tuple[str, _Event]]:
        yield from self._end_message()
        response = ended(self._head or AnswerHead("", ""), end, self._output, self._answer_context)
        yield f"response.{response['status']}", {"response": response}

    def _fault(self, fault: ReportedError) -> tuple[str, _Event]:
        """The event that the Response has failed; if it had not begun, an `error` event."""
        if self._head is None:
            return "error", {"code": fault.code, "message": fault.message, "param": fault.param}
        return "response.failed", {"response": failed(self._head, fault, self._answer_context)}
