"""What an artefact predicts of a pool, as tables: their order, and where each number comes from."""

from collections.abc import Sequence

import numpy as np
import pytest

from router.decision.lengths import LengthPrior
from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.pipeline.artefact_forecaster import ArtefactForecaster
from tests.training.learning import POOL, artefact_forecaster, drawn, tokenize, usual_artefact

PROMPTS = ("rose thorn the petal", "tide buoy a keel", "", "zebra quartz")
IDS = ("c", "a", "b", "d")


def predicted(pool: Pool = POOL, prompts: Sequence[str] = PROMPTS) -> Predictions:
    return artefact_forecaster(usual_artefact()).predict(prompts, pool, IDS[: len(prompts)])


def test_tables_are_in_the_order_of_the_prompts_and_of_the_pool() -> None:
    turned = Pool("turned", (POOL.models[2], POOL.models[0]))
    found, plain = predicted(turned), predicted()

    assert (found.prompt_ids, found.models) == (IDS, ("small", "large"))
    for name in ("p_quality", "p_sd", "costs_usd", "latencies_s"):
        assert getattr(found, name).tolist() == getattr(plain, name)[:, [2, 0]].tolist()


def test_a_prompt_is_predicted_as_if_it_were_alone() -> None:
    together = predicted()

    for at, prompt in enumerate(PROMPTS):
        alone = predicted(prompts=[prompt])
        assert alone.p_quality.tolist() == together.p_quality[at : at + 1].tolist()
        assert alone.costs_usd.tolist() == together.costs_usd[at : at + 1].tolist()


def test_of_no_prompts_there_are_empty_tables() -> None:
    assert predicted(prompts=[]).p_quality.shape == (0, 3)


def test_models_that_were_never_seen_have_quality_by_their_priors_and_costs_by_their_prices() -> (
    None
):
    strangers = Pool("new", (PoolModel("dear", 10.0, 30.0), PoolModel("cheap", 1.0, 3.0)))
    found = predicted(strangers)

    assert (found.p_quality[:, 0] == found.p_quality[:, 1]).all()
    # How hard a prompt is is known all the same.
    assert found.p_quality[0, 0] != found.p_quality[1, 0]
    assert found.costs_usd[:, 0] == pytest.approx(10 * found.costs_usd[:, 1])


def test_a_price_for_a_call_is_what_a_call_costs() -> None:
    by_call = Pool("by call", (PoolModel("large", 3.0, 15.0, usd_per_call=0.02), POOL.models[1]))
    found = predicted(by_call)

    assert found.costs_usd[:, 0].tolist() == [0.02] * 4
    assert found.costs_usd[:, 1].tolist() == predicted().costs_usd[:, 1].tolist()


def test_a_prompt_costs_its_tokens_at_the_vendor_s_count_and_the_answer_usual_of_its_kind() -> None:
    found = predicted().costs_usd

    assert found[0, 0] == pytest.approx((2 * 4 * 3.0 + 100 * 15.0) / 1e6)
    assert found[2, 2] == pytest.approx(100 * 0.4 / 1e6)
    long = predicted(prompts=["rose thorn " * 20_000]).costs_usd
    assert long[0, 0] == pytest.approx((2 * 40_000 * 3.0 + 100 * 15.0) / 1e6, rel=0.02)


def test_the_dearer_a_model_that_was_never_timed_the_slower_it_is_taken_to_be() -> None:
    """Its 100 tokens come at the pace that is assumed of its price."""
    found = predicted().latencies_s

    assert found == pytest.approx(np.tile([0.7 + 1.8, 0.4 + 1.2, 0.3 + 0.8], (4, 1)), rel=1e-6)


def test_of_seconds_nothing_is_said_where_nothing_is_known() -> None:
    ignorant = replace(usual_artefact(), lengths=LengthPrior())
    found = artefact_forecaster(ignorant).predict(PROMPTS, POOL, IDS)

    assert np.isnan(found.latencies_s).all()
    assert np.isfinite(found.costs_usd).all()


def test_a_prior_is_asked_for_the_category_of_the_prompt() -> None:
    asked: list[tuple[str, Category]] = []

    def prior_of(model: PoolModel, category: Category) -> QualityEstimate:
        asked.append((model.name, category))
        return QualityEstimate(0.5, 0.1)

    code = "Write a Python function that reverses a linked list, with type hints."
    seer = ArtefactForecaster(usual_artefact(), tokenize, lambda pool: prior_of, None)  # noqa: ARG005 - one for all pools
    seer.predict([code], POOL, ["p"])

    assert asked == [(model.name, Category.CODE_WRITING) for model in POOL.models]


def test_predictions_are_finite_for_every_prompt_of_a_table() -> None:
    prompts = drawn(40, seed=9).prompts
    found = artefact_forecaster(usual_artefact()).predict(
        prompts, POOL, [str(at) for at in range(40)]
    )

    for table in (found.p_quality, found.p_sd, found.costs_usd):
        assert np.isfinite(table).all()
