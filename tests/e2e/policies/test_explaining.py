"""`farthing explain`: any prompt, for any key, is explained or refused in a line."""

import json
from pathlib import Path

import pytest

from tests.e2e.configs import NOWHERE, write_config
from tests.e2e.programs import here


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_config(tmp_path_factory.mktemp("command-line"), NOWHERE)


def test_a_decision_is_explained(config: Path) -> None:
    told = here("explain", "--config", str(config), "What is 17 * 23?")
    assert told.status == 0
    for said in ("maths", "Policy 'balanced'", "sim-frontier", "sim-open-8b", "expected to cost"):
        assert said in told.out
    cheap = here("explain", "--config", str(config), "--model", "auto:cheap", "What is 17 * 23?")
    assert "Policy 'cheap'" in cheap.out
    pinned = here("explain", "--config", str(config), "-m", "sim-mid", "Hello")
    assert "asked for sim-mid by name" in pinned.out


def test_a_key_is_decided_for_by_what_it_may_use(tmp_path: Path) -> None:
    where = ("--config", str(write_config(tmp_path, NOWHERE)))
    limited = ("--model", "sim-open-8b", "--tag", "batch")
    assert here("keys", "create", "poor", *limited, *where).status == 0
    told = here("explain", "--key", "poor", "--json", "What is 17 * 23?", *where)
    decided = json.loads(told.out)

    assert [each["model"] for each in decided["candidates"] if each["role"] == "chosen"] == [
        "sim-open-8b"
    ]
    assert decided["circumstances"]["tags"] == ["batch"]
    tried = json.loads(here("try", "cheap", "quality", "--key", "poor", "--json", *where).out)
    assert tried["changes"] == []
    for command in (("explain", "Hello!"), ("try", "cheap", "quality")):
        unknown = here(*command, "--key", "por", *where)
        assert unknown.status == 0
        assert "there is none named 'por'; did you mean 'poor'?" in unknown.err
    report = here("report", "--key", "por", *where)
    assert "Nothing is recorded for the key 'por'; did you mean 'poor'?" in report.err


def test_a_model_whose_provider_key_is_not_set_is_not_called_unknown(tmp_path: Path) -> None:
    upstreams = {
        "sim": {"kind": "simulated"},
        "openai": {
            "kind": "openai",
            "base_url": "https://api.openai.com/v1",
            "api_key": "${NOT_SET_ANYWHERE}",
            "enabled": "with-key",
        },
    }
    models = {"sim-mid": {"upstream": "sim"}, "gpt-5.4-mini": {"upstream": "openai"}}
    config = write_config(tmp_path, NOWHERE, upstreams=upstreams, models=models)
    told = here("explain", "-c", str(config), "-m", "gpt-5.4-mini", "Hello!")

    assert told.status == 1
    assert "The model 'gpt-5.4-mini' is configured, but its upstream is left out here" in told.err


@pytest.mark.parametrize("copied", ["req_1", "req_xyz", " req_0123456789abcdef01234567 "])
def test_an_id_that_was_not_copied_well_is_no_question(config: Path, copied: str) -> None:
    told = here("explain", "--config", str(config), copied)

    assert told.status == 1
    assert f"there is no request '{copied.strip()}' in the ledger" in told.err


def test_for_a_configured_key_no_ledger_is_asked(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    app = {"name": "app", "key": "${APP_KEY}", "models": ["sim-mid"]}
    where = ("--config", str(write_config(tmp_path, NOWHERE, keys=[app])))
    variables = {"APP_KEY": "a-secret-of-32-characters-or-more"}

    told = here("explain", "--key", "app", "Hello!", *where, env=variables)
    assert (told.status, "sim-mid" in told.out) == (0, True), told.err
    assert here("explain", "--key", "other", "Hello!", *where, env=variables).status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("Hello", "--file", "-"),
        ("--file", "/nowhere/request.json"),
        ("--model", "sim-fronteer", "Hello"),
        ("--model", "auto:cheep", "Hello"),
    ],
    ids=["nothing", "both", "no file", "no model", "no policy"],
)
def test_what_cannot_be_explained_is_told_in_a_line(
    config: Path, arguments: tuple[str, ...]
) -> None:
    told = here("explain", "--config", str(config), *arguments)
    assert told.status == 1
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("prompt", ["", " ", "\udcff\udcfe", "\0", "[bold]\\[/]", "--", "🙂" * 9])
def test_any_prompt_is_explained_or_refused_in_a_line(config: Path, prompt: str) -> None:
    told = here("explain", "--config", str(config), "--", prompt)
    assert told.status in {0, 1}
    assert told.err.count("\n") == told.status


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"model":"auto"}', b"\xff", b"[" * 10**5])
def test_a_file_that_is_no_request_is_told_in_a_line(
    config: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "request.json"
    path.write_bytes(content)
    told = here("explain", "--config", str(config), "--file", str(path))
    assert told.status == 1
    assert told.err.startswith("farthing: ")
    assert told.err.count("\n") == 1
