"""A line of JSON for each request, where that is wished."""

import json
import os
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest

from router.domain.booked_request import ErrorResponse
from router.telemetry.log import Lines
from router.telemetry.request_log import RequestLog
from tests.telemetry.kit import asked, say, stream

_SECRET = "the harbour is quiet tonight"


async def _logged(tmp_path: Path, *, on: bool = True) -> list[dict[str, Any]]:
    """The lines of four requests: a plain one, a stream, a fallback, an unknown model."""
    file = tmp_path / "log"
    fd = os.open(file, os.O_CREAT | os.O_WRONLY)
    lines = Lines(fd)
    more = {"log": {"requests": True}} if on else {}
    async with asked(tmp_path, more=more, lines=lines) as (_, client):
        await say(client, _SECRET)
        await stream(client, _SECRET)
        await say(client, _SECRET, faults="sim-open-8b:status,code=503")
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(
                model="no-such", messages=[{"role": "user", "content": _SECRET}]
            )
    lines.close()
    os.close(fd)
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


async def test_each_request_is_one_line_that_says_what_was_decided_and_paid(
    tmp_path: Path,
) -> None:
    plain, streamed, fallback, refused = await _logged(tmp_path)

    assert plain["logger"] == "farthing.requests"
    assert (plain["asked"], plain["model"], plain["policy"]) == ("auto", "sim-open-8b", "test")
    assert (plain["status"], plain["outcome"], plain["attempts"]) == (200, "ok", 1)
    assert plain["input_tokens"] > 0
    assert plain["output_tokens"] > 0
    assert plain["cost_usd"] > 0
    assert plain["finish_reasons"] == ["stop"]
    assert plain["total_s"] > 0
    assert plain["why"].startswith("cheapest-adequate")
    assert plain["first_content_s"] is None
    assert plain["upstream_request_id"].startswith("req_")
    assert plain["upstream_request_id"] != plain["request_id"]
    assert (streamed["stream"], streamed["finish_reasons"]) == (True, ["stop"])
    assert 0 < streamed["first_content_s"] <= streamed["total_s"]
    assert (fallback["model"], fallback["outcome"]) == ("sim-mid", "ok")
    assert fallback["attempts"] > 1
    assert refused["path"] == "/v1/chat/completions"
    assert (refused["status"], refused["error"]) == (404, "model_not_found")
    assert len({each["request_id"] for each in (plain, streamed, fallback, refused)}) == 4


async def test_each_line_names_the_key_also_of_who_is_refused(tmp_path: Path) -> None:
    secrets = {"search": tmp_path / "secret", "old": tmp_path / "expired"}
    for name, file in secrets.items():
        file.write_text(f"{_SECRET} of {name}")
    keys = [
        {"name": "search", "key": f"${{file:{secrets['search']}}}"},
        {"name": "old", "key": f"${{file:{secrets['old']}}}", "expires": "2026-01-01"},
    ]
    more = {"log": {"requests": True}, "keys": keys}
    with (tmp_path / "log").open("wb") as written:
        lines = Lines(written.fileno())
        async with asked(tmp_path, more=more, lines=lines) as (_, client):
            named = client.with_options(api_key=secrets["search"].read_text())
            await say(named, "Name a river.")
            with pytest.raises(openai.NotFoundError):
                await named.models.retrieve("no-such")
            with pytest.raises(openai.AuthenticationError):
                await say(client.with_options(api_key=secrets["old"].read_text()), "Hello.")
            with pytest.raises(openai.AuthenticationError):
                await say(client, "Hello.")
        lines.close()
    told = [orjson.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]

    assert [each["key"] for each in told] == ["search", "search", "old", ""]
    assert _SECRET not in (tmp_path / "log").read_text()


async def test_no_line_has_a_word_of_the_prompt_or_the_key(tmp_path: Path) -> None:
    text = orjson.dumps(await _logged(tmp_path)).decode()

    assert "harbour" not in text
    assert '"any"' not in text


def test_half_a_surrogate_in_a_name_costs_no_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as written:
        lines = Lines(written.fileno())
        RequestLog(lines).refused(ErrorResponse("req_1", 0.0, "/v1/\ud800", 404, "not_found"))
        lines.close()

    assert json.loads(file.read_bytes())["path"] == "/v1/\ud800"


async def test_without_being_asked_for_there_is_no_line(tmp_path: Path) -> None:
    assert await _logged(tmp_path, on=False) == []


async def test_a_request_that_failed_upstream_is_told_once_with_what_the_client_got(
    tmp_path: Path,
) -> None:
    file = tmp_path / "log"
    fd = os.open(file, os.O_CREAT | os.O_WRONLY)
    lines = Lines(fd)
    async with asked(tmp_path, more={"log": {"requests": True}}, lines=lines) as (_, client):
        with pytest.raises(openai.APIStatusError) as told:
            await say(client, _SECRET, faults="status,code=503")
    lines.close()
    os.close(fd)
    (line,) = [orjson.loads(each) for each in file.read_bytes().splitlines()]

    assert line["outcome"] == "failed"
    assert line["status"] == told.value.status_code
    assert line["request_id"] == told.value.request_id
