"""What answers say of agreement, learnt from made-up ones whose truth is known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.agreement import AgreementModel
from router.domain.agreeing import FEW_OPTIONS, SHARED_MISTAKE, same_wrong_of
from router.domain.arrays import Floats
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.resemblance import Resemblance
from router.training.agreement import fit_agreement, foreseen
from router.training.parity import parity_cases
from router.training.tables import numbered
from tests.training.learning import drawn, learnt, table, tokenize

MODELS = ("large", "middle", "small", "tiny")
SAME_WRONG = {"quiz/open": 0.05, "quiz/two": 0.9}
"""How often two wrong answers are the same one, in a quiz of many options and in one of two."""


def answered(count: int, kinds: tuple[str, ...] = tuple(SAME_WRONG), seed: int = 0) -> Outcomes:
    """Questions that are hard or easy for all, whose wrong answers are the usual one or another."""
    dice = np.random.default_rng(seed)
    datasets = [kinds[number % len(kinds)] for number in range(count)]
    ease = dice.normal(0.0, 1.5, (count, 1))
    skill = np.array([2.0, 1.0, 0.8, 0.5])
    scores = (dice.random((count, 4)) < 1 / (1 + np.exp(-(skill + ease)))).astype(float)
    shares = np.array([[SAME_WRONG[each] ** 0.5] for each in datasets])
    usual = dice.random((count, 4)) < shares
    own = np.char.add("wrong ", dice.integers(0, 10**9, (count, 4)).astype(str))
    answers = np.where(scores > 0.5, "right", np.where(usual, "wrong", own)).astype(object)
    told = table([f"question {n}" for n in range(count)], datasets, scores, MODELS)
    return replace(told, answers=answers)


def fitted(outcomes: Outcomes, floor: float = 0.0) -> AgreementModel:
    names, kinds = numbered(outcomes.datasets)
    found = fit_agreement(outcomes, kinds, len(names), floor)
    assert found is not None
    return found


def gains(outcomes: Outcomes, a: int, b: int, s: int) -> Floats:
    """What each prompt gains by taking two models' answer if it is the same, instead of asking the third."""
    same = outcomes.answers[:, a] == outcomes.answers[:, b]
    return np.where(same, outcomes.scores[:, a] - outcomes.scores[:, s], 0.0)


# ------------------------------------------------------------------------------ what is learnt


def test_how_often_mistakes_are_shared_is_found_for_each_kind() -> None:
    found = fitted(answered(4000)).habits

    assert found[:, 2] == pytest.approx([0.05, 0.9], abs=0.1)
    assert found[:, 1] == pytest.approx(1.0, abs=0.01)
    assert (found[:, 0] > 0.15).all()  # what is hard is hard for all


@pytest.mark.parametrize("kind", SAME_WRONG)
def test_unseen_prompts_gain_what_was_foreseen(kind: str) -> None:
    model = fitted(answered(4000))
    unseen = answered(4000, (kind,), seed=1)
    shares = tuple(float(kind == each) for each in SAME_WRONG)
    agreeing = model.prospects(Resemblance(shares, (), 1.0))
    quality = [QualityEstimate(p, 0.0) for p in unseen.scores.mean(axis=0).tolist()]
    for triple in ((1, 2, 0), (2, 3, 0), (1, 3, 0), (2, 3, 1)):
        found = agreeing.between(*(quality[model] for model in triple))
        came = gains(unseen, *triple).mean()
        same = (unseen.answers[:, triple[0]] == unseen.answers[:, triple[1]]).mean()

        assert found.gain == pytest.approx(came, abs=0.015)
        assert found.p_accept == pytest.approx(same, abs=0.03)


def test_a_kind_with_few_prompts_is_drawn_towards_the_others() -> None:
    many, few = answered(2000, ("quiz/open",)), answered(20, ("quiz/two",), seed=3)
    both = replace(
        table(
            (*many.prompts, *few.prompts),
            (*many.datasets, *few.datasets),
            np.concatenate((many.scores, few.scores)),
            MODELS,
        ),
        answers=np.concatenate((many.answers, few.answers)),
    )
    found, alone = fitted(both), fitted(answered(4000))

    assert 0.1 < found.habits[1, 2] < alone.habits[1, 2] - 0.2
    assert found.sds[1, 2] > found.sds[0, 2]


def test_far_from_what_was_learnt_it_is_as_usual_and_less_sure() -> None:
    model = fitted(answered(4000))
    near, far = (model.prospects(Resemblance((1.0, 0.0), (), known)) for known in (1.0, 0.0))
    triple = [QualityEstimate(p, 0.02) for p in (0.6, 0.65, 0.75)]

    assert far.habits.same_wrong == pytest.approx(float(model.usual[2]))
    assert far.between(*triple).gain_sd > near.between(*triple).gain_sd


def test_where_no_answers_are_there_nothing_is_learnt_of_agreement() -> None:
    outcomes = drawn(60)

    assert learnt(outcomes).agreement is None
    assert parity_cases(learnt(outcomes).kinds, [[1]])[0].prospects == ()


