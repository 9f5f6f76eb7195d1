"""P(good answer) by what was learnt of the kinds of prompts: laws that hold for any table."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.quality import QualityModel
from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.members import replace
from router.domain.resemblance import Resemblance

SHARE = st.floats(0.0, 1.0)
PRIOR = st.floats(0.005, 0.995)
"""Nothing is certain: what is nearer to 0 or 1 is held at these."""
NAMES = tuple("abcd")


@st.composite
def models(draw: st.DrawFn) -> QualityModel:
    """Four models on one to five kinds; scores, deviations and anchors of any size."""
    kinds, traits = draw(st.integers(1, 5)), draw(st.integers(0, 3))

    def cells(
        columns: int, cell: st.SearchStrategy[float]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        found = draw(st.lists(cell, min_size=4 * columns, max_size=4 * columns))
        return np.array(found, dtype=np.float64).reshape(4, columns)

    return QualityModel(
        names=NAMES,
        scores=cells(kinds, SHARE),
        sds=cells(kinds, SHARE),
        loadings=cells(traits, st.floats(-2, 2)),
        anchors=cells(kinds, SHARE),
        calibration=(draw(st.floats(0, 3)), draw(st.floats(-2, 2))),
        floor=draw(SHARE),
        evenness=draw(st.floats(0.25, 2.0)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[QualityModel, Resemblance]:
    """A model of quality, and a prompt that may be of any of its kinds."""
    model = draw(models())
    kinds, traits = model.scores.shape[1], model.loadings.shape[1]
    weights = np.array(draw(st.lists(st.floats(0.01, 1), min_size=kinds, max_size=kinds)))
    about = draw(st.lists(st.floats(-1, 1), min_size=traits, max_size=traits))
    shares = weights / weights.sum()
    hardness = draw(st.floats(-1, 1))
    return model, Resemblance(tuple(shares.tolist()), tuple(about), draw(SHARE), hardness)


def simple(floor: float = 0.2) -> QualityModel:
    """Two models on two kinds, of which `a` is good at the first and `b` at the second."""
    return QualityModel(
        names=("a", "b"),
        scores=np.array([[0.9, 0.4], [0.6, 0.8]]),
        sds=np.array([[0.02, 0.03], [0.02, 0.03]]),
        loadings=np.zeros((2, 0)),
        anchors=np.array([[0.7, 0.7], [0.65, 0.65]]),
        calibration=(1.0, 0.0),
        floor=floor,
    )


def prompt(*shares: float, familiarity: float = 1.0) -> Resemblance:
    return Resemblance(shares, (), familiarity)


def logit(p: float) -> float:
    return log(p / (1 - p))


@given(cases(), PRIOR, st.sampled_from([*NAMES, "stranger"]))
def test_far_from_all_that_was_learnt_every_model_is_as_its_prior_says(
    case: tuple[QualityModel, Resemblance], prior: float, name: str
) -> None:
    model, resemblance = replace(case[0], floor=0.0), replace(case[1], familiarity=0.0)
    found = model.prompt_scores(resemblance).quality(name, QualityEstimate(prior, 0.1))

    assert found == QualityEstimate(prior, 0.1)


@given(cases(), PRIOR, PRIOR, st.sampled_from([*NAMES, "stranger"]))
def test_a_better_prior_never_makes_a_worse_estimate(
    case: tuple[QualityModel, Resemblance], one: float, other: float, name: str
) -> None:
    prompt_scores = case[0].prompt_scores(case[1])
    worse, better = (
        prompt_scores.quality(name, QualityEstimate(p, 0.1)).p for p in sorted((one, other))
    )

    assert worse <= better + 1e-12


@given(cases(), SHARE, st.floats(0, 1), st.sampled_from([*NAMES, "stranger"]))
def test_what_comes_out_is_a_probability_with_a_deviation(
    case: tuple[QualityModel, Resemblance], prior: float, sd: float, name: str
) -> None:
    prompt_scores, held = case[0].prompt_scores(case[1]), QualityEstimate(prior, sd)
    found = prompt_scores.quality(name, held)
    if not prompt_scores.weight:
        assert found is held  # nothing of what was learnt holds here
        return

    assert 0.0 < found.p < 1.0
    assert 0.0 <= found.sd <= 2.0
    is_scored = name in NAMES
    assert found.source is (EstimateSource.ARTEFACT if is_scored else EstimateSource.PRIOR)


@given(cases(), PRIOR)
def test_a_model_that_was_never_scored_moves_as_the_others_do_on_average(
    case: tuple[QualityModel, Resemblance], prior: float
) -> None:
    model = replace(case[0], calibration=(1.0, 0.0), floor=0.0)
    prompt_scores = model.prompt_scores(replace(case[1], familiarity=1.0, hardness=0.0))
    usual = np.clip(model.anchors @ case[1].shares, 0.005, 0.995)
    scored = [
        logit(prompt_scores.quality(name, QualityEstimate(float(p), 0.1)).p) - logit(float(p))
        for name, p in zip(NAMES, usual, strict=True)
    ]
    expected = 1 / (1 + exp(-(logit(prior) + float(np.mean(scored)))))

    found = prompt_scores.quality("stranger", QualityEstimate(prior, 0.1)).p
    assert found == pytest.approx(min(max(expected, 0.005), 0.995), abs=1e-6)


HARDNESS = st.floats(-1.0, 1.0)


@given(cases(), PRIOR, HARDNESS, HARDNESS, st.sampled_from([*NAMES, "stranger"]))
def test_no_model_is_better_at_a_harder_prompt(
    case: tuple[QualityModel, Resemblance], prior: float, one: float, other: float, name: str
) -> None:
    easier, harder = (
        case[0]
        .prompt_scores(replace(case[1], hardness=each))
        .quality(name, QualityEstimate(prior, 0.1))
        for each in sorted((one, other))
    )

    assert harder.p <= easier.p + 1e-12


@given(SHARE, HARDNESS, SHARE)
def test_hardness_never_turns_the_order_of_models_round(
    share: float, hardness: float, prior: float
) -> None:
    plain, hard = (
        simple().prompt_scores(Resemblance((share, 1.0 - share), (), 0.5, each))
        for each in (0.0, hardness)
    )
    a, b = QualityEstimate(prior, 0.1), QualityEstimate(1.0 - prior, 0.1)
    before = plain.quality("a", a).p - plain.quality("b", b).p
    after = hard.quality("a", a).p - hard.quality("b", b).p

    assert before * after >= 0.0


@given(PRIOR, st.floats(0.0, 1.0))
def test_what_is_hard_for_a_weak_model_is_easy_for_one_that_is_surely_right(
    p: float, hardness: float
) -> None:
    prompt_scores = simple(1.0).prompt_scores(Resemblance((1.0, 0.0), (), 0.0, hardness))
    strong, weak = (
        (0.9 - prompt_scores.quality("a", QualityEstimate(p, 0.1)).p),
        (0.6 - prompt_scores.quality("b", QualityEstimate(p, 0.1)).p),
    )

    assert strong == pytest.approx(hardness * 0.09, abs=1e-9)
    assert weak == pytest.approx(hardness * 0.24, abs=1e-9)


def test_hardness_is_in_logits() -> None:
    found = (
        simple()
        .prompt_scores(Resemblance((1.0, 0.0), (), 1.0, 0.1))
        .quality("b", QualityEstimate(0, 0))
    )

    assert logit(found.p) == pytest.approx(logit(0.6) - 0.1, abs=2e-3)


def test_without_a_floor_hardness_counts_as_far_as_what_was_learnt_does() -> None:
    found = [
        simple(floor).prompt_scores(Resemblance((0.5, 0.5), (), 0.25, 0.8)).hardness
        for floor in (0.2, 0.0)
    ]

    assert found == [0.8, 0.2]


@pytest.mark.parametrize("hardness", [1.1, -1.1, float("nan")])
def test_a_hardness_beyond_1_is_refused(hardness: float) -> None:
    with pytest.raises(ValueError, match="hardness is from -1 to 1"):
        Resemblance((1.0,), (), 0.5, hardness)


@given(SHARE, SHARE, SHARE)
def test_a_more_familiar_prompt_is_trusted_more(one: float, other: float, floor: float) -> None:
    less, more = (
        simple(floor).prompt_scores(prompt(0.5, 0.5, familiarity=each)).weight
        for each in sorted((one, other))
    )

    assert floor - 1e-12 <= less <= more + 1e-12 <= 1.0 + 2e-12


def test_without_a_floor_what_is_strange_is_not_calibrated_either() -> None:
    model = replace(simple(0.0), calibration=(2.0, -0.5))
    weights = [model.prompt_scores(prompt(0.5, 0.5, familiarity=each)) for each in (0.0, 0.5, 1.0)]

    assert [each.calibration for each in weights] == [(1.0, 0.0), (1.5, -0.25), (2.0, -0.5)]


def test_on_a_prompt_that_is_surely_of_a_kind_a_model_is_as_good_as_it_was_on_that_kind() -> None:
    prompt_scores = simple().prompt_scores(prompt(1.0, 0.0))
    a, b = (prompt_scores.quality(name, QualityEstimate(0.5, 0.3)) for name in "ab")

    assert (a.p, b.p) == pytest.approx((0.9, 0.6))
    assert (a.sd, b.sd) == pytest.approx((0.02, 0.02))


def test_between_two_kinds_it_is_between_and_less_sure() -> None:
    sure, torn = (simple().prompt_scores(prompt(*each)) for each in ((1.0, 0.0), (0.5, 0.5)))
    prior = QualityEstimate(0.5, 0.3)

    assert torn.quality("a", prior).p == pytest.approx(0.65)
    assert torn.quality("a", prior).sd > 5 * sure.quality("a", prior).sd


def test_traits_tell_prompts_of_a_kind_apart() -> None:
    model = replace(simple(), loadings=np.array([[0.05], [-0.1]]))
    hard = replace(prompt(1.0, 0.0), traits=(1.0,))
    prompt_scores = model.prompt_scores(hard)

    assert prompt_scores.quality("a", QualityEstimate(0.5, 0.1)).p == pytest.approx(0.95)
    assert prompt_scores.quality("b", QualityEstimate(0.5, 0.1)).p == pytest.approx(0.5)


def test_what_was_too_sure_of_itself_is_drawn_to_the_middle() -> None:
    tamed = replace(simple(), calibration=(0.5, 0.0)).prompt_scores(prompt(1.0, 0.0))

    assert tamed.quality("a", QualityEstimate(0.5, 0.1)).p == pytest.approx(0.45)


def test_what_is_usual_of_a_model_is_its_anchor_as_unsure_as_its_kinds_are_different() -> None:
    usual = simple().usual("a")

    assert usual.p == pytest.approx(0.7)
    assert usual.sd == pytest.approx(0.25, abs=0.01)
    assert usual.source is EstimateSource.ARTEFACT
    with pytest.raises(ValueError, match="not in"):
        simple().usual("c")


def compared(model: QualityModel, resemblance: Resemblance) -> Floats:
    """How much better each model is than the mean of all."""
    scores = model.prompt_scores(resemblance).scores
    return np.asarray(scores - scores.mean())


@given(SHARE, SHARE, st.floats(0.25, 2.0))
def test_how_hard_a_prompt_is_does_not_depend_on_how_carefully_models_are_compared(
    share: float, familiarity: float, evenness: float
) -> None:
    resemblance = prompt(share, 1.0 - share, familiarity=familiarity)
    plain, careful = simple(), replace(simple(), evenness=evenness)

    assert careful.prompt_scores(resemblance).scores.mean() == pytest.approx(
        plain.prompt_scores(resemblance).scores.mean()
    )


@given(SHARE, st.floats(0.25, 2.0))
def test_of_an_unfamiliar_prompt_models_are_compared_by_flatter_shares(
    share: float, evenness: float
) -> None:
    careful, shares = replace(simple(), evenness=evenness), np.array([share, 1.0 - share])
    even = shares**evenness / (shares**evenness).sum()
    flat = prompt(*even.tolist(), familiarity=0.0)

    assert compared(careful, prompt(*shares.tolist(), familiarity=0.0)) == pytest.approx(
        compared(simple(), flat)
    )


@given(SHARE, st.floats(0.25, 2.0))
def test_of_a_familiar_prompt_they_are_compared_by_its_shares(
    share: float, evenness: float
) -> None:
    careful, resemblance = replace(simple(), evenness=evenness), prompt(share, 1.0 - share)

    assert compared(careful, resemblance) == pytest.approx(compared(simple(), resemblance))


def test_the_less_familiar_the_more_carefully() -> None:
    careful = replace(simple(), evenness=0.5)
    found = [
        compared(careful, prompt(0.9, 0.1, familiarity=each))[0] for each in (1.0, 0.6, 0.2, 0.0)
    ]

    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1] + 0.05


def test_what_is_taken_apart_comes_back_as_it_was() -> None:
    again = QualityModel.from_arrays(("a", "b"), replace(simple(), evenness=0.4).arrays())
    resemblance, prior = prompt(0.3, 0.7, familiarity=0.6), QualityEstimate(0.7, 0.1)

    assert again.prompt_scores(resemblance).quality("b", prior) == replace(
        simple(), evenness=0.4
    ).prompt_scores(resemblance).quality("b", prior)
    assert (again.calibration, again.floor, again.evenness) == ((1.0, 0.0), 0.2, 0.4)


@pytest.mark.parametrize(
    ("name", "wrong", "complaint"),
    [
        ("scores", np.full((2, 2), 1.1), "from 0 to 1"),
        ("scores", np.full((2, 2), np.nan), "from 0 to 1"),
        ("scores", np.full((3, 2), 0.5), "2 models have 3 rows"),
        ("scores", np.full(2, 0.5), "one column a kind"),
        ("sds", np.full((2, 2), -0.1), "from 0 to 1"),
        ("sds", np.full((2, 3), 0.1), "one row a model"),
        ("anchors", np.full((2, 2), np.nan), "from 0 to 1"),
        ("anchors", np.full((1, 2), 0.5), "one row a model"),
        ("loadings", np.full((2, 1), np.inf), "are numbers"),
        ("loadings", np.zeros((3, 1)), "2 models have 2 rows"),
        ("loadings", np.zeros(2), "one a trait"),
        ("calibration", np.array([np.nan, 0.0]), "are numbers"),
        ("calibration", np.array([1.0]), "values to unpack"),
        ("floor", np.array(1.5), "the floor is from 0 to 1, not 1.5"),
        ("floor", np.array(np.nan), "the floor"),
        ("evenness", np.array(0.0), "a power above 0, not 0.0"),
        ("evenness", np.array(np.inf), "a power above 0"),
        ("evenness", np.array(np.nan), "a power above 0"),
    ],
)
def test_tables_that_make_no_sense_are_refused(
    name: str, wrong: np.ndarray[tuple[int, ...], np.dtype[np.float64]], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        QualityModel.from_arrays(("a", "b"), {**simple().arrays(), name: wrong})


def test_a_name_stands_for_one_row() -> None:
    with pytest.raises(ValueError, match="2 models"):
        QualityModel.from_arrays(("a", "a"), simple().arrays())
