"""Answers that must be JSON: the right one, and others that satisfy the same schema."""

from collections.abc import Iterator

import orjson

from router.providers.simulated.answering import arithmetic, knowledge, words
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.hints import Hints
from router.providers.simulated.answering.json_schema import Json, Unsatisfiable, fill
from router.providers.simulated.answering.truth import Kind, Truth
from router.providers.simulated.errors import invalid
from router.providers.simulated.request import ChatRequest, JsonObject


def short_truth(question: str) -> Truth | None:
    """The answer to a sum or to a question of fact, None if the question is neither."""
    return arithmetic.truth(question) or knowledge.capital(question) or knowledge.option(question)


def truth(request: ChatRequest) -> Truth:
    """The right JSON. Raises Refused if its schema cannot be satisfied."""
    short = short_truth(request.question)
    if request.answer_format.kind == "json_object":
        return _free(request.question, short)
    schema, question = request.answer_format.schema, request.question
    right = _filled(schema, Hints.of(question, short.right if short else None))
    return Truth(Kind.JSON, right, lambda: _mistaken(schema, question, short))


def _free(question: str, short: Truth | None) -> Truth:
    about = words.shortened(question)
    if short is None:
        return Truth(Kind.JSON, _dumped(about, words.joined(words.keywords(about))), list)
    return Truth(
        Kind.JSON,
        _dumped(about, short.right),
        lambda: [_dumped(about, mistake) for mistake in short.mistakes],
    )


def _dumped(about: str, answer: str) -> str:
    return orjson.dumps({"question": about, "answer": answer}).decode()


def _mistaken(schema: JsonObject | bool, question: str, short: Truth | None) -> Iterator[str]:
    for mistake in short.mistakes if short else ():
        yield _filled(schema, Hints.of(question, mistake))
    for hints in Hints.of(question, short.right if short else None).misread():
        yield _filled(schema, hints)


def _filled(schema: JsonObject | bool, hints: Hints) -> str:
    try:
        value: Json = fill(schema, hints, Chance.of("json", hints.text))
    except Unsatisfiable as error:
        raise invalid("response_format", f"Invalid schema for response_format: {error}") from error
    return orjson.dumps(value).decode()
