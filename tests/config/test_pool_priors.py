"""What is assumed of a pool's models: on one scale, whoever was scored and whoever was not."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.evidence.pool_priors import RESULTS, Line, Slope, pool_priors
from router.config.evidence.priors import SHIPPED as SHIPPED_FILE
from router.config.evidence.priors import Priors
from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.logits import logit
from router.domain.members import replace
from router.domain.model import Ability
from router.domain.pool import Pool, PoolModel
from router.domain.price import Price
from router.pipeline.artefact import PRIORS, Artefact
from tests.training.learning import MODELS, usual_artefact

K = Category.KNOWLEDGE
SHIPPED = Priors.shipped()
PRICES = st.floats(0.01, 100.0)


def artefact(**prices: float) -> Artefact:
    """One that knows what some of its models cost, input and output alike."""
    return replace(usual_artefact(), prices={name: (usd, usd) for name, usd in prices.items()})


ALL = artefact(large=10.0, middle=1.0, small=0.1)


def p_of(
    model: PoolModel, known: Artefact = ALL, category: Category = K, priors: Priors = SHIPPED
) -> float:
    """What is assumed of a model that is in a pool with a scored one."""
    pool = Pool("beside", (model, PoolModel("middle", 1.0, 1.0)))
    return pool_priors(known, priors)(pool)(model, category).p


def stranger(usd_per_1m: float, name: str = "unheard-of") -> PoolModel:
    return PoolModel(name, usd_per_1m, usd_per_1m)


def test_an_artefact_knows_the_prices_of_the_pool_that_it_was_fitted_with() -> None:
    assert usual_artefact().prices == {"large": (3, 15), "middle": (0.5, 2), "small": (0.1, 0.4)}


@pytest.mark.parametrize("name", MODELS)
def test_a_scored_model_has_its_own_mean_whatever_it_costs(name: str) -> None:
    usual = ALL.usual(name)

    assert usual is not None
    assert p_of(PoolModel(name, 99.0, 99.0)) == usual.p


@given(PRICES, PRICES)
def test_who_costs_more_is_not_expected_to_be_worse(first: float, second: float) -> None:
    cheap, dear = sorted((first, second))

    assert p_of(stranger(cheap)) <= p_of(stranger(dear))


@given(PRICES)
def test_a_stranger_is_no_better_than_scored_models_of_its_price(usd: float) -> None:
    """By what is known of today's models it would be at .8 and more; `small` is right in a quarter of the cases."""
    usual = ALL.usual("small")
    assert usual is not None

    alone = artefact(small=usd)

    assert p_of(stranger(usd), alone) == pytest.approx(usual.p)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=9))
def test_a_line_goes_through_the_middle_and_is_drawn_towards_the_usual_slope(
    points: list[tuple[float, float]],
) -> None:
    line = Line.through(points, Slope(0.5, 0.25))
    x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    covered = sum((at - x) ** 2 for at, _ in points)
    steepest = sum((at - x) * (to - y) for at, to in points) / covered if covered > 1e-9 else 0.5

    assert line is not None
    assert line.intercept + line.slope * x == pytest.approx(y, abs=1e-6)
    assert min(0.5, steepest) - 1e-6 <= line.slope <= max(0.5, steepest) + 1e-6
    assert line.sd > 0.0


def test_there_is_no_line_through_nothing() -> None:
    assert Line.through([], RESULTS) is None


def test_a_price_says_the_same_in_every_category_as_the_means_of_scored_models_do() -> None:
    prior_of = pool_priors(ALL, SHIPPED)(Pool("alone", (stranger(1.0),)))

    found = {prior_of(stranger(1.0), category) for category in Category}

    assert len(found) == 1
    assert found.pop().source is EstimateSource.PRIOR


def test_published_results_say_more_than_a_price() -> None:
    assert p_of(stranger(0.1, "gpt-5")) > p_of(stranger(0.1)) > p_of(stranger(0.1, "vicuna-7b"))


def known_as(**names: str) -> Priors:
    """The shipped priors of these models, under other names."""
    shipped = orjson.loads(SHIPPED_FILE.read_bytes())
    models = {name: {**shipped["models"][of], "prices": []} for name, of in names.items()}
    return Priors({**shipped, "models": models})


