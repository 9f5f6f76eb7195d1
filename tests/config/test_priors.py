"""Priors from published results: by the steps that are written down, valid and in a sane order."""

from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ship_priors import condensed
from router.config.evidence.priors import SHIPPED, Prior, Priors
from router.config.prices.price_map import PriceMap
from router.domain.category import Category
from router.domain.price import Price

K = Category.KNOWLEDGE
CHEAP, DEAR = Price.per_mtok("0.1", "0.1"), Price.per_mtok("10", "10")


def data(**models: Any) -> dict[str, Any]:
    """Two benchmarks, two tiers, and figures that can be followed with a pencil."""
    return {
        "models": models,
        "benchmarks": {
            "quiz": {
                "unit": "share",
                "chance": 0.25,
                "slope": 2,
                "shift": 0.5,
                "sd": 1,
                "informs": ["knowledge"],
            },
            "arena": {
                "unit": "rating",
                "centre": 1300,
                "slope": 1,
                "shift": 0,
                "sd": 0.5,
                "informs": ["chat"],
            },
            "vectara_consistency": {
                "unit": "share",
                "chance": 0,
                "slope": 1,
                "shift": 0,
                "sd": 1,
                "informs": ["summarising"],
            },
        },
        "categories": {category.value: {"anchor": 0.8, "spread": 0.5} for category in Category},
        "groups": {"all": [category.value for category in Category]},
        "tiers": [
            {"max_blended_usd_per_mtok": 1, "ability": {"all": 0.0}, "sd": 1.0},
            {"max_blended_usd_per_mtok": None, "ability": {"all": 2.0}, "sd": 0.5},
        ],
        "shrinkage": {"general_sd": 1.0, "category_sd": 1.0, "general_weight": 0.5},
    }


def entry(*prices: str, open_weight: bool = False, **results: float) -> dict[str, Any]:
    return {
        "vendor": "acme",
        "open_weight": open_weight,
        "size": "small",
        "prices": list(prices),
        "benchmarks": {name: {"value": value, "source": "s"} for name, value in results.items()},
    }


def prior(name: str, price: Price = CHEAP, **models: Any) -> Prior:
    return Priors(data(**models)).of([name], price)


def test_an_ability_is_what_the_steps_give_by_hand() -> None:
    # v = (0.8125 - 0.25) / 0.75 = 0.75;  z = 2 * logit(0.75) + 0.5 = 2.6972, variance 1
    # g: z with variance 1 / 0.5 = 2, tier 0 with variance 1:  g = 0.8991, variance 2/3
    # a: z with variance 1, g with variance 1 + 2/3:           a = 2.0229, variance 0.625
    # P = sigmoid(logit(0.8) + 0.5 * 2.0229) = 0.9167;  sd = P (1 - P) * 0.5 * sqrt(0.625)
    abilities = prior("m", m=entry(quiz=0.8125)).abilities

    assert abilities[K].p == pytest.approx(0.91665, abs=1e-5)
    assert abilities[K].sd == pytest.approx(0.91665 * 0.08335 * 0.5 * sqrt(0.625), abs=1e-5)
    # Elsewhere only g speaks: P = sigmoid(1.3863 + 0.5 * 0.8991) = 0.86246
    assert abilities[Category.MATHS].p == pytest.approx(0.86246, abs=1e-5)
    assert abilities[K].source == "prior: benchmarks of m"


def test_a_rating_counts_by_the_logistic_scale() -> None:
    # 173.7178 points are one logit: z = 1, variance 0.25;  g = (0.5/0.25 * 1) / (2 + 1) = 2/3
    # a = (1 * 4 + 2/3 * 0.75) / (4 + 0.75) = 0.9474;  P = sigmoid(1.3863 + 0.4737) = 0.8653
    abilities = prior("m", m=entry(arena=1473.7178)).abilities

    assert abilities[Category.CHAT].p == pytest.approx(0.86530, abs=1e-4)


def test_a_consistency_of_summaries_says_nothing_about_anything_else() -> None:
    abilities = prior("m", m=entry(vectara_consistency=0.98)).abilities

    assert abilities[Category.SUMMARISING].p > 0.9
    assert abilities[K].p == pytest.approx(0.8)


def test_a_result_no_better_than_guessing_is_bounded() -> None:
    guessing = prior("m", m=entry(quiz=0.25)).abilities[K].p

    assert guessing == prior("m", m=entry(quiz=0.1)).abilities[K].p
    assert guessing > 0.1


