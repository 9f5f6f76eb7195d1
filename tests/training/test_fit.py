"""Outcomes in, artefact out: laws of the whole, and outcomes as odd as they come."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.evidence.artefact_files import read_artefact, write_artefact
from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.pipeline.artefact import OWN_MEANS, PRIORS, Artefact
from router.training.fit import Recipe
from router.training.parity import parity_cases
from tests.training.learning import (
    MODELS,
    POOL,
    SKILL,
    artefact_forecaster,
    drawn,
    learnt,
    table,
    tokenize,
    usual_artefact,
)

ODD = ("", " ", "rose", "\ud83d lone \udc00 surrogates", "thorn petal " * 17_000, "\x00\x00")
STRANGER = Pool("wider", (*POOL.models, PoolModel("stranger", 1.0, 2.0)))


def predicted(artefact: Artefact, prompts: Sequence[str], pool: Pool = STRANGER) -> Predictions:
    return artefact_forecaster(artefact).predict(
        prompts, pool, [str(at) for at in range(len(prompts))]
    )


def assert_sane(found: Predictions) -> None:
    assert ((found.p_quality > 0.0) & (found.p_quality < 1.0)).all()
    assert ((found.p_sd >= 0.0) & (found.p_sd < 1.0)).all()
    assert (np.isfinite(found.costs_usd) & (found.costs_usd >= 0.0)).all()


def digest(artefact: Artefact, folder: Path) -> str:
    cases = parity_cases(artefact.kinds, [tokenize(text) for text in ("", "rose thorn", "tide")])
    return write_artefact(artefact, cases, folder)


# --------------------------------------------------------------------------- what is learnt


def test_models_are_told_apart_by_the_kind_of_prompt() -> None:
    unseen = drawn(90, seed=7)
    found = predicted(usual_artefact(), unseen.prompts, POOL)
    truth = np.array([SKILL[each] for each in unseen.datasets])

    assert np.abs(found.p_quality - truth).mean() < 0.08
    assert np.abs(found.p_quality - truth.mean(axis=0)).mean() > 0.1
    assert (found.p_quality.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.9


def test_what_was_learnt_says_more_of_unseen_answers_than_means_do() -> None:
    unseen, seen = drawn(600, seed=8), drawn(300)
    found = predicted(usual_artefact(), unseen.prompts, POOL).p_quality

    def brier(p: Floats) -> float:
        return float(np.mean((p - unseen.scores) ** 2))

    assert brier(found) < brier(seen.scores.mean(axis=0)) - 0.01
    assert abs(found.mean() - unseen.scores.mean()) < 0.03


def test_far_from_what_was_learnt_models_are_about_as_good_as_usual() -> None:
    found = predicted(usual_artefact(), ["zebra quartz", ""], POOL)
    usual = np.array([SKILL[each] for each in SKILL]).mean(axis=0)

    assert found.p_quality == pytest.approx(np.tile(usual, (2, 1)), abs=0.07)
    near = predicted(usual_artefact(), ["rose thorn the petal"], POOL)
    assert (found.p_sd.mean(axis=0) > near.p_sd[0]).all()


def test_a_stranger_moves_with_the_others() -> None:
    easy, hard = predicted(
        usual_artefact(), ["rose thorn petal the", "yeast oven crust the"]
    ).p_quality

    assert easy[3] > 0.6 > hard[3]
    estimates = artefact_forecaster(usual_artefact())
    assert estimates.artefact.usual("stranger") is None


def test_costs_are_those_that_were_paid() -> None:
    seen = drawn(30)
    found = predicted(usual_artefact(), seen.prompts, POOL)

    assert found.costs_usd == pytest.approx(seen.costs_usd, rel=0.01)


def test_the_more_answers_the_closer_to_the_truth() -> None:
    unseen = drawn(90, seed=7)
    truth = np.array([SKILL[each] for each in unseen.datasets])
    off = [
        np.abs(
            predicted(learnt(drawn(count, seed=3)), unseen.prompts, POOL).p_quality - truth
        ).mean()
        for count in (9, 60, 600)
    ]

    assert off[0] > off[1] > off[2]


def test_what_few_prompts_teach_is_held_against_those_that_they_did_not_and_tamed() -> None:
    few, many = (learnt(drawn(count)).quality.calibration for count in (30, 600))

    assert few[0] < 0.8
    assert many == pytest.approx((1.0, 0.0), abs=0.15)
    assert learnt(drawn(3)).quality.calibration == (1.0, 0.0)  # a prompt a kind: none to spare


# ------------------------------------------------------------------------------- the same


def test_the_same_outcomes_make_the_same_bytes(tmp_path: Path) -> None:
    digests = {digest(learnt(drawn(90)), tmp_path / name) for name in "ab"}

    assert len(digests) == 1
    assert digest(learnt(drawn(90), Recipe(seed=1)), tmp_path / "c") not in digests
    for name in ("artefact.json", "lengths.json", "tables.npz", "parity.json", "SHA256SUMS"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_was_written_predicts_what_was_learnt(tmp_path: Path) -> None:
    digest(usual_artefact(), tmp_path)
    once, again = (
        predicted(each, [*drawn(20, seed=4).prompts, *ODD])
        for each in (usual_artefact(), read_artefact(tmp_path))
    )

    assert again.p_quality == pytest.approx(once.p_quality, abs=1e-12)
    assert again.p_sd == pytest.approx(once.p_sd, abs=1e-12)
    assert again.costs_usd == pytest.approx(once.costs_usd, abs=1e-12)


# -------------------------------------------------------------------------------- odd ones


def _with(outcomes: Outcomes, score: float) -> Outcomes:
    return replace(outcomes, scores=np.full_like(outcomes.scores, score))


OUTCOMES = {
    "one prompt": drawn(1),
    "two prompts": drawn(2),
    "one prompt a kind": drawn(3),
    "one kind": drawn(30, kinds=["garden/roses"]),
    "two kinds": drawn(30, kinds=["garden/roses", "harbour/tides"]),
    "40 kinds": replace(drawn(90), datasets=tuple(f"kind {at % 40}" for at in range(90))),
    "a kind a prompt": replace(drawn(30), datasets=tuple(map(str, range(30)))),
    "no dataset": replace(drawn(30), datasets=("",) * 30),
    "all right": _with(drawn(30), 1.0),
    "all wrong": _with(drawn(30), 0.0),
    "partly right": _with(drawn(30), 0.37),
    "a third known": drawn(90, known=0.3),
    "no tokens, no costs": replace(
        drawn(30),
        input_tokens=np.full((30, 3), np.nan),
        output_tokens=np.full((30, 3), np.nan),
        costs_usd=np.full((30, 3), np.nan),
    ),
    "odd prompts": replace(drawn(36), prompts=ODD * 6),
    "empty prompts": replace(drawn(12), prompts=("",) * 12),
    "one model": drawn(30).of(["small"]),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_of_any_outcomes_something_is_learnt_that_predicts(name: str, tmp_path: Path) -> None:
    artefact = learnt(OUTCOMES[name])
    digest(artefact, tmp_path)

    assert_sane(predicted(artefact, ODD))
    assert_sane(predicted(read_artefact(tmp_path), OUTCOMES[name].prompts[:5]))


@settings(max_examples=12)
@given(st.data())
def test_of_any_small_table_something_is_learnt_that_predicts(data: st.DataObject) -> None:
    count, models = data.draw(st.integers(1, 10)), data.draw(st.integers(1, 4))
    cell = st.sampled_from([0.0, 0.5, 1.0, np.nan])
    scores = data.draw(st.lists(cell, min_size=count * models, max_size=count * models))
    text = st.text(st.characters(), max_size=12)
    prompts, datasets = (data.draw(st.lists(text, min_size=count, max_size=count)) for _ in "ab")
    names = ("large", "middle", "small", "other")[:models]
    outcomes = table(prompts, datasets, np.array([0.5, *scores[1:]]), names)

    assert_sane(predicted(learnt(outcomes), [*prompts, "rose"]))


@pytest.mark.parametrize("outcomes", [drawn(5).at(np.zeros(5, bool)), _with(drawn(5), np.nan)])
def test_without_a_score_there_is_nothing_to_learn(outcomes: Outcomes) -> None:
    with pytest.raises(ValueError, match="no outcomes with a score"):
        learnt(outcomes)


def test_a_model_that_never_answered_is_not_learnt_and_keeps_its_prior() -> None:
    outcomes = drawn(60)
    outcomes.scores[:, 1] = np.nan
    artefact = learnt(outcomes)
    resemblance = artefact.kinds.of([], 0)
    found = artefact.quality.prompt_scores(resemblance).quality("middle", QualityEstimate(0.7, 0.1))

    assert artefact.models == ("large", "small")
    assert found.source is EstimateSource.PRIOR
    assert found.sd == 0.1


def test_what_was_not_answered_counts_for_nothing() -> None:
    outcomes = drawn(60)
    wider = outcomes.of((*MODELS, "stranger"))

    assert learnt(wider).models == MODELS
    assert (learnt(wider).quality.scores == learnt(outcomes).quality.scores).all()


# --------------------------------------------------------------------------------- the rest


def test_the_card_counts_what_was_learnt_from() -> None:
    facts = learnt(drawn(31, known=0.5), Recipe(seed=3)).facts

    assert facts["prompts"] == 31
    assert facts["answers"] == int(np.isfinite(drawn(31, known=0.5).scores).sum())
    assert facts["prompts_by_kind"] == {
        "garden/roses": 11,
        "harbour/tides": 10,
        "kitchen/bread": 10,
    }
    assert facts["seed"] == 3


def test_models_move_from_their_own_means_unless_priors_are_given() -> None:
    anchors = {"large": {"garden/roses": 0.5}}
    plain, anchored = (learnt(drawn(60), Recipe(anchors=each)) for each in (None, anchors))

    assert (plain.moves_from, anchored.moves_from) == (OWN_MEANS, PRIORS)
    assert anchored.quality.anchors[0, 0] == 0.5
    assert anchored.quality.anchors[0, 1:].tolist() == plain.quality.anchors[0, 1:].tolist()
    assert plain.quality.anchors[0] == pytest.approx([drawn(60).scores[:, 0].mean()] * 3, abs=0.05)


def test_a_prompt_that_is_longer_than_what_is_read_costs_by_its_whole_length() -> None:
    """Learnt from long prompts, and asked of one: the vendor's count is twice ours, whole by whole."""
    long = [f"rose thorn {at} " * 2000 for at in range(12)]
    artefact = learnt(table(long, ["x", "y"] * 6, drawn(12).scores))

    assert artefact.spending.input_ratios == pytest.approx([2.0] * 3, rel=0.02)
    assert predicted(artefact, long[:1], POOL).costs_usd[0, 0] == pytest.approx(
        (2 * 6000 * 3.0 + 100 * 15.0) / 1e6, rel=0.02
    )
