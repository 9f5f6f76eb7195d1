"""Real outcomes, where this machine has any."""

import os
from pathlib import Path

_BESIDE = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("FARTHING_OUTCOMES", _BESIDE))
