"""Other words for the same question: answered, counted, checked, and never if a word changes everything."""

import contextlib
import importlib.util
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post
from tests.servers import RedisServer

NUMBERS = itertools.count(100)
INSTALLED = importlib.util.find_spec("wordllama") is not None
PRICE = 20
"""USD per million tokens of an embedding: much, so that it can be seen."""


def config(folder: Path, simulator: Simulator, url: str, **semantic: Any) -> Path:
    (folder / "policies").mkdir()
    (folder / "policies" / "kind.yaml").write_text(
        "policy: kind\nintent: Takes answers that were given to other words.\n"
        f"cache: {{ttl_s: 60, semantic: {semantic}}}\n".replace("'", "")
    )
    embeddings = {"upstream": "sim", "model": "sim-open-8b", "usd_per_mtok": PRICE}
    return write_config(
        folder,
        simulator.base_url,
        policies={"directory": "policies", "default": "kind"},
        cache={"url": url, "timeout_s": 2, "embeddings": embeddings},
    )


@pytest.fixture(
    scope="module", params=["memory-wording", "memory-meaning", "redis-wording", "redis-meaning"]
)
def kind(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
) -> Iterator[Farthing]:
    """One for all tests, each of which asks about a different number."""
    store, by = request.param.split("-")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(RedisServer()).url if store == "redis" else store
        terms = {"mode": "on", "by": by, "check_share": 0}
        path = config(tmp_path_factory.mktemp("kind"), shared_simulator, url, **terms)
        yield stack.enter_context(Farthing(path))


def ask(farthing: Farthing, prompt: str, **fields: Any) -> Got:
    got = post(farthing.base_url, chat(prompt, **fields))
    assert got.status == 200, got
    return got


def state(got: Got) -> str:
    return got.headers["x-farthing-cache"]


def test_the_same_question_in_other_words_costs_no_answer(kind: Farthing) -> None:
    number = next(NUMBERS)
    first = ask(kind, f"Please explain how a lighthouse number {number} works.")
    second = ask(kind, f"Could you explain how a lighthouse number {number} works?", stream=True)
    again = ask(kind, f"explain how a lighthouse number {number} works")

    assert [state(first), state(second), state(again)] == ["miss", "similar", "similar"]
    assert second.text == first.text == again.text
    assert "a stored answer" in second.headers["x-farthing-reason"]
    booked = rows(ledger_of(kind.config), second.headers["x-request-id"])
    (hit,) = [row for row in booked if row["outcome"] == "cache_hit"]
    assert hit["cost_pico"] == 0 < hit["baseline_pico"]
    for vector in (row for row in booked if row is not hit):
        assert (vector["model"], vector["attempt"]) == ("sim-open-8b", -1)
        assert vector["cost_pico"] == vector["uncached_input_tokens"] * PRICE * 10**6 > 0
        assert not vector["closes"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is it safe to mix bleach and water {}?", "Is it not safe to mix bleach and water {}?"),
        ("How do I turn the alarm {} on?", "How do I turn the alarm {} off?"),
        ("Convert 10 miles to km, case {}", "Convert 12 miles to km, case {}"),
        ("Translate cat {} into French", "Translate cat {} into German"),
        ("Flights from Oslo to Rome {}", "Flights from Rome to Oslo {}"),
        ("What is the weather today in town {}?", "What is the weather today in the town {}?"),
    ],
)
def test_one_word_that_changes_everything_is_seen(kind: Farthing, one: str, other: str) -> None:
    number = next(NUMBERS)
    assert state(ask(kind, one.format(number))) == "miss"
    assert state(ask(kind, other.format(number))) == "miss"


def test_everything_but_the_last_words_must_be_the_same(kind: Farthing) -> None:
    number = next(NUMBERS)
    prompt = f"Please name a colour for room {number}."
    ask(kind, prompt)
    system = {"role": "system", "content": "Answer in one word."}
    other = {"role": "user", "content": f"name a colour for room {number}"}
    body = {**chat("x"), "messages": [system, other]}
    assert post(kind.base_url, body).headers["x-farthing-cache"] == "miss"
    assert state(ask(kind, f"name a colour for room {number}", temperature=0.1)) == "miss"


