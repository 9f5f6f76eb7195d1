"""Calls that are not let through, and what becomes of those that break off."""

import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import openai
import orjson
import pytest

from tests.pipeline.doors import at, door
from tests.server.vendor import IMAGE_PRICE, PATHS, passing


@pytest.mark.parametrize(
    "path",
    [
        "/v1/fine_tuning/jobs",
        "/v1/files/../chat",
        "/v1/files/%2e%2e/chat",
        "/v1/files/..%2fchat",
        "/v1/files//a",
        "/v1/filesystem",
        "/v1/",
    ],
)
async def test_whatever_is_not_allowed_is_refused_with_what_would_be_right(
    tmp_path: Path, path: str
) -> None:
    async with passing(tmp_path) as both:
        status, body = await both.fetched("POST", path, json={})
        error = orjson.loads(body)["error"]

        assert (status, error["code"]) == (404, "not_found")
        assert "passthrough: {upstream: NAME, paths: [/v1/audio/*]}" in error["message"]
        assert both.vendor.arrived == []
        assert both.proxy.rows() == []


async def test_nothing_is_passed_through_unless_it_is_said(tmp_path: Path) -> None:
    async with door(tmp_path) as proxy:
        with pytest.raises(openai.NotFoundError, match="passthrough:"):
            await proxy.openai.moderations.create(input="hello")


@pytest.mark.parametrize("path", ["/v1/chat/completions/", "/v1/%63hat/completions/"])
async def test_nobody_goes_around_the_policies_by_another_spelling(
    tmp_path: Path, path: str
) -> None:
    async with passing(tmp_path, {"paths": ["/v1/*"]}) as both:
        status, _ = await both.fetched("POST", path, json={})

        assert status == 404
        assert both.vendor.arrived == []


async def test_compacting_a_response_is_no_method_of_one(tmp_path: Path) -> None:
    async with passing(tmp_path, {"paths": ["/v1/files"]}) as both:
        with pytest.raises(
            openai.NotFoundError, match="passed through to an upstream if"
        ) as refused:
            await both.proxy.openai.responses.compact(model="sim-mid", input="Hello")
    assert "it is at" not in refused.value.message


async def test_another_method_of_an_own_path_is_405_as_ever(tmp_path: Path) -> None:
    async with (
        passing(tmp_path, {"paths": ["/v1/*"]}) as both,
        both.proxy.client.get(f"{both.proxy.url}/v1/embeddings") as response,
    ):
        assert (response.status, response.headers["allow"]) == (405, "POST")


async def test_what_looks_like_an_own_path_and_is_none_is_passed_if_it_is_said(
    tmp_path: Path,
) -> None:
    """Of what is below `/v1/responses/`, other paths and methods are Farthing's."""
    async with passing(tmp_path, {"paths": ["/v1/responses/compact"]}) as both:
        status, _ = await both.fetched("POST", "/v1/responses/compact", json={})
        other, _ = await both.fetched("POST", "/v1/responses/resp_1", json={})

        assert (status, other) == (200, 405)
        assert [path for _, path, _, _ in both.vendor.arrived] == ["/v1/responses/compact"]


@pytest.mark.parametrize("path", ["/v1/realtime?model=gpt-realtime", "/v1/responses"])
async def test_a_websocket_is_refused_in_words(tmp_path: Path, path: str) -> None:
    async with passing(tmp_path, {"paths": ["/v1/*"]}) as both:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await both.proxy.client.ws_connect(f"{both.proxy.url}{path}")

        assert refused.value.status == 400
        assert both.vendor.arrived == []


async def test_a_page_whose_name_leads_to_this_machine_reads_no_files_where_there_is_no_key(
    tmp_path: Path,
) -> None:
    async with passing(tmp_path) as both:
        page = {"host": "page.example:8080"}
        status, body = await both.fetched("GET", "/v1/files/file-1/content", headers=page)
        usual, _ = await both.fetched("GET", "/v1/files/file-1/content")
        assert len(both.vendor.arrived) == 1

    assert (status, orjson.loads(body)["error"]["code"]) == (403, "foreign_host")
    assert usual == 200


async def test_with_a_key_files_are_read_under_any_name(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}"}]
    async with passing(tmp_path, keys=keys) as both:
        headers = {"host": "farthing.internal", "authorization": "Bearer fk-team"}
        status, _ = await both.fetched("GET", "/v1/files/file-1/content", headers=headers)

    assert status == 200


