"""The right answers, for marking the answers of simulated models.

Most requests have one right answer: sums, capitals, letters, JSON, tool calls, short programs. Talk, summaries,
translations and essays have no single one, and are not marked.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
from msgspec import Struct

from router.domain.category import Category
from router.providers.simulated.answering import calling, code, prose, structured, words
from router.providers.simulated.answering.categorise import categorise
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.forms import forms
from router.providers.simulated.answering.truth import Kind, Truth
from router.providers.simulated.request import ChatRequest

_ASKED: Mapping[Category, Callable[[str], Truth | None]] = MappingProxyType({
    Category.MATHS: structured.short_truth,
    Category.KNOWLEDGE: structured.short_truth,
    Category.REASONING: structured.short_truth,
    Category.CODE_WRITING: code.truth,
})  # fmt: skip


class Question(Struct, frozen=True):
    """A request as a question: its category, and the right answer, None if there is no single one."""

    request: ChatRequest
    category: Category
    truth: Truth | None


def understood(request: ChatRequest) -> Question:
    """What the request asks. Raises Refused if it asks the impossible."""
    if called := calling.truth(request):
        return Question(request, Category.TOOL_CALLING, called)
    category = categorise(request)
    if request.answer_format.kind != "text":
        return Question(request, category, structured.truth(request))
    is_open = calling.tool_results(request.messages) or request.messages[-1].images
    asked = None if is_open else _ASKED.get(category)
    return Question(request, category, asked(request.question) if asked else None)


def truth_of(request: ChatRequest) -> Truth | None:
    """The right answer, None if there is no single one. Raises Refused for the impossible."""
    return understood(request).truth


def plainly(question: Question, value: str | None, right: bool, chance: Chance) -> str:
    """The plain wording of an answer, in words or in JSON; `value` is what the model believes."""
    request = question.request
    if request.answer_format.kind != "text":
        return value or ""
    if results := calling.tool_results(request.messages):
        quoted = words.joined(f"\u201c{words.shortened(result, 400)}\u201d" for result in results)
        return f"Here is what I found: {quoted}."
    images, truth = request.messages[-1].images, question.truth
    asked = prose.Asked(request.question, right, chance, images, truth, value)
    return prose.write(question.category, asked)


def told(question: Question, message: Mapping[str, Any]) -> str | None:
    """Which of the truth's values a chat message says, in any form; None if none of them, or without a truth."""
    truth, text = question.truth, message.get("content")
    if truth is not None and truth.kind is Kind.CALLS:
        return _same_json(truth, lambda: _called(message))
    if truth is None or not isinstance(text, str):
        return None
    if truth.kind is Kind.JSON:
        return _same_json(truth, lambda: orjson.loads(text))
    said = (value for value in truth.values if text in _ways(question, truth, value))
    return next(said, None)


def _ways(question: Question, truth: Truth, value: str) -> list[str]:
    plain = plainly(question, value, value == truth.right, Chance.of())
    return [plain, *forms(truth, value)]


def _called(message: Mapping[str, Any]) -> Any:
    """The calls of a message in the form of a truth."""
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    return [
        {"name": each["name"], "arguments": orjson.loads(each["arguments"])} for each in functions
    ]


def _same_json(truth: Truth, read: Callable[[], Any]) -> str | None:
    try:
        content = read()
    except orjson.JSONDecodeError:
        return None
    return next((value for value in truth.values if orjson.loads(value) == content), None)
