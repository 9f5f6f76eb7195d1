"""`farthing try`: two policies, named or drafted, on the sample or on a file's requests."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from router.cli import main
from tests.config.files import EXAMPLE

DRAFT = """\
policy: draft
intent: Rather no answer than one of a small model.
adequate: {floor: 0.9}
latency: {total_s: 20}
otherwise: refuse
models: {ids: [sim-mid]}
"""
CAREFUL = "policy: careful\nintent: Within five points of the best.\nadequate: {within: 0.05}\n"
THRIFTY = "policy: thrifty\nintent: More likely right than not.\nadequate: {floor: 0.6}\n"
HELLO = {"role": "user", "content": "Hello! How are you today?"}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI", "ANTHROPIC", "GEMINI", "TOGETHER"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "120")


def drafted(folder: Path, text: str) -> str:
    """A policy file with that text, named after the policy in it."""
    path = folder / f"{text.split()[1]}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def draft(tmp_path: Path) -> str:
    return drafted(tmp_path, DRAFT)


def tried(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> str:
    assert main(["try", "--config", str(EXAMPLE), *args]) == status
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(tried(capsys, "--json", *args))
    return document


def requests(folder: Path, *lines: object) -> str:
    path = folder / "requests.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(path)


def squeezed(text: str) -> str:
    return re.sub(r" +", " ", text)


def test_the_shipped_sample_is_taken_where_nothing_else_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old, new = drafted(tmp_path, CAREFUL), drafted(tmp_path, THRIFTY)
    said = squeezed(tried(capsys, old, new))

    assert "131 requests of the shipped sample, decided twice. Nothing was sent." in said
    assert "expected cost $0.59178 $0.03497 -94%" in said
    assert "requests that change 116 of 131 (89%)" in said
    assert "code_editing 12 of 12 sim-frontier sim-open-70b -91% -0.290" in said
    assert "agent-long code_editing sim-frontier sim-open-70b -$0.11345 -0.290" in said


def test_a_policy_against_itself_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    said = squeezed(tried(capsys, "balanced", "balanced"))

    assert "No request would go to another model." in said
    assert "requests that change 0 of 131 (0%)" in said
    assert re.search(r"mean predicted quality (0\.\d+) \1 0\.000", said)


def test_a_draft_is_tried_before_it_is_installed(
    capsys: pytest.CaptureFixture[str], draft: str
) -> None:
    said = squeezed(tried(capsys, "balanced", draft))

    assert "balanced draft change" in said
    assert "'draft' has targets for latency. No model was observed here" in said
    assert "refused 0 " in said
    assert "requests that a policy refuses." in said


def test_a_draft_of_the_same_name_goes_by_what_was_typed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = drafted(tmp_path, DRAFT.replace("draft", "balanced"))
    found = told(capsys, "balanced", path)

    assert [found[side]["name"] for side in ("old", "new")] == ["balanced", path]
    assert [found[side]["policy"] for side in ("old", "new")] == ["balanced", "balanced"]


def test_a_draft_stands_on_what_is_beside_it_and_on_what_is_installed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    intent = "intent: Stands on another one.\n"
    installed = drafted(tmp_path, f"policy: draft\nextends: cheap\n{intent}")
    alike = told(capsys, "cheap", installed)
    drafted(tmp_path, f"policy: cheap\nextends: quality\n{intent}")
    beside = told(capsys, "quality", installed)

    assert (alike["total"]["changed"], beside["total"]["changed"]) == (0, 0)


@pytest.mark.parametrize(
    ("base", "complaint"),
    [("chep", "there is no policy 'chep'"), ("draft", "is circular")],
)
def test_a_draft_that_stands_on_nothing_is_not_tried(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, base: str, complaint: str
) -> None:
    path = drafted(tmp_path, f"policy: draft\nextends: {base}\nintent: Stands on nothing.\n")

    assert main(["try", "--config", str(EXAMPLE), "cheap", path]) == 1
    assert complaint in capsys.readouterr().err


def test_a_policy_that_chooses_by_time_is_told_that_nothing_is_known_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = drafted(tmp_path, "policy: draft\nintent: Soon rather than cheap.\nobjective: fastest\n")

    assert "'draft' chooses by time. No model was observed here" in tried(capsys, "cheap", path)


def test_json_has_every_change_and_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "cheap", "quality")
    changed = [flow for flow in found["flows"] if flow["from"] != flow["to"]]

    assert len(found["changes"]) == found["total"]["changed"] > 10
    assert sum(flow["requests"] for flow in changed) == found["total"]["changed"]
    assert sum(each["requests"] for each in found["categories"]) == 131
    assert {each["new"]["reason"] for each in found["changes"]} == {"cheapest-adequate"}


def test_a_cascade_is_tried_as_what_all_of_its_calls_cost(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    steps = "cascade: {use: always, steps: [{models: [sim-open-8b, sim-open-70b]}]}\n"
    strict = "intent: Only the best will do.\nadequate: {within: 0}\n"
    old = drafted(tmp_path, f"policy: single\n{strict}")
    new = drafted(tmp_path, f"policy: cascading\n{strict}{steps}")
    file = requests(tmp_path, {"messages": [HELLO]}, {"messages": [HELLO], "n": 2})
    (change,) = told(capsys, old, new, "--file", file)["changes"]

    assert change["id"] == "line 1"
    assert change["new"]["model"] == "sim-open-8b + sim-open-70b > sim-mid"
    assert change["new"]["reason"] == "cascade"
    assert float(change["cost_change_usd"]) > 0
    assert change["new"]["quality"] == change["old"]["quality"]


def test_lines_a_list_and_a_batch_are_all_requests(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bare = {"model": "sim-mid", "messages": [HELLO]}
    batch = {"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": bare}
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps([bare, batch, {"messages": [HELLO]}], indent=2), encoding="utf-8")
    lines = requests(tmp_path, bare, batch, {"messages": [HELLO]})

    for file, first, third in (
        (lines, "line 1", "line 3"),
        (str(whole), "request 1", "request 3"),
    ):
        found = told(capsys, "cheap", "quality", "--file", file)
        assert found["source"] == file
        assert {each["id"] for each in found["changes"]} <= {first, "b", third}
        assert found["total"]["requests"] == 3
        assert found["left_out"] == []


def test_one_request_may_be_written_over_many_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"messages": [HELLO]}, indent=2), encoding="utf-8")

    assert told(capsys, "cheap", "quality", "-f", str(path))["total"]["requests"] == 1


def test_requests_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"messages": [HELLO]}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    assert "1 request of standard input" in tried(capsys, "cheap", "quality", "--file", "-")


def test_the_model_that_a_request_names_is_the_reference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    maths = {"role": "user", "content": "Solve for x: 3(x - 4) = 2x + 11"}
    file = requests(tmp_path, {"model": "sim-open-8b", "messages": [maths]})
    (change,) = told(capsys, "cheap", "balanced", "--file", file)["changes"]

    assert change["new"]["model"] == "sim-open-8b"


def test_what_is_no_chat_request_is_left_out_and_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    embedding = {"custom_id": "e", "url": "/v1/embeddings", "body": {"input": "Hello"}}
    broken: list[object] = [{"messages": []}, [1], "text", {"model": 7, "messages": [HELLO]}]
    file = requests(tmp_path, {"messages": [HELLO]}, embedding, *broken)
    with Path(file).open("a", encoding="utf-8") as more:
        more.write('\n\n{"messages": [')
    said = tried(capsys, "cheap", "quality", "--file", file)

    assert "1 request of" in said
    assert "line 2 is left out: It is for /v1/embeddings" in said
    assert "line 4 is left out: It is not a JSON object." in said
    assert "3 more are left out." in said


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "has no requests in it"),
        ("\n\n", "has no requests in it"),
        ("nonsense", "there is no chat request to try (line 1: It is not valid JSON"),
        ("[]", "has no requests in it"),
    ],
)
def test_a_file_without_requests_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text(content, encoding="utf-8")

    assert main(["try", "-c", str(EXAMPLE), "cheap", "quality", "-f", str(path)]) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (
            ("cheap", "balancd"),
            "'balancd' is neither a file nor a policy; did you mean 'balanced'?",
        ),
        (("cheap", "drafts/none.yaml"), "drafts/none.yaml: cannot be read"),
        (("cheap", "quality", "--file", "none.jsonl"), "none.jsonl cannot be read"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], complaint: str
) -> None:
    assert main(["try", "--config", str(EXAMPLE), *args]) == 1
    assert complaint in capsys.readouterr().err


def test_a_draft_with_mistakes_is_not_tried(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = drafted(tmp_path, DRAFT.replace("floor: 0.9", "flor: 0.9"))

    assert main(["try", "--config", str(EXAMPLE), "cheap", path]) == 1
    assert "adequate.flor" in capsys.readouterr().err


def test_a_draft_whose_cascade_has_no_such_model_is_not_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cascade = "cascade: {use: always, steps: [{models: [sim-mod], accept: complete}]}\n"
    path = drafted(tmp_path, CAREFUL + cascade)

    assert main(["try", "--config", str(EXAMPLE), "balanced", path]) == 1
    assert capsys.readouterr().err.endswith(
        "cascade.steps[0].models[0] (line 4): there is no model 'sim-mod'; did you mean 'sim-mid'?\n"
    )


def test_a_key_and_a_tag_are_what_rules_may_ask_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = "rules:\n  - {name: night, when: {key: night, tag: batch}, then: {adequate: {floor: 0.1}}}\n"
    path = drafted(tmp_path, f"policy: draft\nintent: Cheap at night.\n{rules}")
    by_day = told(capsys, "quality", path)
    by_night = told(capsys, "quality", path, "--key", "night", "--tag", "batch")

    assert {each["new"]["rule"] for each in by_day["changes"]} == {""}
    assert {each["new"]["rule"] for each in by_night["changes"]} == {"night"}


# ----------------------------------------------------------------------------------- guards


def test_a_pipeline_stops_where_quality_drops_or_cost_rises(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old, new = drafted(tmp_path, CAREFUL), drafted(tmp_path, THRIFTY)

    tried(capsys, old, new, "--fail-if-quality-drops", "0.1", status=1)
    tried(capsys, old, new, "--fail-if-quality-drops", "0.9")
    tried(capsys, new, old, "--fail-if-cost-rises", "0.1", status=1)
    tried(capsys, new, old, "--fail-if-cost-rises", "1000")
    tried(capsys, old, old, "--fail-if-quality-drops", "0", "--fail-if-cost-rises", "0")


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ((CAREFUL, THRIFTY), r"farthing: mean predicted quality falls by 0\.\d{4}, more than 0\n"),
        (
            (THRIFTY, CAREFUL),
            r"farthing: the expected cost rises by \d+\.\d\d%, more than 0\.00%\n",
        ),
    ],
)
def test_a_guard_says_what_it_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, order: tuple[str, str], complaint: str
) -> None:
    guards = ("--fail-if-quality-drops", "0", "--fail-if-cost-rises", "0")
    policies = [drafted(tmp_path, text) for text in order]

    assert main(["try", "--config", str(EXAMPLE), *policies, *guards]) == 1
    assert re.fullmatch(complaint, capsys.readouterr().err)


@pytest.mark.parametrize("amount", ["-0.1", "nan", "inf", "much"])
def test_a_guard_without_a_bound_is_refused(
    capsys: pytest.CaptureFixture[str], amount: str
) -> None:
    with pytest.raises(SystemExit):
        main(["try", "cheap", "quality", f"--fail-if-cost-rises={amount}"])
    assert "must be a number >= 0" in capsys.readouterr().err
