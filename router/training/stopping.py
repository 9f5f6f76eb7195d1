"""Regressions that stop after a stated number of rounds, on purpose."""

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression


def fitted(model: LogisticRegression, *data: Any) -> LogisticRegression:
    """`model`, fitted to `data` as far as its rounds go.

    The last digits of weights that are rounded to 8 bits, or weighed against a prior, are not worth waiting for, and
    so that the rounds were not enough is no news.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data)
