"""What people get wrong in their first configuration, who may be new to YAML: each message says what would be right."""

from pathlib import Path

import pytest

from tests.config.files import SOUND, complaints

EMPTY = "must be a mapping of keys to values; it is empty: the lines that belong to it are indented further than it is"
ADDRESS = "must be the part before /chat/completions, such as https://api.openai.com/v1"


def test_lines_that_are_not_indented_far_enough(tmp_path: Path) -> None:
    text = "version: 1\nupstreams:\nsim: {kind: simulated}\nmodels:\n  sim-mid:\n  upstream: sim\n"
    said = complaints(tmp_path, text)

    assert f"config.yaml: upstreams (line 2): {EMPTY}" in said
    assert f"config.yaml: models.sim-mid (line 5): {EMPTY}" in said


def test_a_rule_whose_lines_are_indented_unevenly(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    rule = "  - name: maths\n  when: {category: maths}\n    then: {otherwise: best}\n"
    (folder / "balanced.yaml").write_text(
        f"policy: balanced\nintent: As good as it gets\nrules:\n{rule}"
    )

    (said,) = complaints(tmp_path, SOUND)
    assert said.startswith("policies/balanced.yaml: line 5: ")
    assert said.endswith("; check how far it is indented, and that it is beneath no [] or {}")


def test_a_colon_without_a_space(tmp_path: Path) -> None:
    text = SOUND.replace("{upstream: sim}", "{upstream:sim}")

    assert (
        "config.yaml: models.sim-mid.upstream:sim (line 5): unknown key"
        in complaints(tmp_path, text)[0]
    )
    assert complaints(tmp_path, text)[0].endswith("; a colon needs a space after it")


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com",
        "https://eu.api.openai.com/",
        "http://api.openai.com/v1",
        "http://127.0.0.1:8000/v1/v1",
        "http://127.0.0.1:8000/v1/chat/completions",
    ],
)
def test_an_address_that_is_too_short_or_too_long(tmp_path: Path, address: str) -> None:
    box = f"  box: {{kind: openai, base_url: '{address}'}}\n"
    text = SOUND.replace("models:\n", f"{box}models:\n")

    assert complaints(tmp_path, text) == [
        f"config.yaml: upstreams.box.base_url (line 4): {ADDRESS}"
    ]


def test_an_empty_folder_of_policies(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()

    (said,) = complaints(tmp_path, SOUND)
    assert said == (
        "config.yaml: policies.default (line 1): there is no policy 'balanced'; 'policies' has none: write one,"
        " or copy the folder of policies that comes with Farthing"
    )