def test_answers_that_none_could_parse_never_agree() -> None:
    known = answered(400)
    blank = known.answers.copy()
    blank[np.array(known.datasets) == "quiz/two"] = None
    found = fitted(replace(known, answers=blank))

    assert found.habits[1, 1] < 0.45 < found.habits[0, 1]


def test_models_that_answered_other_prompts_are_no_pair() -> None:
    known = answered(600)
    scores, answers = known.scores.copy(), known.answers.copy()
    scores[:300, 3], scores[300:, 2] = np.nan, np.nan
    answers[:300, 3], answers[300:, 2] = None, None
    found = fitted(replace(known, scores=scores, answers=answers))

    assert np.isfinite(found.habits).all()
    assert found.habits[:, 2] == pytest.approx([0.1, 0.8], abs=0.15)


def test_one_prompt_is_enough_to_learn_nothing_odd() -> None:
    found = fitted(answered(2))

    assert np.isfinite(found.habits).all()
    assert (found.sds > 0).all()


# ------------------------------------------------------------------------------- the artefact


def test_tables_and_single_triples_are_foreseen_alike() -> None:
    model = fitted(answered(400))
    agreeing = model.prospects(Resemblance((1.0, 0.0), (), 1.0))
    a, b, s = np.array([0.1, 0.6, 0.99]), np.array([0.5, 0.7, 1.0]), np.array([0.0, 0.8, 0.9])
    accept, gain = foreseen(model.habits[0], a, b, s)
    for at in range(3):
        found = agreeing.between(*(QualityEstimate(float(each[at]), 0.0) for each in (a, b, s)))

        assert found.p_accept == pytest.approx(accept[at], abs=1e-12)
        assert found.gain == pytest.approx(gain[at], abs=1e-12)


def test_an_artefact_gives_the_numbers_of_its_cases() -> None:
    artefact = learnt(replace(answered(200), models=("large", "middle", "small", "tiny")))
    for case in parity_cases(artefact.kinds, [tokenize("rose"), []], artefact.agreement):
        found = artefact.of_triples(artefact.kinds.of(case.tokens, case.prompt_tokens))

        assert len(case.prospects) == 16
        assert found == pytest.approx(np.array(case.prospects), abs=1e-6)


def test_arrays_bring_the_same_model_back() -> None:
    model = fitted(answered(200), floor=0.2)
    back = AgreementModel.from_arrays(0.2, model.arrays())

    assert back is not None
    assert all(np.array_equal(each, back.arrays()[name]) for name, each in model.arrays().items())
    assert AgreementModel.from_arrays(0.2, {}) is None
    with pytest.raises(KeyError):
        AgreementModel.from_arrays(0.2, {"habits": model.habits})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"habits": np.zeros((2, 4))}, "five columns"),
        ({"sds": np.zeros((3, 5))}, "a row a kind"),
        ({"usual": np.full(5, np.nan)}, "a correlation"),
        ({"usual_sds": np.full(5, -0.1)}, "from 0 on"),
        ({"left_sds": np.zeros(3)}, "two deviations"),
        ({"floor": 1.5}, "floor"),
    ],
)
def test_tables_that_are_none_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(fitted(answered(200)), **change)


# ------------------------------------------------------------------------------ few options


def test_of_two_options_only_one_is_wrong() -> None:
    assert same_wrong_of(2) == 1.0


@given(st.integers(2, 26))
def test_the_fewer_options_the_more_mistakes_are_shared(options: int) -> None:
    assert SHARED_MISTAKE < same_wrong_of(options + 1) < same_wrong_of(options) <= 1.0


@given(st.integers(2, FEW_OPTIONS), st.floats(0.0, 1.0))
def test_where_few_answers_are_offered_a_pair_is_trusted_less(
    options: int, familiarity: float
) -> None:
    """What was learnt is of a quiz with any number of answers, so it does not know of few."""
    model = fitted(answered(2000, ("quiz/open",)))
    one, other, final = (QualityEstimate(p, 0.05) for p in (0.7, 0.75, 0.9))
    free, bound = (
        model.prospects(Resemblance((1.0,), (), familiarity, options=offered))
        for offered in (0, options)
    )

    assert bound.habits.same_wrong == pytest.approx(same_wrong_of(options))
    assert bound.between(one, other, final).gain < free.between(one, other, final).gain
    assert bound.between(one, other, final).p_accept > free.between(one, other, final).p_accept


def test_of_many_options_what_was_learnt_says_more() -> None:
    model = fitted(answered(2000, ("quiz/open",)))

    free, bound = (
        model.prospects(Resemblance((1.0,), (), 1.0, options=offered))
        for offered in (0, FEW_OPTIONS + 1)
    )

    assert bound == free


def test_a_kind_whose_mistakes_are_shared_more_keeps_what_it_learnt() -> None:
    model = fitted(answered(2000, ("quiz/two",)))

    free, bound = (
        model.prospects(Resemblance((1.0,), (), 1.0, options=offered)) for offered in (0, 10)
    )

    assert bound.habits == free.habits


def test_a_prompt_cannot_have_fewer_options_than_none() -> None:
    with pytest.raises(ValueError, match="-1 options"):
        Resemblance((1.0,), (), 1.0, options=-1)
