"""Custom models, from a YAML file.

models:
- id: our-13b
price: {input: 0.2, output: 0.4, cache_read: 0.05}    # USD per million tokens
quality: {default: 0.8, maths: 0.5}                   # or one number for everything
ttft_s: 0.2
tokens_per_s: 100
context_tokens: 32768                                 # this and what follows may be left out
max_output_tokens: 4096
reasoning_share: 0.0
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router.domain.category import Category
from router.domain.errors import ConfigError, Problem
from router.domain.price import Price
from router.providers.simulated_models import SimulatedModel, by_id, price, qualities

_NEEDED = ("id", "price", "quality", "ttft_s", "tokens_per_s")
_OPTIONAL: Mapping[str, Any] = {
    "context_tokens": 131_072,
    "max_output_tokens": 8_192,
    "reasoning_share": 0.0,
}
_RATES = ("input", "output", "cache_read")


def read_models(path: Path) -> tuple[SimulatedModel, ...]:
    """The models in the file. Raises ConfigError that names everything wrong with it at once."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise ConfigError((Problem(str(path), "", why),)) from error
    except UnicodeDecodeError as error:
        raise ConfigError((Problem(str(path), "", "is not text in UTF-8"),)) from error
    except yaml.YAMLError as error:
        raise ConfigError((Problem(str(path), "", str(error)),)) from error
    entries = content.get("models") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ConfigError((Problem(str(path), "models", "must be a list of models"),))
    return _built(str(path), entries)


def _built(file: str, entries: list[Any]) -> tuple[SimulatedModel, ...]:
    models: list[SimulatedModel] = []
    problems: list[Problem] = []
    for place, entry in enumerate(entries):
        try:
            models.append(_model(entry))
        except (ValueError, TypeError) as error:
            problems.append(Problem(file, f"models[{place}]", str(error)))
    try:
        by_id(models)
    except ValueError as error:
        problems.append(Problem(file, "models", str(error)))
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(models)


def _model(entry: object) -> SimulatedModel:
    if not isinstance(entry, dict):
        raise TypeError(f"must have the keys {', '.join(_NEEDED)}, not be {entry!r}")
    if unknown := sorted(set(map(str, entry)) - set(_NEEDED) - set(_OPTIONAL)):
        right = ", ".join((*_NEEDED, *_OPTIONAL))
        raise ValueError(f"unknown key {', '.join(unknown)}: a model has {right}")
    if missing := [name for name in _NEEDED if name not in entry]:
        raise ValueError(f"{', '.join(missing)} is missing")
    filled = {**_OPTIONAL, **entry}
    if type(filled["id"]) is not str:
        raise TypeError(f"id must be text, not {filled['id']!r}")
    return SimulatedModel(
        id=filled["id"],
        price=_price(filled["price"]),
        quality=_quality(filled["quality"]),
        **{name: _number(name, filled[name]) for name in _NEEDED[3:] + tuple(_OPTIONAL)},
    )


def _number(name: str, value: object) -> Any:
    kinds = (int,) if name.endswith("_tokens") else (int, float)
    if type(value) not in kinds:
        kind = "a whole number" if kinds == (int,) else "a number"
        raise TypeError(f"{name} must be {kind}, not {value!r}")
    return value


def _price(rates: object) -> Price:
    if not isinstance(rates, dict) or not {"input", "output"} <= set(rates) <= set(_RATES):
        right = "input, output and perhaps cache_read, in USD per million tokens"
        raise ValueError(f"price must have {right}, not {rates!r}")
    return price(*(str(_number(f"price {rate}", rates[rate])) for rate in _RATES if rate in rates))


def _quality(shares: object) -> Mapping[Category, float] | float:
    if not isinstance(shares, dict):
        number: float = _number("quality", shares)
        return number
    names = [category.value for category in Category]
    if unknown := sorted(set(map(str, shares)) - {"default", *names}):
        raise ValueError(f"quality has no category {', '.join(unknown)}: {', '.join(names)}")
    numbers = {name: float(_number(f"quality {name}", share)) for name, share in shares.items()}
    if "default" not in numbers and set(numbers) != set(names):
        raise ValueError("quality needs `default`, or a number for every category")
    otherwise = numbers.pop("default", 0.0)
    return qualities(otherwise, {Category(name): share for name, share in numbers.items()})
