"""What a refusal has to look like, and how to see that a server has survived one."""

from typing import Any

from tests.e2e.described import check_error
from tests.e2e.programs import Farthing
from tests.e2e.wire import Got, chat, post


def refused(got: Got, *statuses: int) -> dict[str, Any]:
    """The error of an answer that must have one of these statuses, in the shape of OpenAI's."""
    assert got.status in statuses, got
    error = got.error
    check_error(got.json)
    assert got.headers["x-request-id"].startswith("req_")
    return error


def works(farthing: Farthing) -> None:
    """It answers an ordinary question."""
    got = post(farthing.base_url, chat("What is 6 * 7?", "sim-mid"))
    assert got.status == 200
    assert got.text == "6 * 7 = 42"
