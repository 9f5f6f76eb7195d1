"""Who may come in, and whose money it was."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e.books import rows, tags
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.described import check_error
from tests.e2e.programs import Farthing, here, run
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post, raw_exchange
from tests.e2e.wire import head as head_of

SECRETS = {"SEARCH_KEY": "fk-search-0123456789abcdef", "CHAT_KEY": "fk-chat-0123456789abcdef"}
SEARCH, CHAT = ({"authorization": f"Bearer {secret}"} for secret in SECRETS.values())
KEYS = [
    {"name": "search", "key": "${SEARCH_KEY}", "tags": ["team-search", "batch"]},
    {"name": "chat", "key": "${CHAT_KEY}"},
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    # Any address, now that there are keys.
    server = {"host": "0.0.0.0", "port": 0}  # noqa: S104  what the test is about
    return write_config(folder, shared_simulator.base_url, server=server, keys=KEYS)


@pytest.fixture(scope="module")
def farthing(config: Path) -> Iterator[Farthing]:
    with Farthing(config, env=SECRETS) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {SECRETS['CHAT_KEY']}x"},
        {"authorization": f"Bearer {SECRETS['CHAT_KEY'][:-1]}"},
        {"authorization": f"Bearer {SECRETS['CHAT_KEY'].upper()}"},
        {"authorization": "Basic Zm9vOmJhcg=="},
        {"authorization": "Bearer ${CHAT_KEY}"},
        {"authorization": "Bearer chat"},
        {"x-api-key": "wrong"},
    ],
)
def test_without_the_right_key_nobody_comes_in(
    farthing: Farthing, simulator: Simulator, headers: dict[str, str]
) -> None:
    asked = sum(simulator.counters[model].requests for model in simulator.counters)
    refused = [
        post(farthing.base_url, chat("Hello"), headers),
        post(farthing.base_url, b"{not json", headers),
        get(f"{farthing.base_url}/models", headers),
    ]
    in_the_words_of_anthropic = refused[2:] if "x-api-key" in headers else []
    for got in refused:
        assert got.status == 401
        if got not in in_the_words_of_anthropic:
            assert got.error["code"] == "invalid_api_key"
            check_error(got.json)
    assert sum(simulator.counters[model].requests for model in simulator.counters) == asked


def test_a_key_of_strange_bytes_is_a_wrong_key(farthing: Farthing) -> None:
    lines = ("authorization: Bearer \xff\xfe\x80", "content-length: 2")
    got = raw_exchange(farthing.url, head_of(farthing.url, *lines) + b"{}")
    assert got.status == 401


def test_health_needs_no_key(farthing: Farthing) -> None:
    assert get(f"{farthing.url}/healthz").status == 200
    assert get(f"{farthing.url}/readyz").status == 200


def test_the_right_key_comes_in_and_stands_in_the_books(farthing: Farthing) -> None:
    got = post(farthing.base_url, chat("Hello"), SEARCH)
    assert got.status == 200
    request_id = got.headers["x-request-id"]
    (row,) = rows(ledger_of(farthing.config), request_id)
    assert row["key"] == "search"
    assert tags(ledger_of(farthing.config), request_id) == {"team-search", "batch"}


def test_the_openai_client_with_and_without_the_key(farthing: Farthing) -> None:
    for key, lets_in in ((SECRETS["CHAT_KEY"], True), ("sk-wrong", False)):
        with openai.OpenAI(base_url=farthing.base_url, api_key=key, max_retries=0) as client:
            if lets_in:
                assert next(iter(client.models.list())).id == "auto"
            else:
                with pytest.raises(openai.AuthenticationError):
                    client.models.list()


def test_tags_come_from_the_key_and_from_the_header(farthing: Farthing) -> None:
    own = SEARCH | {"x-farthing-tags": " project-x ,batch,, b:c"}
    got = post(farthing.base_url, chat("Hello"), own)
    assert got.status == 200
    found = tags(ledger_of(farthing.config), got.headers["x-request-id"])
    assert found == {"team-search", "batch", "project-x", "b:c"}


def test_tags_may_come_on_several_lines(farthing: Farthing) -> None:
    body = json.dumps(chat("Hello")).encode()
    lines = [f"{name}: {value}" for name, value in SEARCH.items()]
    lines += [f"content-length: {len(body)}", "x-farthing-tags: one", "X-Farthing-Tags: two, three"]
    got = raw_exchange(farthing.url, head_of(farthing.url, *lines) + body)
    assert got.status == 200
    found = tags(ledger_of(farthing.config), got.headers["x-request-id"])
    assert found == {"team-search", "batch", "one", "two", "three"}


def test_too_many_tags_are_refused(farthing: Farthing) -> None:
    many = CHAT | {"x-farthing-tags": ",".join(f"tag-{number}" for number in range(17))}
    got = post(farthing.base_url, chat("Hello"), many)
    assert got.status == 400
    assert got.error["param"] == "x-farthing-tags"


def test_the_report_by_key_and_by_tag(farthing: Farthing, config: Path) -> None:
    post(farthing.base_url, chat("Hello"), SEARCH)
    post(farthing.base_url, chat("Hello"), CHAT)
    done = here("report", "--config", str(config), "--by", "key", "--json", env=SECRETS)
    by_key = {group["key"]: group for group in json.loads(done.out)["groups"]}
    assert set(by_key) == {"search", "chat"}
    done = here("report", "--config", str(config), "--by", "tag", "--json", env=SECRETS)
    by_tag = {group["tag"]: group for group in json.loads(done.out)["groups"]}
    assert by_tag["team-search"]["cost_usd"] == by_key["search"]["cost_usd"]
    assert by_tag["team-search"]["requests"] == by_key["search"]["requests"]
    assert by_tag[""]["requests"] <= by_key["chat"]["requests"]


def test_tags_of_strange_bytes_break_nothing(farthing: Farthing) -> None:
    content = json.dumps(chat("Hello")).encode()
    lines = (
        f"authorization: {CHAT['authorization']}",
        "content-type: application/json",
        f"content-length: {len(content)}",
        "x-farthing-tags: \xff\xfe, a\tb",
    )
    strange = raw_exchange(farthing.url, head_of(farthing.url, *lines) + content)
    assert strange.status in {200, 400}
    after = post(farthing.base_url, chat("Hello"), CHAT)
    assert after.status == 200
    assert rows(ledger_of(farthing.config), after.headers["x-request-id"])


def test_without_keys_only_loopback_is_served(tmp_path: Path) -> None:
    server = {"host": "0.0.0.0", "port": 0}  # noqa: S104  what is refused
    path = write_config(tmp_path, "http://127.0.0.1:9/v1", server=server)
    done = run("serve", "--config", str(path))
    assert done.status == 1
    assert done.err.startswith(f"{path}: server.host (line ")
    assert "farthing keys create" in done.err
    assert "127.0.0.1" in done.err
    assert "Traceback" not in done.err


def test_nor_is_it_by_an_option(tmp_path: Path) -> None:
    path = write_config(tmp_path, "http://127.0.0.1:9/v1")
    done = here("serve", "--config", str(path), "--host", "0.0.0.0")  # noqa: S104  likewise
    assert done.status == 1
    assert "farthing keys create" in done.err
