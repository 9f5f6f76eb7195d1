"""What is learnt of real outcomes, and of which none of a dataset. Needs these, which are not part of this project.

They are looked for where tests/evaluation/test_self_test.py looks for them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.evaluation.outcome_files import read_outcomes
from router.evaluation.pool_file import read_pool
from tests.cli.commands import fitted, predicted, write_prompts
from tests.evaluation.real import FOLDER

LEFT_OUT = "zeroeval/crux"
POOL = f"{FOLDER / 'pools.yaml'}:zeroeval12"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "pools.yaml").is_file(), reason="the outcomes are not here"
)


@dataclass(frozen=True)
class Foreseen:
    """Outcomes, and what was predicted of them by an artefact that never saw one of their datasets."""

    outcomes: Outcomes
    p: Floats
    costs_usd: Floats

    def of(self, is_left_out: bool) -> tuple[Floats, Floats]:
        """Scores and predictions of the dataset that was left out, or of those that were learnt from."""
        rows = np.array([(each == LEFT_OUT) == is_left_out for each in self.outcomes.datasets])
        return self.outcomes.scores[rows], self.p[rows]


def foreseen(folder: Path) -> Foreseen:
    outcomes = _outcomes()
    file = FOLDER / "zeroeval.parquet"
    artefact = fitted(folder / "artefact", file, POOL, "--exclude-dataset", LEFT_OUT)
    prompts = write_prompts(
        folder / "prompts.parquet",
        {"prompt_id": outcomes.prompt_ids, "prompt": outcomes.prompts},
    )
    rows = predicted(prompts, POOL, artefact)
    tables = (
        np.array([row[name] for row in rows]).reshape(outcomes.scores.shape)
        for name in ("p_quality", "pred_cost_usd")
    )
    return Foreseen(outcomes, *tables)


def _outcomes() -> Outcomes:
    pool = read_pool(POOL)
    table = read_outcomes([FOLDER / "zeroeval.parquet"], pool.names, pool.datasets)
    return table.at(table.is_complete)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Foreseen:
    return foreseen(tmp_path_factory.mktemp("real"))


def test_of_datasets_that_were_learnt_from_models_are_as_good_as_predicted(found: Foreseen) -> None:
    scores, p = found.of(is_left_out=False)

    assert p.mean(axis=0) == pytest.approx(scores.mean(axis=0), abs=0.06)
    assert np.mean((p - scores) ** 2) < np.mean((scores.mean(axis=0) - scores) ** 2)


def test_of_the_one_that_was_left_out_models_are_in_about_their_order(found: Foreseen) -> None:
    scores, p = found.of(is_left_out=True)

    assert np.corrcoef(p.mean(axis=0), scores.mean(axis=0))[0, 1] > 0.8
    assert np.abs(p.mean(axis=0) - scores.mean(axis=0)).mean() < 0.25


def test_what_calls_cost_is_foreseen(found: Foreseen) -> None:
    expected, paid = found.costs_usd.mean(axis=0), found.outcomes.costs_usd.mean(axis=0)

    assert np.corrcoef(np.log(expected), np.log(paid))[0, 1] > 0.97
    assert (np.abs(np.log(expected / paid)) < np.log(2)).all()
