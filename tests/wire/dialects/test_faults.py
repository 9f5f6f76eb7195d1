"""Errors, in the shape that each dialect's clients turn into their own exceptions."""

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.faults import own_error, translate_error
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.faults_table import FAULTS, anthropic_error, openai_error

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
_NAMES = [row[0] for row in FAULTS]
_UNLISTED = ("request_too_large",)
"""Documented, and yet without a type in the SDK."""


@pytest.mark.parametrize("openai", [CHAT, RESPONSES])
@pytest.mark.parametrize("row", FAULTS, ids=_NAMES)
def test_an_error_crosses_as_the_table_says(
    row: tuple[str, int, str, int, str], openai: Dialect
) -> None:
    _, status, kind, theirs, their_kind = row

    there = translate_error(status, openai_error(kind), openai, MESSAGES)
    back = translate_error(theirs, anthropic_error(their_kind), MESSAGES, openai)

    assert there == (theirs, anthropic_error(their_kind))
    assert back == (status, openai_error(kind))
    check(openai, "error", back[1])
    if their_kind not in _UNLISTED:
        check(MESSAGES, "error", there[1])


def test_the_code_and_the_field_of_an_error_stay_within_openais_dialects() -> None:
    error = {"message": "No.", "type": "invalid_request_error", "param": "n", "code": "too_many"}

    assert translate_error(400, {"error": error}, CHAT, RESPONSES) == (400, {"error": error})


def test_an_error_that_gives_no_reason_says_so() -> None:
    status, told = translate_error(502, "<html>", CHAT, MESSAGES)

    assert (status, told["error"]["type"]) == (502, "api_error")
    assert told["error"]["message"] == "The upstream gave no reason."


@pytest.mark.parametrize("dialect", Dialect)
def test_our_own_errors_have_the_clients_shape(dialect: Dialect) -> None:
    error = ApiError.invalid("n", "'n' must be a whole number.")

    status, told = own_error(error, dialect)

    assert status == 400
    assert told["error"]["message"] == "'n' must be a whole number."
    check(dialect, "error", told)
