"""Whether what a client gets is what OpenAI's published API description says, field by field."""

from typing import Any

from tests.simulated.openapi import validator


def check_answer(answer: Any) -> None:
    """A whole chat completion, as JSON."""
    _check("CreateChatCompletionResponse", answer)


def check_chunk(chunk: Any) -> None:
    """One event of a stream, as JSON."""
    _check("CreateChatCompletionStreamResponse", chunk)


def check_embeddings(answer: Any) -> None:
    """The answer of `/v1/embeddings`."""
    _check("CreateEmbeddingResponse", answer)


def check_error(body: Any) -> None:
    """The body of an error answer."""
    _check("ErrorResponse", body)


def check_models(body: Any) -> None:
    """The list of models."""
    _check("ListModelsResponse", body)


def _check(schema: str, value: Any) -> None:
    assert [error.message for error in validator(schema).iter_errors(value)] == []
