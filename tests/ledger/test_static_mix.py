"""The best static mix is never more expensive than a single model that is as good, and never beaten by another mix."""

from hypothesis import assume, given
from hypothesis import strategies as st

from router.domain.category import Category
from router.domain.ledger import CostSource, Outcome
from router.domain.model import Model
from router.domain.money import Money
from router.domain.price import Band, Price, Rates
from router.domain.usage import Usage
from router.ledger.report import Cell
from router.ledger.static_mix import static_mix
from tests.domain.builders import model


def single(name: str, usd: str, p: float) -> Model:
    return model(name, price=(usd, usd), p=p)


def answers(quality: float, category: str = "chat", count: int = 10, size: int = 0) -> Cell:
    return Cell(
        name=category,
        outcome=Outcome.OK,
        cost_source=CostSource.PRICED,
        size_class=size,
        attempts=count,
        requests=count,
        answers=count,
        usage=Usage(900 * count, output_tokens=100 * count),
        cost=Money(1),
        baseline=Money(2),
        quality_sum=quality * count,
    )


CHEAP, MID, DEAR = single("cheap", "1", 0.5), single("mid", "8", 0.6), single("dear", "10", 0.9)


def test_between_two_models_it_is_a_share_of_each() -> None:
    mix = static_mix([answers(0.7)], [CHEAP, DEAR])

    assert mix is not None
    assert str(mix) == "50% cheap, 50% dear"
    assert answers(0.7).priced_at(mix.price) == Money.from_usd("0.055")


def test_a_model_that_a_mix_beats_takes_no_part() -> None:
    mix = static_mix([answers(0.7)], [DEAR, MID, CHEAP])

    assert str(mix) == "50% cheap, 50% dear"


def test_a_model_that_beats_every_mix_of_the_others_takes_part() -> None:
    better = single("better", "2", 0.8)

    assert str(static_mix([answers(0.7)], [CHEAP, better, DEAR])) == "33% cheap, 67% better"
    assert str(static_mix([answers(0.85)], [CHEAP, better, DEAR])) == "50% better, 50% dear"


def test_of_models_that_cost_the_same_the_better_one_takes_part() -> None:
    worse = single("a", "10", 0.6)

    assert str(static_mix([answers(0.9)], [worse, DEAR])) == "dear"
    assert str(static_mix([answers(0.3)], [worse, DEAR])) == "dear"


def test_no_more_is_paid_than_the_quality_asks() -> None:
    assert str(static_mix([answers(0.3)], [CHEAP, DEAR])) == "cheap"


def test_where_no_model_is_so_good_it_is_the_best_and_says_how_good() -> None:
    mix = static_mix([answers(0.95)], [CHEAP, DEAR])

    assert (str(mix), mix and mix.quality, mix and mix.wanted) == ("dear", 0.9, 0.95)


def test_there_is_none_without_answers_or_models_or_known_categories() -> None:
    assert static_mix([], [CHEAP]) is None
    assert static_mix([answers(0.5)], []) is None
    assert static_mix([answers(0.5, category="astrology")], [CHEAP]) is None


def test_long_prompts_are_mixed_at_their_own_rates() -> None:
    long = Price(1, 1, 1, 1, 1, bands=(Band(Rates(3, 3, 3, 3, 3), above_input_tokens=200_000),))
    banded = model("banded", price=long, p=0.5)
    mix = static_mix([answers(0.5)], [banded])

    assert mix is not None
    assert answers(0.5, size=200_000).priced_at(mix.price) == Money(3 * 10_000)


MODELS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 100)), min_size=1, max_size=6, unique=True
).map(lambda drawn: [single(f"m{n}", str(usd), p / 100) for n, (usd, p) in enumerate(drawn)])


@given(models=MODELS, quality=st.integers(1, 100))
def test_it_is_never_dearer_than_a_single_model_that_is_as_good(
    models: list[Model], quality: int
) -> None:
    cells = [answers(quality / 100)]
    mix = static_mix(cells, models)
    assert mix is not None
    assume(mix.quality >= mix.wanted)
    rivals = [m for m in models if m.abilities[Category.CHAT].p >= mix.wanted]

    mixed = cells[0].priced_at(mix.price)
    assert all(mixed <= cells[0].priced_at(rival.price) for rival in rivals)
