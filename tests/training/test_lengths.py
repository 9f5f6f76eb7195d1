"""Lengths and latencies learnt of outcomes that are made up here."""

import numpy as np
import pytest

from router.decision.lengths import from_json, to_json
from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.training.lengths import ASSUMED_TIERS, fit_latency, fit_lengths

MATHS, CHAT = Category.MATHS, Category.CHAT
MODELS = ("plain", "wordy", "rare", "silent")


def outcomes(tokens: Floats, seconds: Floats | None = None) -> Outcomes:
    """Prompts of that many tokens a model; nothing else matters."""
    rows = len(tokens)
    none = np.full(tokens.shape, np.nan)
    return Outcomes(
        prompt_ids=tuple(map(str, range(rows))),
        prompts=("?",) * rows,
        datasets=("made/up",) * rows,
        models=MODELS[: tokens.shape[1]],
        scores=none,
        costs_usd=none,
        input_tokens=none,
        output_tokens=tokens,
        latencies_s=none if seconds is None else seconds,
        answers=np.full(tokens.shape, None, dtype=object),
    )


@pytest.fixture
def made_up() -> tuple[Outcomes, list[Category]]:
    """Half maths, thrice as long; `wordy` needs twice the tokens, `rare` has answered five prompts."""
    dice = np.random.default_rng(0)
    categories = [MATHS if row % 2 else CHAT for row in range(800)]
    lengths = np.array([300.0 if each is MATHS else 100.0 for each in categories])
    tokens = lengths[:, None] * np.array([1.0, 2.0, 2.0, 1.0]) * dice.lognormal(0, 0.5, (800, 4))
    tokens[5:, 2] = np.nan
    tokens[:, 3] = np.nan
    return outcomes(tokens), categories


def test_nine_tenths_of_what_was_not_learnt_of_are_below_p90(
    made_up: tuple[Outcomes, list[Category]],
) -> None:
    table, categories = made_up
    prior = fit_lengths(table.at(range(400)), categories[:400])
    for category in (MATHS, CHAT):
        rows = [row for row in range(400, 800) if categories[row] is category]
        for column, name in enumerate(MODELS[:2]):
            below = table.output_tokens[rows, column] <= prior.usual(name, category).p90
            assert 0.84 <= below.mean() <= 0.96


def test_a_model_with_few_answers_is_as_wordy_in_all_categories_as_these_say(
    made_up: tuple[Outcomes, list[Category]],
) -> None:
    prior = fit_lengths(*made_up)
    plain, wordy, rare = (prior.models[each] for each in MODELS[:3])

    assert set(plain.categories) == {MATHS, CHAT}
    assert not rare.categories
    assert plain.factor < 1.0 < rare.factor < wordy.factor
    assert "silent" not in prior.models
    assert prior.usual("rare", MATHS).mean > prior.usual("new", MATHS).mean


def test_one_answer_that_ran_away_does_not_make_a_model_dear(
    made_up: tuple[Outcomes, list[Category]],
) -> None:
    table, categories = made_up
    usual = fit_lengths(table, categories).usual("plain", MATHS).mean
    table.output_tokens[1, 0] = 1e7

    assert fit_lengths(table, categories).usual("plain", MATHS).mean == pytest.approx(
        usual, rel=0.05
    )


def test_categories_of_which_there_is_little_are_left_to_typical_figures() -> None:
    prior = fit_lengths(outcomes(np.full((20, 1), 5.0)), [CHAT] * 20)

    assert prior.categories == {}
    assert prior.models == {}


def test_a_category_is_wanted_for_each_prompt(made_up: tuple[Outcomes, list[Category]]) -> None:
    with pytest.raises(ValueError, match="800 prompts have 1 categories"):
        fit_lengths(made_up[0], [CHAT])


def test_the_numbers_are_the_same_every_time_and_go_through_a_file(
    made_up: tuple[Outcomes, list[Category]],
) -> None:
    prior = fit_lengths(*made_up, note="made up")

    assert fit_lengths(*made_up, note="made up") == prior
    assert from_json(to_json(prior)) == prior
    assert (prior.note, prior.tiers) == ("made up", ASSUMED_TIERS)


def test_a_latency_is_a_start_and_so_much_for_each_token() -> None:
    dice = np.random.default_rng(0)
    tokens = dice.uniform(10, 1000, 500)
    seconds = (0.5 + 0.02 * tokens) * dice.lognormal(0, 0.1, 500)
    seconds[0] = 600.0
    line = fit_latency(tokens, seconds)

    assert line is not None
    assert line.first_s == pytest.approx(0.5, abs=0.3)
    assert line.per_token_s == pytest.approx(0.02, rel=0.1)
    assert line.sigma < 0.4


def test_a_latency_that_does_not_grow_with_the_length_has_no_share_below_zero() -> None:
    tokens = np.linspace(10, 1000, 100)
    falling, steep = fit_latency(tokens, 5 - tokens / 250), fit_latency(tokens, tokens**2 / 1000)

    assert falling is not None
    assert steep is not None
    assert falling.per_token_s == 0.0
    assert steep.first_s == 0.0


@pytest.mark.parametrize("known", [0, 49])
def test_few_latencies_have_no_line(known: int) -> None:
    seconds = np.full(100, np.nan)
    seconds[:known] = 1.0

    assert fit_latency(np.full(100, 10.0), seconds) is None


def test_a_model_with_recorded_latencies_has_its_line(
    made_up: tuple[Outcomes, list[Category]],
) -> None:
    table, categories = made_up
    timed = outcomes(table.output_tokens, 1 + table.output_tokens / 100)
    prior = fit_lengths(timed, categories)

    line = prior.models["plain"].latency
    assert line is not None
    assert line.total_s(200) == pytest.approx(3.0, rel=0.05)
    assert prior.models["rare"].latency is None