def test_a_shadow_only_counts(tmp_path: Path, shared_simulator: Simulator) -> None:
    terms = {"mode": "shadow", "by": "wording"}
    with Farthing(config(tmp_path, shared_simulator, "memory", **terms)) as farthing:
        number = next(NUMBERS)
        for prompt in (f"Please describe the lake {number}.", f"describe the lake {number}"):
            assert state(ask(farthing, prompt)) == "miss"
        told = get(f"{farthing.url}/metrics").body.decode()
    counted = [line for line in told.splitlines() if line.startswith("farthing_semantic_total{")]
    found = [line for line in counted if 'outcome="found"' in line]
    compared = [line for line in counted if '"agreed"' in line or '"differed"' in line]
    assert [line.split()[-1] for line in found + compared] == ["1.0", "1.0"]
    assert not [line for line in counted if 'outcome="given"' in line]


def test_what_was_purged_is_found_in_no_words(kind: Farthing) -> None:
    number = next(NUMBERS)
    ask(kind, f"Please describe the harbour {number}.")
    done = here("cache", "purge", "--all", "--config", str(kind.config), "--url", kind.url)
    assert done.status == 0, done
    assert state(ask(kind, f"describe the harbour {number}")) == "miss"


def test_without_its_upstream_nobody_waits_and_nothing_is_given(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    path = config(tmp_path, shared_simulator, "memory", mode="on", by="meaning")
    text = path.read_text().replace(
        "upstream: sim\n    model: sim-open-8b", "upstream: away\n    model: m"
    )
    text = text.replace(
        "upstreams:\n",
        "upstreams:\n  away:\n    kind: openai\n    base_url: http://127.0.0.1:1/v1\n",
    )
    path.write_text(text)
    with Farthing(path) as farthing:
        began_s = time.monotonic()
        number = next(NUMBERS)
        for prompt in (f"Please describe the hill {number}.", f"describe the hill {number}"):
            assert state(ask(farthing, prompt)) == "miss"
        assert time.monotonic() - began_s < 5


def test_a_policy_that_goes_by_meaning_needs_vectors(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    path = config(tmp_path, shared_simulator, "memory", mode="on", by="meaning")
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "embeddings:" in line)
    path.write_text("".join(lines[:at] + lines[at + 4 :]))
    done = here("check", "--config", str(path))
    assert done.status == 1
    assert "is needed by policy 'kind', whose semantic cache compares meanings" in done.err


@pytest.mark.skipif(not INSTALLED, reason="farthing[semantic] is not installed")
def test_vectors_can_be_made_in_this_process(tmp_path: Path, shared_simulator: Simulator) -> None:
    path = config(tmp_path, shared_simulator, "memory", mode="on", by="meaning", check_share=0)
    lines = path.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "embeddings:" in line)
    local = ["  embeddings:\n", "    local: wordllama\n"]
    path.write_text("".join([*lines[:at], *local, *lines[at + 4 :]]))
    with Farthing(path) as farthing:
        number = next(NUMBERS)
        prompts = f"Please describe the mill {number}.", f"describe the mill {number}"
        assert [state(ask(farthing, prompt)) for prompt in prompts] == ["miss", "similar"]
        other = ask(farthing, f"Please do not describe the mill {number}.")
        assert state(other) == "miss"


def test_a_vector_is_paid_for_by_a_request_that_is_refused_afterwards(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    path = config(tmp_path, shared_simulator, "memory", mode="on", by="meaning")
    path.write_text(path.read_text() + "limits:\n  - requests_per_minute: 1\n")
    with Farthing(path) as farthing:
        ask(farthing, f"describe the dam {next(NUMBERS)}")
        refused = post(farthing.base_url, chat(f"describe the weir {next(NUMBERS)}"))
        assert refused.status == 429
        (vector,) = rows(ledger_of(path), refused.headers["x-request-id"])
    assert (vector["attempt"], vector["closes"]) == (-1, 0)
    assert vector["cost_pico"] > 0
