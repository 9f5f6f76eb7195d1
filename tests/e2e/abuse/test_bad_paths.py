"""Paths and methods that there are not: refused in one shape, and told what there is."""

import pytest

from tests.e2e.abuse.refusals import refused
from tests.e2e.programs import Farthing
from tests.e2e.wire import get, head, raw_exchange, send

MIB = 2**20


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/chat/completions", "chat/completions"),
        ("/messages/count_tokens", "messages/count_tokens"),
        ("/models", "models"),
        ("/models/sim-mid", "models/sim-mid"),
        ("/chat/completions/", "chat/completions"),
        ("//v1//chat/completions", "chat/completions"),
        ("/v1/v1/models/sim-mid", "models/sim-mid"),
        ("/v1/responses/", "responses"),
        ("/v1/chat/completions/chat/completions", "chat/completions"),
        ("/openai/deployments/sim-mid/chat/completions?api-version=1", "chat/completions"),
    ],
)
def test_a_client_whose_address_is_near_ours_is_told(
    farthing: Farthing, path: str, there: str
) -> None:
    got = raw_exchange(farthing.url, head(farthing.url, "content-length: 0", path=path))
    message = refused(got, 404)["message"]
    asked = path.partition("?")[0]
    assert message.startswith(f"There is no POST {asked} here; it is at /v1/{there}.")


@pytest.mark.parametrize("path", ["/", "/v1", "/dashboard/"])
def test_who_looks_around_is_told_where_the_doors_are(farthing: Farthing, path: str) -> None:
    message = refused(get(f"{farthing.url}{path}"), 404)["message"]
    assert message == (
        f"There is no GET {path} here; the API is below /v1/, the dashboard at /dashboard."
    )


@pytest.mark.parametrize("path", ["/nothing", "/v1/chat", "/my-models", "/v1/completionsx"])
def test_nobody_is_told_of_a_place_without_need(farthing: Farthing, path: str) -> None:
    got = send(f"{farthing.url}{path}", b"{}", method="POST")
    assert "; it is at" not in refused(got, 404)["message"]


def test_strange_paths(farthing: Farthing) -> None:
    for path in (
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/chat/../../etc/passwd",
        "/v1/%00",
        "/%ff%fe",
        "/v1/chat/completions%2f",
        "/" + "a" * 4000,
    ):
        got = raw_exchange(farthing.url, head(farthing.url, "content-length: 0", path=path))
        refused(got, 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_a_405_in_the_same_shape(farthing: Farthing, method: str) -> None:
    refused(send(f"{farthing.base_url}/chat/completions", None, method=method), 405)


def test_a_405_says_what_is_allowed(farthing: Farthing) -> None:
    """As RFC 9110, section 15.5.6, wants it."""
    got = send(f"{farthing.base_url}/chat/completions", None, method="PUT")
    assert got.headers["allow"] == "POST"
    assert (
        got.error["message"] == "There is no PUT /v1/chat/completions here; this path answers POST."
    )


def test_a_405_says_all_that_is_allowed(farthing: Farthing) -> None:
    got = send(f"{farthing.base_url}/responses/resp_1", None, method="PUT")
    assert got.headers["allow"] == "DELETE,GET,HEAD"
