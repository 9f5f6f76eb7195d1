"""Regressions that may stop before they have converged, on purpose."""

import warnings
from typing import Any

from sklearn.linear_model import LogisticRegression


def fitted(model: LogisticRegression, *data: Any) -> LogisticRegression:
    """`model`, fitted to `data` in no more than its own number of iterations.

    Weights are rounded to 8 bits, or weighed against a prior, so that their last digits do not matter: that it has not
    converged (ConvergenceWarning) is expected, and so is a kind with a single prompt (a plain UserWarning).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(*data)