def test_an_unknown_model_gets_what_is_usual_at_its_price() -> None:
    cheap, dear = prior("nobody", CHEAP), prior("nobody", DEAR)

    assert cheap.abilities[K].p == pytest.approx(0.8)
    assert dear.abilities[K].p == pytest.approx(1 / (1 + 1 / 4 / 2.718281828))
    assert cheap.abilities[K].sd == pytest.approx(0.8 * 0.2 * 0.5)
    assert cheap.abilities[K].source == "prior: its price tier"
    assert cheap.tags == frozenset()


def test_a_better_result_never_lowers_an_ability() -> None:
    found = [prior("m", m=entry(quiz=value / 20)).abilities for value in range(21)]

    for category in Category:
        shares = [abilities[category].p for abilities in found]
        assert shares == sorted(shares)


def test_a_model_is_known_by_its_id_its_price_keys_and_harmless_endings() -> None:
    priors = Priors(data(m=entry("vendor/m-one", quiz=0.9), n=entry("m", open_weight=True)))

    def source(*names: str | None) -> str:
        return priors.of(names, CHEAP).abilities[K].source

    assert source("m") == source("vendor/m-one") == "prior: benchmarks of m"
    assert source(None, "nobody", "m") == "prior: benchmarks of m"
    assert source("acme/M-Instruct") == source("m-2026-01-31") == "prior: benchmarks of m"
    assert source("m-turbo") == "prior: its price tier"
    assert priors.of(["n"], CHEAP).tags == {"acme", "small", "open-weight"}


def test_other_spellings_of_a_name_are_known() -> None:
    priors = Priors(data(m={**entry(quiz=0.9), "also": ["meta-m"]}))

    assert priors.of(["vendor/Meta-M-Instruct"], CHEAP).is_measured


def test_what_an_earlier_model_costs_says_nothing_about_it() -> None:
    priors = Priors(data(m={**entry(quiz=0.8), "earlier": True}, n=entry(quiz=0.8)))

    def p(name: str, price: Price, priors: Priors = priors) -> float:
        return priors.of([name], price).abilities[Category.MATHS].p

    assert p("m", CHEAP) == p("m", DEAR)
    assert p("n", CHEAP) < p("n", DEAR)
    assert p("m", CHEAP, priors.without("quiz")) < p("m", DEAR, priors.without("quiz"))


def test_published_results_alone_make_a_general_ability() -> None:
    # v = 0.75: z = 2 * logit(0.75) + 0.5 = 2.6972, whatever the price
    priors = Priors(data(m=entry(quiz=0.8125), n=entry(vectara_consistency=0.98), o=entry()))

    assert priors.published("m") == pytest.approx(2.69722, abs=1e-5)
    assert priors.published("n") is None
    assert priors.published("o") is None
    assert priors.published("nobody") is None


def test_results_can_be_left_out_by_how_their_benchmarks_names_begin() -> None:
    priors = Priors(data(m=entry(quiz=0.9, arena=1500.0), n=entry(quiz=0.9))).without("qu")

    assert priors.of(["m"], CHEAP).is_measured
    assert not priors.of(["n"], CHEAP).is_measured
    assert priors.published("n") is None


@pytest.fixture(scope="module")
def shipped() -> Priors:
    return Priors.shipped()


@pytest.fixture(scope="module")
def prices() -> PriceMap:
    return PriceMap.shipped()


def test_what_is_read_at_a_start_is_what_people_wrote() -> None:
    written = Path(str(SHIPPED)).with_suffix(".yaml").read_text("utf-8")

    assert condensed(written) == SHIPPED.read_text("utf-8"), "python -m benchmarks.ship_priors"


KNOWN = (
    "gpt-4o gpt-4o-mini gpt-5 gpt-5.4 gpt-5.4-mini gpt-5.4-nano gpt-6-sol gpt-6-luna gpt-6-astra o3"
    " o4-mini gpt-oss-120b gpt-oss-20b claude-opus-5-5 claude-sonnet-5-5 claude-haiku-5-5"
    " claude-haiku-4-5 claude-sonnet-4-5 gemini-2.5-pro gemini-2.5-flash gemini-3.8-flash grok-4.7"
    " mistral-small-4 mistral-large-3 deepseek-v3.2 deepseek-r1-0528 llama-3.1-8b llama-3.1-70b"
    " llama-3.3-70b llama-4-maverick qwen2.5-72b qwen3-32b glm-5.3 kimi-k3 minimax-m3"
).split()


