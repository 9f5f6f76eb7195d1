"""What can be asked for, as each vendor's clients read it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipeline.doors import Door, door

ANTHROPIC = {"anthropic-version": "2023-06-01"}
EMBED = {
    "embed": {
        "upstream": "sim",
        "mode": "embedding",
        "name": "sim-open-8b",
        "price": {"input_usd_per_mtok": 0.02, "output_usd_per_mtok": 0},
    }
}


async def asked(proxy: Door, path: str, **headers: str) -> tuple[int, Any]:
    async with proxy.client.get(f"{proxy.url}/v1/models{path}", headers=headers) as response:
        return response.status, orjson.loads(await response.read())


async def test_the_openai_client_lists_policies_models_and_who_makes_vectors(
    tmp_path: Path,
) -> None:
    async with door(tmp_path, models=EMBED) as proxy:
        names = [each.id async for each in proxy.openai.models.list()]
        one = await proxy.openai.models.retrieve("embed")

    assert {"auto", "auto:balanced", "sim-mid", "embed"} <= set(names)
    assert (one.id, one.object, one.owned_by) == ("embed", "model", "sim")


@pytest.mark.parametrize("headers", [ANTHROPIC, {"x-api-key": "any"}])
async def test_anthropics_clients_get_their_shape_and_only_what_they_can_talk_to(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with door(tmp_path, models=EMBED) as proxy:
        status, listed = await asked(proxy, "", **headers)
        _, one = await asked(proxy, "/sim-mid", **headers)

    names = [each["id"] for each in listed["data"]]
    assert status == 200
    assert "sim-mid" in names
    assert "embed" not in names
    assert (listed["first_id"], listed["last_id"]) == (names[0], names[-1])
    assert listed["has_more"] is False
    assert one == {
        "type": "model",
        "id": "sim-mid",
        "display_name": "sim-mid",
        "created_at": "1970-01-01T00:00:00Z",
    }


async def test_pages_follow_one_another_in_both_directions(tmp_path: Path) -> None:
    async with door(tmp_path) as proxy:
        _, whole = await asked(proxy, "?limit=1000", **ANTHROPIC)
        names = [each["id"] for each in whole["data"]]
        seen: list[str] = []
        page: dict[str, Any] = {"has_more": True, "last_id": ""}
        while page["has_more"]:
            after = f"&after_id={page['last_id']}" if page["last_id"] else ""
            _, page = await asked(proxy, f"?limit=2{after}", **ANTHROPIC)
            seen += [each["id"] for each in page["data"]]
        _, before = await asked(proxy, f"?limit=2&before_id={names[3]}", **ANTHROPIC)
        _, first = await asked(proxy, f"?limit=2&before_id={names[2]}", **ANTHROPIC)

    assert seen == names
    assert [each["id"] for each in before["data"]] == names[1:3]
    assert before["has_more"] is True
    assert first["has_more"] is False


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?limit=0", "from 1 to 1000"),
        ("?limit=many", "from 1 to 1000"),
        ("?limit=1001", "from 1 to 1000"),
        ("?after_id=nobody", "the id of a model in the list"),
        ("?after_id=auto&before_id=auto", "Only one of"),
        ("/nobody", "no such model"),
    ],
)
async def test_errors_are_in_the_shape_of_the_client_too(
    tmp_path: Path, query: str, told: str
) -> None:
    async with door(tmp_path) as proxy:
        status, body = await asked(proxy, query, **ANTHROPIC)

    assert status == (404 if query == "/nobody" else 400)
    assert body["type"] == "error"
    assert told in body["error"]["message"]
    assert body["request_id"].startswith("req_")


async def test_a_key_sees_what_it_may_use(tmp_path: Path) -> None:
    keys = [
        {"name": "team", "key": "${TEAM_KEY}", "models": ["sim-mid"]},
        {"name": "other", "key": "${OTHER_KEY}", "models": ["embed"], "policies": ["cheap"]},
    ]
    async with door(tmp_path, models=EMBED, keys=keys) as proxy:
        team = [each.id async for each in proxy.as_key("fk-team").models.list()]
        other = [each.id async for each in proxy.as_key("fk-other").models.list()]
        status, refused = await asked(proxy, "", **{"x-api-key": "fk-unknown"})
        _, listed = await asked(proxy, "", **{"x-api-key": "fk-other"})

    assert "embed" not in team
    assert other == ["auto:cheap", "embed"]
    assert [each["id"] for each in listed["data"]] == ["auto:cheap"]
    assert (status, refused["error"]["type"]) == (401, "authentication_error")
