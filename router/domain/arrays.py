"""Arrays of numbers, for what is learnt offline and looked up while a request waits."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
