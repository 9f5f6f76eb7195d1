"""What only the request as its client sent it says."""

from typing import Any

import pytest

from router.wire.dialects.dialect import Dialect
from router.wire.original import Original


@pytest.mark.parametrize(
    ("dialect", "body", "may_be"),
    [
        (Dialect.RESPONSES, {"truncation": "auto"}, True),
        (Dialect.RESPONSES, {"truncation": "disabled"}, False),
        (Dialect.RESPONSES, {}, False),
        (Dialect.MESSAGES, {"truncation": "auto"}, False),
    ],
)
def test_whether_a_request_may_be_shortened_makes_another_answer_of_it(
    dialect: Dialect, body: dict[str, Any], may_be: bool
) -> None:
    original = Original(dialect, b"", body)

    assert original.may_be_shortened is may_be
    assert bool(original.manner) is may_be