SCORED = {"large": "gpt-4o", "middle": "gpt-4o-mini", "small": "gpt-3.5-turbo"}
FAMOUS = known_as(
    **SCORED, good="claude-3-5-sonnet", weak="mistral-7b-v0.1", like_small="gpt-3.5-turbo"
)


def p_of_famous(name: str, usd: float, category: Category = K) -> float:
    return p_of(stranger(usd, name), ALL, category, FAMOUS)


@given(PRICES, PRICES)
def test_published_results_and_prices_both_count(one: float, other: float) -> None:
    cheap, dear = sorted((one, other))

    assert p_of_famous("weak", cheap) < p_of_famous("good", cheap)
    assert p_of_famous("weak", cheap) <= p_of_famous("weak", dear)
    assert p_of_famous("weak", 50.0) < p_of_famous("good", 0.1)


def test_who_does_as_well_as_a_scored_model_elsewhere_is_expected_to_do_about_as_well() -> None:
    """Published results of `small` are far better than its quarter of right answers here."""
    usual = ALL.usual("small")
    assert usual is not None

    published = FAMOUS.of(["small"], Price.per_mtok(1, 1)).abilities[K].p
    found = p_of_famous("like_small", 0.1)

    assert abs(logit(found) - logit(usual.p)) < abs(logit(published) - logit(usual.p))


def test_where_no_model_is_scored_prompts_are_expected_to_be_no_harder_than_usual() -> None:
    """Of `like_small`, a quarter of right answers is what it would have had on the prompts that were learnt from."""
    alone = Pool("strangers", (stranger(1.0, "like_small"), stranger(1.0, "good")))
    prior_of = pool_priors(ALL, FAMOUS)(alone)

    weak, good = (prior_of(model, K) for model in alone.models)

    assert weak.p > p_of_famous("like_small", 1.0)
    assert good.p > weak.p
    odds_apart = logit(good.p) - logit(weak.p)
    assert odds_apart == pytest.approx(
        logit(p_of_famous("good", 1.0)) - logit(p_of_famous("like_small", 1.0))
    )


def test_what_a_pool_of_strangers_states_is_taken_as_it_is() -> None:
    stated = replace(stranger(1.0, "good"), abilities={K: Ability(0.31, 0.1, "the pool")})

    found = pool_priors(ALL, FAMOUS)(Pool("strangers", (stated,)))(stated, K)

    assert found.p == pytest.approx(0.31)
    assert found.sd == pytest.approx(0.1)


def test_published_results_say_the_same_in_every_category() -> None:
    assert len({p_of_famous("good", 1.0, category) for category in Category}) == 1


def test_what_the_pool_states_counts_before_anything_else_that_is_not_learnt() -> None:
    stated = replace(stranger(0.1, "gpt-5"), abilities={K: Ability(0.31, 0.1, "the pool")})

    assert p_of(stated) == pytest.approx(0.31)


def test_where_no_price_is_known_a_stranger_is_as_good_as_others_of_its_price_today() -> None:
    assert (
        p_of(stranger(0.1), artefact()) == SHIPPED.of((), Price.per_mtok(0.1, 0.1)).abilities[K].p
    )


def test_where_scored_models_start_from_priors_so_does_a_stranger() -> None:
    on_priors = replace(ALL, moves_from=PRIORS)

    assert p_of(stranger(9.0), on_priors) == SHIPPED.of((), Price.per_mtok(9, 9)).abilities[K].p


@given(PRICES, PRICES)
def test_where_only_calls_have_a_price_dearer_ones_are_not_expected_to_be_worse(
    first: float, second: float
) -> None:
    cheap, dear = (PoolModel("any", 0.0, 0.0, usd / 1000) for usd in sorted((first, second)))

    assert p_of(cheap) <= p_of(dear)
    assert p_of(cheap) == p_of(stranger(cheap.usd_per_1m[0]))


def test_a_price_per_token_says_more_than_one_per_call() -> None:
    assert PoolModel("any", 1.0, 2.0, 0.5).usd_per_1m == (1.0, 2.0)
    assert PoolModel("any", 0.0, 0.0).usd_per_1m == (0.0, 0.0)


def test_prices_belong_to_models_that_were_learnt_of_and_are_prices() -> None:
    with pytest.raises(ValueError, match="prices of other models than large, middle, small"):
        artefact(huge=1.0)
    with pytest.raises(ValueError, match="a price is zero or more"):
        artefact(large=-1.0)
