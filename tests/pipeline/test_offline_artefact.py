"""The shipped artefact offline: models that were scored are judged by their own means, not by published results."""

import numpy as np
import pytest

from router.cli.offline import SHIPPED, taken
from router.config.evidence.shipped import shipped_artefact
from router.domain.pool import Pool, PoolModel
from router.pipeline.artefact import OWN_MEANS, PRIORS

STRANGE = "Zyx wvu, tsr qpo?"


def test_on_own_means_a_scored_model_moves_from_its_mean_over_all_kinds() -> None:
    shipped = shipped_artefact()
    assert shipped.moves_from == PRIORS

    own = shipped.on_own_means()

    assert own.moves_from == OWN_MEANS
    assert own.on_own_means() is own
    for name, scores in zip(own.models, own.quality.scores, strict=True):
        usual = own.usual(name)
        assert usual is not None
        assert usual.p == pytest.approx(scores.mean())


def test_models_compare_offline_as_their_scores_do_where_nothing_is_familiar() -> None:
    own = shipped_artefact().on_own_means()
    names = own.models[:20]
    pool = Pool("all", tuple(PoolModel(name, 1.0, 1.0) for name in names))

    told = taken(SHIPPED).predict([STRANGE], pool, ["strange"])

    means = np.array([each.mean() for each in own.quality.scores[:20]])
    assert np.corrcoef(told.p_quality[0], means)[0, 1] > 0.99
