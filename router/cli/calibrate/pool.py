"""The models of a configuration as a pool, for the commands that judge outcomes without a configuration."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from router.domain.errors import FarthingError
from router.domain.model import Model

NAME = "own"
_PICO_PER_USD_PER_MTOK = 10**6
_HEAD = """\
# The models of a Farthing configuration, as farthing calibrate asked them. It is rewritten each time.
"""


def pool_beside(outcomes: Path) -> Path:
    """Where the pool for a file of outcomes is written."""
    return outcomes.with_suffix(".pools.yaml")


def write_pool(path: Path, models: Iterable[Model]) -> None:
    """Write these models as the pool `own`, at their prices for short prompts. Raises FarthingError."""
    pool = {"pools": {NAME: {"models": {model.id: _entry(model) for model in models}}}}
    text = yaml.safe_dump(pool, sort_keys=False, allow_unicode=True, default_flow_style=None)
    try:
        path.write_text(_HEAD + text, encoding="utf-8")
    except OSError as error:
        raise FarthingError(f"{path} cannot be written: {error.strerror}") from None


def _entry(model: Model) -> Mapping[str, Any]:
    return {
        "input_per_1m": model.price.input_pico / _PICO_PER_USD_PER_MTOK,
        "output_per_1m": model.price.output_pico / _PICO_PER_USD_PER_MTOK,
        "abilities": {
            category.value: {"p": round(ability.p, 4), "sd": round(ability.sd, 4)}
            for category, ability in model.abilities.items()
        },
    }
