"""`farthing try --ledger`: real requests, stored as they were understood, decided again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Done, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

WORDS = (
    "Hello! How are you today?",
    "Solve for x: 3(x - 4) = 2x + 11",
    "Write an email to a supplier whose deliveries are late.",
    "Translate 'the train is late again' into French.",
)
BY_KEY = """\
policy: by-key
intent: One team gets by with less.
adequate: {within: 0.0}
rules:
  - {name: thrifty, when: {key: thrifty}, then: {adequate: {floor: 0.1}}}
"""
SECRETS = {"KEY": "fk-thrifty-0123456789abcdef"}
HEADERS = {"authorization": f"Bearer {SECRETS['KEY']}"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    """That of a Farthing that has answered each of `WORDS` by a policy, and one by a model's name."""
    keys = [{"name": "thrifty", "key": "${KEY}"}]
    folder = tmp_path_factory.mktemp("traffic")
    path = write_config(folder, shared_simulator.base_url, keys=keys)
    with Farthing(path, env=SECRETS) as farthing:
        for text in WORDS:
            assert post(farthing.base_url, chat(text), HEADERS).status == 200
        pinned = chat("Hello there!", model="sim-mid")
        assert post(farthing.base_url, pinned, HEADERS).status == 200
    return path


def tried(config: Path, *arguments: str) -> Done:
    return here("try", "--config", str(config), *arguments, env=SECRETS)


def told(config: Path, *arguments: str) -> dict[str, Any]:
    done = tried(config, *arguments, "--json")
    assert (done.status, done.err) == (0, "")
    document: dict[str, Any] = json.loads(done.out)
    return document


def test_traffic_is_decided_as_the_same_requests_from_a_file_are(
    config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(json.dumps(chat(text)) for text in WORDS), encoding="utf-8")
    recorded = told(config, "cheap", "quality", "--ledger")
    written = told(config, "cheap", "quality", "--file", str(file))

    assert recorded["source"] == "the ledger"
    assert recorded["total"] == written["total"]
    assert recorded["flows"] == written["flows"]
    assert recorded["total"]["requests"] == len(WORDS)
    assert all(each["id"].startswith("req_") for each in recorded["changes"])


def test_a_request_keeps_the_key_that_it_came_with(config: Path, tmp_path: Path) -> None:
    draft = tmp_path / "by-key.yaml"
    draft.write_text(BY_KEY, encoding="utf-8")
    found = told(config, "quality", str(draft), "--ledger")

    assert found["changes"]
    assert {each["new"]["rule"] for each in found["changes"]} == {"thrifty"}


def test_the_newest_are_taken_where_there_are_too_many(config: Path) -> None:
    newest = told(config, "cheap", "cheap", "--ledger", "--most", "1")

    assert newest["total"]["requests"] == 1
    assert [each["category"] for each in newest["categories"]] == ["translation"]


def test_the_last_days_are_those_up_to_today(config: Path) -> None:
    assert (
        "4 requests of the ledger since 20"
        in tried(config, "cheap", "quality", "--ledger", "--since", "1d").out
    )
    assert (
        "4 requests of the ledger since 2026-01-01"
        in tried(config, "cheap", "quality", "--ledger", "--since", "2026-01-01").out
    )
    later = tried(config, "cheap", "quality", "--ledger", "--since", "9999-01-01")
    assert later.status == 1
    assert "no decisions by a policy are in the ledger since 9999-01-01" in later.err


def test_a_ledger_without_decisions_says_how_to_keep_them(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    config = write_config(tmp_path, shared_simulator.base_url)
    done = tried(config, "cheap", "quality", "--ledger")

    assert done.status == 1
    assert "(ledger: {decisions: true} keeps them)" in done.err.replace("'", "")
    assert ledger_of(config).parent == tmp_path


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--since", "7d"), "go with --ledger"),
        (("--most", "5"), "go with --ledger"),
        (("--ledger", "--key", "search"), "--key and --tag go with a file"),
        (("--ledger", "--tag", "night"), "--key and --tag go with a file"),
        (("--ledger", "--file", "requests.jsonl"), "not allowed with argument"),
        (("--ledger", "--since", "7"), "must be a day, YYYY-MM-DD, or a number of days, 7d"),
        (("--ledger", "--most", "0"), "must be a whole number from 1 to 999999999, not '0'"),
    ],
)
def test_options_that_contradict_each_other_are_told(
    config: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = tried(config, "cheap", "quality", *arguments)

    assert done.status in (1, 2)
    assert complaint in done.err
