"""What one request asks otherwise, by OpenAI's own client: in its body, by headers, within its key."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, head, post, raw_exchange

CODE = "Write a Python function that merges two sorted lists."
NUMBERS = count()
KEYS = {"OWN": "own-secret", "BOUND": "bound-secret", "STRICT": "strict-secret"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    return write_config(
        tmp_path_factory.mktemp("overrides"),
        shared_simulator.base_url,
        keys=[
            {"name": "own", "key": "${OWN}"},
            {
                "name": "bound",
                "key": "${BOUND}",
                "policies": ["balanced"],
                "models": ["sim-mid", "sim-open-8b"],
                "overrides": ["tolerance", "candidates", "policy"],
            },
            {"name": "strict", "key": "${STRICT}", "overrides": []},
        ],
        policies={"routes": {"gpt-4o": {"policy": "quality", "reference": "sim-mid"}}},
    )


@pytest.fixture(scope="module")
def farthing(config: Path) -> Iterator[Farthing]:
    with Farthing(config, env=KEYS) as running:
        yield running


def asked(
    farthing: Farthing,
    key: str = "own",
    model: str = "auto",
    headers: Mapping[str, str] | None = None,
    text: str | None = None,
    **overrides: Any,
) -> Any:
    """The raw response to a question about code, which was not asked before unless it is given."""
    question = text or f"{CODE} Call it merge{next(NUMBERS)}."
    client = openai.OpenAI(
        base_url=farthing.base_url, api_key=KEYS[key.upper()], max_retries=0, timeout=20
    )
    with client:
        return client.chat.completions.with_raw_response.create(
            model=model,
            messages=[{"role": "user", "content": question}],
            extra_headers=headers or {},
            extra_body={"farthing": overrides} if overrides else None,
        )


def model_of(got: Any) -> str:
    return str(got.headers["x-farthing-model"])


def refused(farthing: Farthing, *args: Any, **kwargs: Any) -> tuple[int, str, str]:
    with pytest.raises(openai.APIStatusError) as caught:
        asked(farthing, *args, **kwargs)
    body: Any = caught.value.body
    return caught.value.status_code, str(body["code"]), str(body["message"])


def test_without_overrides_the_policy_decides(farthing: Farthing) -> None:
    assert model_of(asked(farthing)) == "sim-frontier"


@pytest.mark.parametrize(
    ("overrides", "headers", "model"),
    [
        ({"tolerance": 0.1}, {"x-farthing-tolerance": "0.1"}, "sim-mid"),
        ({"policy": "cheap"}, {"X-Farthing-Policy": "cheap"}, "sim-open-70b"),
        ({"ceiling_usd": 0.002}, {"x-farthing-ceiling-usd": "2e-3"}, "sim-mid"),
        (
            {"candidates": ["sim-open-8b", "sim-open-70b"]},
            {"x-farthing-candidates": "sim-open-8b, sim-open-70b"},
            "sim-open-70b",
        ),
    ],
)
def test_body_and_headers_ask_for_the_same(
    farthing: Farthing, overrides: dict[str, Any], headers: dict[str, str], model: str
) -> None:
    got = asked(farthing, **overrides)

    assert model_of(got) == model
    assert got.headers["x-farthing-reason"].endswith(f"; overridden: {next(iter(overrides))}")
    assert model_of(asked(farthing, headers=headers)) == model
    assert model_of(asked(farthing, headers=headers, **overrides)) == model


def test_another_policy_keeps_the_asked_model_as_the_reference(farthing: Farthing) -> None:
    got = asked(farthing, model="sim-mid", policy="balanced")

    assert "sim-mid 0.88" in got.headers["x-farthing-reason"]
    assert got.headers["x-farthing-policy"] == "balanced"


def test_without_the_cache_nothing_stored_is_given(farthing: Farthing) -> None:
    asked(farthing, text=CODE)
    hit = asked(farthing, text=CODE)
    fresh = asked(farthing, text=CODE, cache=False)
    by_header = asked(farthing, text=CODE, headers={"x-farthing-cache": "false"})
    by_word = asked(farthing, text=CODE, headers={"x-farthing-cache": "no-cache"})

    told = [got.headers["x-farthing-cache"] for got in (hit, fresh, by_header, by_word)]
    assert told[0] == "hit"
    assert "hit" not in told[1:]


def test_a_dry_run_is_told_the_decision_and_costs_nothing(farthing: Farthing, config: Path) -> None:
    body = {**chat(f"{CODE} Call it dry."), "farthing": {"dry_run": True, "tolerance": 0.1}}
    bearer = {"authorization": f"Bearer {KEYS['OWN']}"}
    got = post(farthing.base_url, body, bearer)

    assert got.status == 200
    assert got.json["candidates"][0]["model"] == "sim-mid"
    assert got.json["circumstances"]["overrides"]["tolerance"] == 0.1
    assert rows(ledger_of(config), got.headers["x-request-id"]) == []


def test_a_recorded_decision_tells_what_was_overridden(farthing: Farthing) -> None:
    got = asked(farthing, tolerance=0.1, ceiling_usd=0.5, candidates=["sim-mid", "sim-frontier"])
    client = openai.OpenAI(base_url=farthing.base_url, api_key=KEYS["OWN"], max_retries=0)
    with client:
        told: Any = client.get(f"/decisions/{got.headers['x-request-id']}", cast_to=object)

    overrides = told["circumstances"]["overrides"]
    assert (overrides["tolerance"], overrides["ceiling_usd"]) == (0.1, "0.5")
    assert overrides["candidates"] == ["sim-frontier", "sim-mid"]
    assert {e["exclusion"]["detail"] for e in told["candidates"] if e["role"] == "excluded"} >= {
        "the request does not want it"
    }


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"tolerence": 0.1}, "'farthing' has no 'tolerence'; did you mean 'tolerance'?"),
        ({"tolerance": 2}, "'farthing.tolerance' must be a number from 0 to 1."),
        ({"tolerance": True}, "'farthing.tolerance' must be a number from 0 to 1."),
        ({"ceiling_usd": -1}, "'farthing.ceiling_usd' must be a number of dollars, 0 or more."),
        ({"candidates": []}, "'farthing.candidates' must be a list of models' ids."),
        ({"candidates": ["sim-med"]}, "There is no model 'sim-med'; did you mean 'sim-mid'?"),
        ({"cache": "no"}, "'farthing.cache' must be true or false."),
        ({"dry_run": 1}, "'farthing.dry_run' must be true or false."),
        ({"policy": 3}, "'farthing.policy' must be the name of a policy."),
    ],
)
def test_what_makes_no_sense_is_told(
    farthing: Farthing, overrides: dict[str, Any], message: str
) -> None:
    status, _, told = refused(farthing, **overrides)

    assert (status, told) == (400, message)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"x-farthing-tolerence": "0.1"},
            "There is no header 'x-farthing-tolerence'; did you mean 'x-farthing-tolerance'?",
        ),
        ({"x-farthing-tolerance": "a lot"}, "'x-farthing-tolerance' must be a number from 0 to 1."),
        ({"x-farthing-tolerance": "nan"}, "'x-farthing-tolerance' must be a number from 0 to 1."),
        ({"x-farthing-dry-run": "maybe"}, "'x-farthing-dry-run' must be true or false."),
        (
            {"x-farthing-candidates": "a,,b"},
            "'x-farthing-candidates' must be a list of models' ids.",
        ),
    ],
)
def test_headers_that_make_no_sense_are_told(
    farthing: Farthing, headers: dict[str, str], message: str
) -> None:
    status, _, told = refused(farthing, headers=headers)

    assert (status, told) == (400, message)


def test_body_and_headers_that_contradict_each_other(farthing: Farthing) -> None:
    told = refused(farthing, headers={"x-farthing-tolerance": "0.2"}, tolerance=0.1)

    assert told[0] == 400
    assert "contradict each other" in told[2]


def test_a_policy_that_there_is_not(farthing: Farthing) -> None:
    status, code, told = refused(farthing, policy="cheep")

    assert (status, code) == (404, "policy_not_found")
    assert told == "There is no policy 'cheep'; did you mean 'cheap'?"


def test_a_policy_is_named_without_what_makes_it_a_model(farthing: Farthing) -> None:
    with pytest.raises(openai.NotFoundError, match="did you mean 'cheap'") as caught:
        asked(farthing, policy="auto:cheap")

    assert caught.value.param == "farthing.policy"


def test_bytes_that_are_no_text_are_told_as_such(farthing: Farthing) -> None:
    for name in ("policy", "candidates", "cache"):
        got = post(
            farthing.base_url,
            chat(CODE),
            {"authorization": f"Bearer {KEYS['OWN']}", f"x-farthing-{name}": "caf\xe9\xff"},
        )

        assert (got.status, got.error["param"]) == (400, f"x-farthing-{name}")


def test_a_header_that_comes_twice_is_not_half_heard(farthing: Farthing) -> None:
    body = json.dumps(chat(f"{CODE} Call it twice.")).encode()
    lines = [f"authorization: Bearer {KEYS['OWN']}", f"content-length: {len(body)}"]
    both = [f"x-farthing-candidates: {each}" for each in ("sim-open-8b", "sim-mid")]
    two_minds = [f"x-farthing-dry-run: {each}" for each in ("false", "true")]
    got = raw_exchange(farthing.url, head(farthing.url, *lines, *both) + body)
    refusal = raw_exchange(farthing.url, head(farthing.url, *lines, *two_minds) + body)

    assert got.headers["x-farthing-model"] == "sim-mid"
    assert (refusal.status, refusal.error["param"]) == (400, "x-farthing-dry-run")


def test_a_pinned_model_has_no_tolerance(farthing: Farthing) -> None:
    status, _, told = refused(farthing, model="sim-frontier", tolerance=0.1)

    assert status == 400
    assert told.startswith("'tolerance' applies only if a policy decides")


def test_a_key_allows_some_overrides_and_bounds_them(farthing: Farthing) -> None:
    assert model_of(asked(farthing, "bound", tolerance=1.0)) == "sim-open-8b"
    assert refused(farthing, "bound", ceiling_usd=1)[:2] == (403, "override_not_allowed")
    assert refused(farthing, "bound", policy="cheap")[:2] == (403, "policy_not_allowed")
    assert refused(farthing, "bound", candidates=["sim-frontier"])[:2] == (400, "no_adequate_model")


def test_a_word_for_what_is_so_anyway_overrides_nothing(farthing: Farthing) -> None:
    assert model_of(asked(farthing, "strict", dry_run=False, cache=True)) == "sim-frontier"


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ("tolerence", "there is no override 'tolerence'; did you mean 'tolerance'?"),
        ("policy,", "there is no override ''"),
        ("none,policy", "there is no override 'none'"),
    ],
)
def test_a_key_cannot_be_made_for_overrides_that_there_are_not(
    config: Path, overrides: str, complaint: str
) -> None:
    done = here("keys", "create", "x", "--config", str(config), "--overrides", overrides, env=KEYS)

    assert done.status == 2
    assert complaint in " ".join(done.err.split())


def test_a_key_keeps_its_overrides_when_it_is_rotated(config: Path, tmp_path: Path) -> None:
    own = tmp_path / "config.yaml"
    own.write_text(config.read_text("utf-8"), "utf-8")
    for action in (("create", "some", "--overrides", "tolerance, candidates"), ("rotate", "some")):
        done = here("keys", action[0], "--config", str(own), *action[1:], env=KEYS)
        assert done.status == 0, done
    listed = json.loads(here("keys", "list", "--config", str(own), "--json", env=KEYS).out)

    assert [each["overrides"] for each in listed][-1] == ["candidates", "tolerance"]


def test_a_key_that_allows_none(farthing: Farthing) -> None:
    assert model_of(asked(farthing, "strict")) == "sim-frontier"
    assert refused(farthing, "strict", tolerance=0.1) == (
        403,
        "override_not_allowed",
        "This API key may not override 'tolerance'; it may override nothing.",
    )
    by_header = refused(farthing, "strict", headers={"x-farthing-dry-run": "true"})
    assert by_header[:2] == (403, "override_not_allowed")
