"""Arrays of numbers, for what is learnt offline and looked up while a request waits."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Probabilities that sum to 1, of one row of logits."""
    raised: Floats = np.exp(logits - logits.max())
    raised /= raised.sum()
    return raised
