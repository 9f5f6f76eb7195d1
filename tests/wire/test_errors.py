"""Errors out, in the shape that clients know; errors and waits in, in the shapes that vendors use."""

from datetime import UTC, datetime
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.errors import error_body, error_headers, error_in, read_error, retry_after_s
from tests.wire.documents import TREES

NOW_S = 1_700_000_000.0


def test_an_error_has_the_four_fields_of_openais() -> None:
    error = ApiError.invalid("n", "'n' must be a whole number >= 1, not 0.")

    assert orjson.loads(error_body(error)) == {
        "error": {
            "message": "'n' must be a whole number >= 1, not 0.",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_value",
        }
    }


@pytest.mark.parametrize(
    ("wait_s", "header"), [(0, "0"), (0.2, "1"), (1.0, "1"), (1.5, "2"), (-3, "0")]
)
def test_the_wait_is_told_in_whole_seconds_rounded_up(wait_s: float, header: str) -> None:
    error = ApiError(503, "All are busy.", code="down", retry_after_s=wait_s)

    assert error_headers(error) == {"retry-after": header}


def test_without_a_wait_there_is_no_header() -> None:
    assert error_headers(ApiError(503, "All are busy.", code="down")) == {}


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b'{"error": {"message": "no", "code": 5}}', {"message": "no", "code": 5}),
        (b'{"error": "no", "error_type": "validation"}', {"message": "no"}),
        (b'{"error": ""}', None),
        (b'{"detail": "no"}', {"message": "no"}),
        (b'{"detail": [{"msg": "no"}]}', None),
        (
            b'{"object": "error", "message": "no", "type": "T", "param": null, "code": 400}',
            {"message": "no", "type": "T", "code": 400},
        ),
        (b"[]", None),
        (b"<html>502</html>", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_the_error_object_of_an_upstream_is_found_or_not(raw: bytes, error: object) -> None:
    assert read_error(raw) == error


@pytest.mark.parametrize("levels", [3, 252, 253, 900])
def test_of_an_error_nothing_is_told_that_could_not_be_sent_on(levels: int) -> None:
    innermost = b"[" * levels + b"]" * levels
    raw = b'{"error": {"message": "no", "code": 5, "innererror": %b}}' % innermost

    for said in (read_error(raw), error_in(orjson.loads(raw))):
        assert said is not None
        assert (said["message"], said["code"]) == ("no", 5)
        assert ("innererror" in said) == (levels <= 252)
        error = ApiError(400, "no", code="5").with_more(said)
        assert orjson.loads(error_body(error))["error"].items() >= said.items()


@given(raw=st.binary() | TREES.map(orjson.dumps))
def test_any_error_body_is_survived(raw: bytes) -> None:
    read_error(raw)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "20"}, 0.25),
        ({"retry-after-ms": "-5"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "Tue, 99 Nov 2023 22:00:00 GMT"}, None),
    ],
)
def test_how_long_an_upstream_asks_to_be_left_alone(
    headers: dict[str, str], wait_s: float | None
) -> None:
    assert retry_after_s(headers, NOW_S) == wait_s


@given(at_s=st.integers(0, 4 * 10**9))
def test_a_date_is_a_wait_from_now(at_s: int) -> None:
    header = format_datetime(datetime.fromtimestamp(at_s, UTC), usegmt=True)

    assert retry_after_s({"retry-after": header}, NOW_S) == max(0.0, at_s - NOW_S)


_WORDS = st.sampled_from(
    "Mon, 1 31 Jan Feb 9999 0000 2023 24:00:00 1:2 GMT -0000 +9999 , : - .".split()
)


@given(
    value=st.text() | st.lists(_WORDS).map(" ".join),
    name=st.sampled_from(["retry-after", "retry-after-ms"]),
)
def test_any_header_is_a_sane_wait_or_none(value: str, name: str) -> None:
    wait_s = retry_after_s({name: value}, NOW_S)

    assert wait_s is None or 0 <= wait_s < float("inf")
