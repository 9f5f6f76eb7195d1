"""Calls that Farthing does not understand: let through byte for byte where that is allowed, and booked."""

import asyncio
import gzip
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import openai
import orjson
import pytest
from aiohttp import web
from yarl import URL

from tests.pipeline.doors import SECRET, Door, at, door, upstream

IMAGE = orjson.dumps(
    {
        "created": 1,
        "data": [{"b64_json": "A" * 300_000}],
        "usage": {
            "input_tokens": 50,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens": 100,
            "total_tokens": 150,
        },
    }
)
IMAGE_PRICE = {
    "gpt-image-1": {
        "input_usd_per_mtok": 5,
        "output_usd_per_mtok": 40,
        "image_input_usd_per_mtok": 10,
    }
}
PATHS = ["/v1/files", "/v1/files/*", "/v1/moderations", "/v1/audio/*", "/v1/images/*"]


@dataclass
class Vendor:
    """A fake vendor: it keeps what it was sent, and answers as its paths do."""

    arrived: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    seen: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = b""
        async for piece in request.content.iter_any():
            body += piece
            self.seen.put_nowait(piece)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.arrived.append((request.method, request.raw_path, headers, body))
        kind = request.path.removeprefix("/v1/").split("/")[0]
        known = {"files": self.files, "moderations": self.moderations, "audio": self.audio}
        return await known.get(kind, self.images)(request)

    async def files(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/cut") and request.transport is not None:
            request.transport.abort()
        if request.method == "POST":
            return web.json_response(_FILE, headers={"x-request-id": "theirs", "set-cookie": "a=b"})
        if request.path.endswith("/content"):
            return web.Response(body=bytes(range(256)) * 1000, headers={"etag": '"1"'})
        return web.json_response({"object": "list", "data": [_FILE], "has_more": False})

    async def moderations(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"id": "modr-1", "model": "omni-moderation-latest", "results": []})

    async def audio(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "audio/mpeg"})
        await response.prepare(request)
        await response.write(b"first ")
        if request.path.endswith("broken") and request.transport is not None:
            request.transport.abort()
            return response
        try:
            await self.more.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        await response.write(b"second")
        await response.write_eof()
        return response

    async def images(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("edits"):
            quoted = f"no such key: {request.headers['authorization']}"
            return web.json_response({"error": {"message": quoted}}, status=401)
        return web.Response(body=IMAGE, content_type="application/json")


_FILE = {
    "id": "file-1",
    "object": "file",
    "bytes": 3,
    "created_at": 1,
    "filename": "a.jsonl",
    "purpose": "batch",
    "status": "processed",
}


@dataclass(frozen=True)
class Both:
    """A vendor, and a Farthing before it."""

    vendor: Vendor
    proxy: Door

    async def fetched(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        url = URL(f"{self.proxy.url}{path}", encoded=True)
        async with self.proxy.client.request(method, url, **options) as response:
            return response.status, await response.read()


@asynccontextmanager
async def passing(folder: Path, terms: Any = None, **sections: Any) -> AsyncIterator[Both]:
    vendor = Vendor()
    async with upstream([web.route("*", "/{any:.*}", vendor.answer)]) as url:
        stated = {"upstream": "vendor", "paths": PATHS, **(terms or {})}
        upstreams = {"vendor": at(url)}
        async with door(folder, upstreams=upstreams, passthrough=stated, **sections) as proxy:
            yield Both(vendor, proxy)


async def test_the_openai_client_uploads_lists_and_fetches_files(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        made = await both.proxy.openai.files.create(
            file=("a.jsonl", io.BytesIO(b"{}\n")), purpose="batch"
        )
        listed = await both.proxy.openai.files.list()
        content = await both.proxy.openai.files.content(made.id)
        rows = both.proxy.rows()

    assert made.id == listed.data[0].id == "file-1"
    assert content.content == bytes(range(256)) * 1000
    method, path, headers, body = both.vendor.arrived[0]
    assert (method, path) == ("POST", "/v1/files")
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="a.jsonl"' in body
    assert len(body) == int(headers["content-length"])
    assert [(row["asked"], row["cost_source"]) for row in rows] == [
        ("POST /v1/files", "unpriced"),
        ("GET /v1/files", "free"),
        ("GET /v1/files/*", "free"),
    ]


async def test_moderations_that_are_said_to_be_free_are(tmp_path: Path) -> None:
    async with passing(tmp_path, {"free": ["/v1/moderations"]}) as both:
        answer = await both.proxy.openai.moderations.create(
            input="hello", model="omni-moderation-latest"
        )
        [row] = both.proxy.rows()

    assert answer.id == "modr-1"
    assert (row["cost_source"], row["cost_pico"]) == ("free", 0)
    assert (row["category"], row["model"]) == ("passed_through", "omni-moderation-latest")
    assert (row["upstream"], row["closes"], row["outcome"]) == ("vendor", True, "ok")


async def test_our_key_stays_here_and_the_upstreams_takes_its_place(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}"}]
    sent = {
        "authorization": "Bearer fk-team",
        "openai-organization": "org-of-the-client",
        "x-farthing-tags": "a",
        "cookie": "a=b",
        "connection": "x-of-this-hop",
        "x-of-this-hop": "1",
        "openai-beta": "assistants=v2",
    }
    async with passing(tmp_path, keys=keys) as both:
        refused, _ = await both.fetched("GET", "/v1/files")
        async with both.proxy.client.get(f"{both.proxy.url}/v1/files", headers=sent) as response:
            await response.read()
            answered = response.headers
        [row] = both.proxy.rows()
    [(_, _, headers, _)] = both.vendor.arrived

    assert refused == 401
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["openai-beta"] == "assistants=v2"
    assert headers["accept-encoding"] == "identity"
    gone = {"openai-organization", "x-farthing-tags", "cookie", "x-of-this-hop"}
    assert not gone & headers.keys()
    assert (row["key"], row["request_id"]) == ("team", answered["x-request-id"])
    assert answered["x-farthing-upstream"] == "vendor"


async def test_what_is_between_us_and_the_upstream_is_not_for_the_client(tmp_path: Path) -> None:
    async with (
        passing(tmp_path) as both,
        both.proxy.client.post(f"{both.proxy.url}/v1/files", data=b"x") as response,
    ):
        assert response.headers["x-request-id"] != "theirs"
        assert "set-cookie" not in response.headers


async def test_an_error_that_quotes_our_key_goes_on_without_it(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        status, body = await both.fetched("POST", "/v1/images/edits", json={})
        [row] = both.proxy.rows()

    assert status == 401
    assert orjson.loads(body) == {"error": {"message": "no such key: Bearer ***"}}
    assert (row["outcome"], row["status"], row["cost_source"]) == ("failed", 401, "free")
    assert row["model"] == "/v1/images/*"


async def test_a_picture_is_paid_by_what_its_answer_says_it_used(tmp_path: Path) -> None:
    async with passing(tmp_path, {"prices": IMAGE_PRICE}) as both:
        asked = {"model": "gpt-image-1", "prompt": "a quiet harbour"}
        status, body = await both.fetched("POST", "/v1/images/generations", json=asked)
        [row] = both.proxy.rows()

    assert (status, body) == (200, IMAGE)
    assert (row["model"], row["cost_source"]) == ("gpt-image-1", "priced")
    assert (row["uncached_input_tokens"], row["image_input_tokens"]) == (10, 40)
    assert row["cost_pico"] == 10 * 5_000_000 + 40 * 10_000_000 + 100 * 40_000_000


async def test_what_has_no_price_is_booked_so_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with passing(tmp_path) as both:
            for _ in range(2):
                asked = {"model": "gpt-image-1", "prompt": "a quiet harbour"}
                await both.fetched("POST", "/v1/images/generations", json=asked)
            rows = both.proxy.rows()

    assert [(row["cost_source"], row["cost_note"]) for row in rows] == [
        ("unpriced", "no price for 'gpt-image-1'")
    ] * 2
    said = [each.message for each in caplog.records if "the cost of" in each.message]
    assert len(said) == 1


async def test_warnings_about_names_that_clients_make_up_come_to_an_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.pipeline.passing._MOST_TOLD", 3)
    with caplog.at_level(logging.WARNING):
        async with passing(tmp_path) as both:
            for number in range(5):
                asked = {"model": f"made-up-{number}", "prompt": "a quiet harbour"}
                await both.fetched("POST", "/v1/images/generations", json=asked)

    said = [each.message for each in caplog.records if "the cost of" in each.message]
    assert len(said) == 3


async def test_an_answer_is_not_waited_for_whole(tmp_path: Path) -> None:
    async with (
        passing(tmp_path) as both,
        both.proxy.client.post(f"{both.proxy.url}/v1/audio/speech", json={}) as response,
    ):
        assert await response.content.readany() == b"first "
        both.vendor.more.set()
        assert await response.content.read() == b"second"


async def test_an_upload_is_not_waited_for_whole(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def upload(vendor: Vendor) -> AsyncIterator[bytes]:
        yield b"first"
        assert await vendor.seen.get() == b"first"
        arrived.set()
        yield b"second"

    async with passing(tmp_path) as both:
        await both.fetched("POST", "/v1/files", data=upload(both.vendor))

    assert arrived.is_set()
    assert both.vendor.arrived[0][3] == b"firstsecond"


async def test_queries_and_escapes_arrive_as_they_were_written(tmp_path: Path) -> None:
    async with passing(tmp_path) as both:
        await both.fetched("GET", "/v1/files/a%20b%C3%A9?after=%2Fx&limit=2&q=a+b")

    assert both.vendor.arrived[0][1] == "/v1/files/a%20b%C3%A9?after=%2Fx&limit=2&q=a+b"


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
