"""What is held of lengths before anything was observed, and the file that it is read from."""

from math import isnan

import pytest

from router.decision.lengths import (
    TYPICAL_OUTPUT_TOKENS,
    LatencyLine,
    LengthPrior,
    ModelHabits,
    Tier,
    from_json,
    to_json,
)
from router.domain.category import Category
from router.domain.spread import Spread

MATHS, CHAT = Category.MATHS, Category.CHAT
SHORT, LONG = Spread.log_normal(50.0, 0.5), Spread.log_normal(300.0, 0.5)
SLOW, QUICK = LatencyLine(2.0, 0.1, 0.5), LatencyLine(0.2, 0.01, 0.5)
LINE = '{"first_s": 1, "per_token_s": 1, "sigma": 1}'
PRIOR = LengthPrior(
    categories={MATHS: LONG},
    models={
        "terse": ModelHabits(0.5, {MATHS: SHORT}),
        "wordy": ModelHabits(2.0, latency=SLOW),
    },
    tiers=(Tier(1.0, QUICK), Tier(10.0, SLOW)),
    note="made up",
)


def test_the_nearest_knowledge_counts_the_model_then_the_category_then_what_is_typical() -> None:
    assert PRIOR.usual("terse", MATHS) == SHORT
    assert PRIOR.usual("wordy", MATHS) == LONG.times(2.0)
    assert PRIOR.usual("new", MATHS) == LONG
    assert PRIOR.usual("new", CHAT).mean == TYPICAL_OUTPUT_TOKENS[CHAT]
    assert PRIOR.usual("terse", CHAT).mean == TYPICAL_OUTPUT_TOKENS[CHAT] / 2


def test_only_a_model_of_which_nothing_is_known_is_supposed_to_think() -> None:
    assert PRIOR.usual("new", MATHS, reasons=True) == LONG.times(4.0)
    assert PRIOR.usual("terse", MATHS, reasons=True) == SHORT
    assert PRIOR.usual("wordy", MATHS, reasons=True) == LONG.times(2.0)


def test_a_latency_goes_by_the_name_then_by_the_price_and_is_unknown_without_either() -> None:
    assert PRIOR.line("wordy", 0.1) is SLOW
    assert PRIOR.line("new", 0.1) is QUICK
    assert PRIOR.line("new", 1.5) is SLOW
    assert PRIOR.line("new", 75.0) is SLOW
    assert LengthPrior().line("new", 1.0) is None


def test_a_forecast_of_a_model_that_was_never_seen() -> None:
    forecast = PRIOR.forecast("new", MATHS, 0.1)

    assert (forecast.mean_tokens, forecast.p90_tokens) == (LONG.mean, LONG.p90)
    assert forecast.latency_s == pytest.approx(0.2 + 0.01 * 300)
    assert isnan(LengthPrior().forecast("new", MATHS, 0.1).latency_s)


def test_a_higher_quantile_of_a_latency_is_longer() -> None:
    half, nine_tenths = SLOW.estimate(100, 0.5), SLOW.estimate(100, 0.9)

    assert (half.first_content_s, half.total_s) == (2.0, 12.0)
    assert nine_tenths.total_s == pytest.approx(12.0 * 1.898, abs=0.01)
    assert nine_tenths.is_predicted


def test_what_is_written_is_read_back() -> None:
    assert from_json(to_json(PRIOR)) == PRIOR
    assert from_json(b"{}") == LengthPrior()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ('{"form": 2}', "form 2"),
        ('{"categories": {"chess": {}}}', "chess"),
        ('{"categories": {"maths": {"mean": 1, "quantiles": [1, 2]}}}', r"\.categories\["),
        ('{"models": {"m": {"factor": 0}}}', r"\.models\["),
        ('{"models": {"m": {"factor": NaN}}}', "malformed"),
        ('{"models": {"m": {"latency": {"first_s": -1}}}}', r"\.models\[.*\.latency"),
        (
            f'{{"tiers": [{{"up_to_usd_per_1m": 2, "line": {LINE}}}, {{"up_to_usd_per_1m": 1, "line": {LINE}}}]}}',
            "ascend",
        ),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        from_json(text)
