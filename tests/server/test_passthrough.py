"""Calls that Farthing does not understand: let through byte for byte where that is allowed, and booked."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests.pipeline.doors import SECRET
from tests.server.vendor import IMAGE, IMAGE_PRICE, Vendor, passing


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
        await response.read()
        [row] = both.proxy.rows()
    assert row["upstream_request_id"] == "theirs"


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
    assert row["baseline_pico"] == row["cost_pico"]  # neither a saving nor a loss


async def test_a_long_call_says_above_which_length_its_rates_hold(tmp_path: Path) -> None:
    above = {"above_input_tokens": 20, "input_usd_per_mtok": 7, "output_usd_per_mtok": 80}
    prices = {"gpt-image-1": {**IMAGE_PRICE["gpt-image-1"], "bands": [above]}}
    async with passing(tmp_path, {"prices": prices}) as both:
        asked = {"model": "gpt-image-1", "prompt": "a quiet harbour"}
        await both.fetched("POST", "/v1/images/generations", json=asked)
        [row] = both.proxy.rows()

    assert row["cost_pico"] > 100 * 80_000_000
    assert row["price_source"] == "config, above 20 tokens"


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
    monkeypatch.setattr("router.pipeline.passthrough._MOST_TOLD", 3)
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
