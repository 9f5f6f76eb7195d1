"""Totals add up, shares are shares, parts make the saving, and the most expensive group comes first."""

from hypothesis import given
from hypothesis import strategies as st

from router.domain.ledger import CostSource, Outcome
from router.domain.money import ZERO, Money
from router.domain.price import Band, Price, Rates
from router.domain.usage import BUCKETS, Usage
from router.ledger.report import Cell, Decomposition, Totals, grouped, summed, totals_of

COUNTS = st.integers(0, 10**12)
AMOUNTS = st.integers(0, 10**20).map(Money)
USAGES = st.builds(Usage, **dict.fromkeys(BUCKETS, COUNTS))
CELLS = st.builds(
    Cell,
    name=st.sampled_from(["a", "b", "c"]),
    outcome=st.sampled_from(Outcome),
    cost_source=st.sampled_from(CostSource),
    size_class=st.sampled_from([0, 200_000]),
    attempts=COUNTS,
    requests=COUNTS,
    answers=COUNTS,
    usage=USAGES,
    cost=AMOUNTS,
    baseline=AMOUNTS,
    quality_sum=st.floats(0, 1e6),
)
PRICE = Price(3, 15, 1, 4, 15, bands=(Band(Rates(6, 30, 2, 8, 30), above_input_tokens=200_000),))


def cell(name: str = "a", **fields: object) -> Cell:
    usual = {
        "name": name,
        "outcome": Outcome.OK,
        "cost_source": CostSource.PRICED,
        "size_class": 0,
        "attempts": 1,
        "requests": 1,
        "answers": 1,
        "usage": Usage(10, output_tokens=2),
        "cost": Money(5),
        "baseline": Money(9),
        "quality_sum": 0.5,
    }
    return Cell(**{**usual, **fields})  # type: ignore[arg-type]


@given(cells=st.lists(CELLS), price=st.sampled_from([None, PRICE]))
def test_groups_add_up_to_the_total_and_parts_to_the_saving(
    cells: list[Cell], price: Price | None
) -> None:
    total = summed(cells, price)
    groups = [group.totals for group in grouped(cells, "model", price)]

    for name in Totals.__struct_fields__:
        if name not in ("quality_sum", "parts"):
            parts = [getattr(group, name) for group in groups]
            assert getattr(total, name) == sum(parts, type(getattr(total, name))())
    assert total.parts.total == total.saving
    assert all(group.parts.total == group.saving for group in groups)


def test_each_outcome_has_its_part_of_the_saving() -> None:
    ends = {outcome: totals_of(cell(outcome=outcome, baseline=ZERO)).parts for outcome in Outcome}

    assert ends[Outcome.OK] == Decomposition(model_choice=Money(-5))
    assert ends[Outcome.CACHE_HIT] == Decomposition(cache=Money(-5))
    assert ends[Outcome.FAILED] == ends[Outcome.CUT] == Decomposition(retries=Money(-5))
    assert ends[Outcome.HEDGE_LOST] == Decomposition(hedges=Money(-5))
    assert ends[Outcome.REJECTED] == Decomposition(cascades=Money(-5))
    assert ends[Outcome.CLIENT_LEFT] == Decomposition(abandoned=Money(-5))


def test_a_saving_is_a_share_of_the_baseline() -> None:
    assert Totals(cost=Money(25), baseline=Money(100)).saving_share == 0.75
    assert Totals(cost=Money(150), baseline=Money(100)).saving_share == -0.5
    assert Totals(cost=Money(25)).saving_share is None


def test_another_price_counts_answers_only_and_at_the_rates_of_their_length() -> None:
    assert cell().priced_at(PRICE) == Money(10 * 3 + 2 * 15)
    assert cell(size_class=200_000).priced_at(PRICE) == Money(10 * 6 + 2 * 30)
    cut = cell(outcome=Outcome.CUT, answers=0, baseline=ZERO, quality_sum=0.0)
    assert cut.priced_at(PRICE) == ZERO


def test_what_no_quality_is_predicted_for_keeps_its_baseline_and_lowers_no_mean() -> None:
    vectors = cell(answers=3, quality_sum=0.0)

    assert vectors.priced_at(PRICE) == vectors.baseline
    assert summed([cell(quality_sum=0.8), vectors]).quality == 0.8
    assert summed([vectors]).quality is None


def test_the_dearest_group_stands_first_and_equal_ones_by_name() -> None:
    cells = [cell("b", cost=Money(1)), cell("a", cost=Money(1)), cell("c", cost=Money(2))]

    assert [group.name for group in grouped(cells, "model")] == ["c", "a", "b"]
    assert [group.name for group in grouped(cells, "day")] == ["a", "b", "c"]