async def test_a_key_for_certain_models_cannot_go_around_them(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}", "models": ["sim-mid"]}]
    async with passing(tmp_path, keys=keys) as both:
        with pytest.raises(openai.PermissionDeniedError, match="only certain models"):
            await both.proxy.as_key("fk-team").moderations.create(input="hello")

        assert both.vendor.arrived == []


async def test_a_budget_at_its_end_lets_nothing_through_but_what_is_free(tmp_path: Path) -> None:
    sections: dict[str, Any] = {"budgets": [{"usd": 0.000001}]}
    terms = {"prices": IMAGE_PRICE, "free": ["/v1/moderations"]}
    async with passing(tmp_path, terms, **sections) as both:
        asked = {"model": "gpt-image-1", "prompt": "a quiet harbour"}
        first, _ = await both.fetched("POST", "/v1/images/generations", json=asked)
        second, refused = await both.fetched("POST", "/v1/images/generations", json=asked)
        third, _ = await both.fetched("POST", "/v1/moderations", json={})
        fourth, _ = await both.fetched("GET", "/v1/files")

    assert (first, second, third, fourth) == (200, 402, 200, 200)
    assert orjson.loads(refused)["error"]["code"] == "budget_exceeded"


async def test_limits_count_calls_that_are_passed_through(tmp_path: Path) -> None:
    async with passing(tmp_path, limits=[{"requests_per_minute": 1}]) as both:
        statuses = [(await both.fetched("GET", "/v1/files"))[0] for _ in "ab"]

    assert statuses == [200, 429]


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_body_that_is_too_large_is_refused(tmp_path: Path, is_told: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 2**19

    async with passing(tmp_path, {"max_body_mb": 1}) as both:
        data: Any = io.BytesIO(b"x" * 2**21) if is_told else pieces()
        status, body = await both.fetched("POST", "/v1/files", data=data)

    assert (status, orjson.loads(body)["error"]["code"]) == (413, "request_too_large")


async def test_an_upstream_that_is_away_is_502_and_costs_nothing(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        pass
    gone = {"upstream": "gone", "paths": PATHS}
    (tmp_path / "again").mkdir()
    upstreams = {"gone": at("http://127.0.0.1:9")}
    async with door(tmp_path / "again", upstreams=upstreams, passthrough=gone) as proxy:
        with pytest.raises(openai.InternalServerError, match="cannot be reached"):
            await proxy.openai.moderations.create(input="hello")
        [row] = proxy.rows()

    assert (row["outcome"], row["error"], row["cost_source"]) == ("failed", "unreachable", "free")
    assert both.vendor.arrived == []


async def test_a_client_that_leaves_in_the_middle_is_booked(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        response = await both.proxy.client.post(f"{both.proxy.url}/v1/audio/speech", json={})
        assert await response.content.readany() == b"first "
        response.close()
        await both.vendor.left.wait()
    [row] = both.proxy.rows()

    assert (row["outcome"], row["cost_source"]) == ("client_left", "unpriced")


async def test_what_breaks_off_at_the_upstream_breaks_off_at_the_client(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        with pytest.raises(aiohttp.ClientError):
            await both.fetched("POST", "/v1/audio/broken", json={})
    [row] = both.proxy.rows()

    assert (row["outcome"], row["cost_source"]) == ("cut", "unpriced")


async def test_a_head_tells_the_length_and_sends_nothing(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        url = f"{both.proxy.url}/v1/files/file-1/content"
        async with both.proxy.client.head(url) as response:
            assert response.headers["content-length"] == "256000"
            assert response.headers["etag"] == '"1"'
            assert await response.read() == b""


async def test_a_packed_upload_stays_packed(tmp_path: Path) -> None:
    packed = gzip.compress(b"{}")
    async with passing(tmp_path) as both:
        headers = {"content-encoding": "gzip"}
        await both.fetched("POST", "/v1/files", data=packed, headers=headers)
    [(_, _, arrived, body)] = both.vendor.arrived

    assert arrived["content-encoding"] == "gzip"
    assert int(arrived["content-length"]) == len(packed)
    assert body == b"{}"  # the vendor's server has unpacked it


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_what_may_have_been_done_is_not_asked_for_again(tmp_path: Path, method: str) -> None:
    async with passing(tmp_path) as both:
        status, _ = await both.fetched(method, "/v1/files/cut")

    assert status == 502
    assert [each[0] for each in both.vendor.arrived] == [method]
