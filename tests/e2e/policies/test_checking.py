"""`farthing check` and `farthing schema` as they are called: what is doubtful, and what fails."""

from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import REPO, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

FLAT = """\
policy: flat
intent: Whatever is asked, the same model answers.
reference: best
adequate: {floor: 0.1}
"""


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "flat.yaml").write_text(FLAT, encoding="utf-8")
    policies = {"directory": "policies", "default": "flat"}
    return write_config(tmp_path, shared_simulator.base_url, policies=policies)


def test_what_is_doubtful_is_told_and_fails_only_where_that_is_wished(config: Path) -> None:
    told, strict = (here("check", "--config", str(config), *more) for more in ((), ("--strict",)))
    said = (
        "doubtful policy flat: decides nothing: of the 131 requests of the shipped sample it would"
        " send every one that it answers to sim-open-8b"
    )

    assert (told.status, strict.status) == (0, 1)
    assert said in told.out
    assert said in strict.out


def test_a_floor_is_out_of_reach_only_where_no_prompt_is_predicted_better_than_usual(
    tmp_path: Path, config: Path, shared_simulator: Simulator
) -> None:
    flat = tmp_path / "policies" / "flat.yaml"
    flat.write_text(FLAT.replace("floor: 0.1", "floor: 0.98"), encoding="utf-8")
    said = "no model that it allows is ever predicted to reach its floor of 0.98"
    assert said not in here("check", "--config", str(config)).out

    policies = {"directory": "policies", "default": "flat"}
    plain = write_config(
        tmp_path, shared_simulator.base_url, policies=policies, quality={"artefact": "none"}
    )
    assert said in here("check", "--config", str(plain)).out


def test_recorded_traffic_takes_the_place_of_the_sample(config: Path) -> None:
    with Farthing(config) as farthing:
        for number in range(31):
            assert post(farthing.base_url, chat(f"Tell me about number {number}.")).status == 200

    said = "decides nothing: of the 31 requests of the ledger it would send every one"
    assert said in here("check", "--config", str(config)).out


def test_the_schema_goes_where_it_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    printed, written = here("schema"), here("schema", "--output", str(file))

    assert (printed.status, written.status, written.out) == (0, 0, "")
    published = (REPO / "policies" / "policy.schema.json").read_text("utf-8")
    assert file.read_text("utf-8") == printed.out == published


def test_an_artefact_that_cannot_be_used_is_told_by_check_and_by_serve_which_goes_on(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    path = write_config(tmp_path, shared_simulator.base_url, quality={"artefact": "nowhere"})
    said = (
        f"quality.artefact: {tmp_path}/nowhere/SHA256SUMS: No such file or directory;"
        " models keep their priors"
    )

    assert f"doubtful {said}" in here("check", "--config", str(path)).out
    with Farthing(path) as farthing:
        assert post(farthing.base_url, chat("Hello there, how are you?")).status == 200
        assert said in farthing.said