@pytest.mark.parametrize("name", KNOWN)
def test_a_model_that_people_configure_has_priors_of_its_own(name: str, shipped: Priors) -> None:
    found = shipped.of([name], CHEAP)

    for ability in found.abilities.values():
        assert ability.source == f"prior: benchmarks of {name}"
        assert 0.1 < ability.p <= 0.99
        assert 0.0 < ability.sd < 0.2
    assert found.tags


def test_every_model_of_the_price_map_gets_valid_abilities(
    shipped: Priors, prices: PriceMap
) -> None:
    for key in sorted(prices.keys)[::7]:
        if facts := prices.find(key):
            found = shipped.of([key], facts.price).abilities
            assert set(found) == set(Category)
            assert all(0 < each.p <= 0.99 and each.sd < 0.3 for each in found.values())


EARLIER = (
    "Meta-Llama-3.1-70B-Instruct meta-llama/Llama-3.1-8B-Instruct Meta-Llama-3-8B-Instruct llama-2-70b-chat-hf"
    " Mixtral-8x7B-Instruct-v0.1 open-mixtral-8x22b mistralai/mistral-7b-chat mistral-large-2407 open-mistral-nemo-2407"
    " gpt-4 gpt-4-turbo-2024-04-09 gpt-4-0125-preview gpt-4-1106-preview gpt-3.5-turbo-0125-FC o1-mini-2024-09-12"
    " claude-3-opus-20240229 claude-3-haiku-20240307 claude-v2 claude-instant-v1 claude-2.1"
    " gemini-1.5-pro-002 gemini-1.5-flash gemini-pro google/gemma-2-9b-it Qwen1.5-72B-Chat Qwen2-72B-Instruct"
    " deepseek-v2-chat deepseek-v2.5-0908 01-ai/Yi-34B-Chat WizardLM/WizardLM-13B-V1.2 command-r-plus Phi-3-mini-4k-instruct"
).split()
"""As their vendors, their hosts and published outcomes write them."""


@pytest.mark.parametrize("name", EARLIER)
def test_earlier_models_are_known_by_their_usual_names(name: str, shipped: Priors) -> None:
    assert shipped.published(name) is not None
    assert shipped.of([name], CHEAP).abilities[K].p < 0.9


_HOST, _LLAMA = "deepinfra", "deepinfra/meta-llama"


@pytest.mark.parametrize(
    ("weaker", "stronger", "category"),
    [
        ("gpt-4o-mini", "gpt-4o", K),
        ("gpt-3.5-turbo", "gpt-4o-mini", Category.MATHS),
        ("gpt-4-turbo", "gpt-5.4-mini", Category.CODE_WRITING),
        ("gpt-4o", "gpt-5", Category.REASONING),
        ("gpt-5-nano", "gpt-5-mini", Category.MATHS),
        ("gpt-5-mini", "gpt-5", K),
        (f"{_HOST}/openai/gpt-oss-20b", f"{_HOST}/openai/gpt-oss-120b", Category.REASONING),
        (
            f"{_LLAMA}/Meta-Llama-3.1-8B-Instruct",
            f"{_LLAMA}/Llama-3.3-70B-Instruct",
            Category.MATHS,
        ),
        (f"{_LLAMA}/Llama-3.3-70B-Instruct", "gpt-4.1", Category.CODE_EDITING),
        ("claude-haiku-4-5", "claude-sonnet-4-5", Category.CODE_EDITING),
        ("claude-haiku-5-5", "claude-opus-5-5", Category.REASONING),
        ("gemini/gemini-2.5-flash-lite", "gemini/gemini-2.5-pro", K),
        ("vertex_ai/mistral-small-2503", "mistral/mistral-large-2512", K),
    ],
)
def test_what_everybody_knows_to_be_stronger_is_rated_higher(
    weaker: str, stronger: str, category: Category, shipped: Priors, prices: PriceMap
) -> None:
    def rated(key: str) -> float:
        facts = prices.find(key)
        assert facts
        return shipped.of([key], facts.price).abilities[category].p

    assert rated(weaker) < rated(stronger)


def test_dearer_tiers_are_never_assumed_to_be_weaker(shipped: Priors) -> None:
    usd = ("0.05", "0.2", "0.8", "2", "4", "8", "40")
    tiers = [shipped.of([], Price.per_mtok(rate, rate)).abilities for rate in usd]

    for category in Category:
        shares = [abilities[category].p for abilities in tiers]
        assert shares == sorted(shares)
