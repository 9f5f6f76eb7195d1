"""Write what a start reads of the priors: `models.json` from `models.yaml`, both in router/artefacts/priors/.

    python -m benchmarks.ship_priors

The YAML is for people, with its sources and notes; reading it takes twenty times as long.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router.config.evidence.priors import SHIPPED

_IN_FORCE = ("benchmarks", "categories", "shrinkage", "groups", "tiers", "models")
_OF_BENCHMARKS = ("unit", "chance", "centre", "informs", "slope", "shift", "sd")
_OF_MODELS = ("vendor", "open_weight", "size", "earlier", "also", "prices")
_SOURCE = Path(str(SHIPPED)).with_suffix(".yaml")


def main() -> None:
    """Write the JSON."""
    Path(str(SHIPPED)).write_text(condensed(_SOURCE.read_text("utf-8")), "utf-8")


def condensed(text: str) -> str:
    """The JSON made from this YAML: what the priors are computed from."""
    whole = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader either way
    data = _only(whole, _IN_FORCE)
    data["benchmarks"] = {
        name: _only(about, _OF_BENCHMARKS) for name, about in data["benchmarks"].items()
    }
    data["models"] = {name: _model(entry) for name, entry in data["models"].items()}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _model(entry: Mapping[str, Any]) -> dict[str, Any]:
    results = entry["benchmarks"].items()
    values = {name: _only(result, ("value",)) for name, result in results}
    return {**_only(entry, _OF_MODELS), "benchmarks": values}


def _only(entry: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: entry[key] for key in keys if key in entry}


if __name__ == "__main__":
    main()
