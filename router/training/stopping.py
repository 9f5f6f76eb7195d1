"""Regressions that stop after a stated number of rounds, on purpose."""

import warnings
from typing import Any

from sklearn.linear_model import LogisticRegression


def fitted(model: LogisticRegression, *data: Any) -> LogisticRegression:
    """`model`, fitted to `data` as far as its rounds go.

    The last digits of weights that are rounded to 8 bits, or weighed against a prior, are not worth
    waiting for: that the rounds were not enough (ConvergenceWarning) is no news. Nor is it that a kind
    may have one prompt alone (a plain UserWarning).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(*data)
