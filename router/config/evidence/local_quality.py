"""The folder of local evidence on disk, and reading it.

    quality/
      current.json             which calibration is in force, and which one was before
      20261126T091244-3fa9.../ a calibration, never changed once it is there
        estimates.json         the numbers
        card.json              when, from what, how well; with the SHA-256 of the numbers

Numbers are not used if their hash is not that in the card, or if they are about other models.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct

from router.config.presence import may_exist
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.estimate import EstimateSource
from router.domain.local_cascades import LocalCascade, LocalCascades, Models
from router.domain.local_quality import LocalCategory, LocalQuality, Measured
from router.domain.model import Model

POINTER, ESTIMATES, CARD = "current.json", "estimates.json", "card.json"
FORMAT = 4
_READ = (1, 2, 3, FORMAT)
"""Format 1 has no cascades, 2 no refuted ones, 3 none that ask one model twice."""
_EXPECTED = ("p_accept", "p_accept_sd", "gain", "gain_sd", "differs")
_USUAL_NAME = "quality"


class UnusableEvidence(FarthingError):
    """Local evidence that is not used; the message says why, and what would be right."""


class Pointer(Struct, frozen=True):
    """The folder names of the calibration in force and of the one before it, "" for none."""

    current: str = ""
    previous: str = ""


def folder_beside(ledger: Path) -> Path:
    """Where local evidence is by default."""
    return ledger.parent / _USUAL_NAME


def read_pointer(folder: Path) -> Pointer:
    """Which calibration is in force; none if none was ever installed. Raises UnusableEvidence."""
    path = folder / POINTER
    if not may_exist(path):
        return Pointer()
    told = _object(path, _bytes(path))
    return Pointer(_name(path, told.get("current")), _name(path, told.get("previous")))


def read_local(folder: Path) -> LocalQuality | None:
    """The local evidence in force, None if there is none. Raises UnusableEvidence."""
    current = read_pointer(folder).current
    if not current:
        return None
    place = folder / current
    raw = _bytes(place / ESTIMATES)
    card = _read_card(place)
    if sha256(raw).hexdigest() != card.get("sha256"):
        raise UnusableEvidence(f"{place / ESTIMATES} is not what its card says (SHA-256 differs)")
    try:
        return _quality(current, _object(place / ESTIMATES, raw))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnusableEvidence(f"{place / ESTIMATES} is invalid: {error}") from None


def _read_card(place: Path) -> Mapping[str, Any]:
    """The summary of a calibration. Raises UnusableEvidence."""
    return _object(place / CARD, _bytes(place / CARD))


def overlaid(models: Mapping[str, Model], local: LocalQuality) -> dict[str, Model]:
    """The models with what own answers say about them. Raises UnusableEvidence if they are about other models."""
    if strangers := "; ".join(local.strangers(models)):
        raise UnusableEvidence(f"{local.version} was measured on other models: {strangers}")
    return {model_id: local.applied(model) for model_id, model in models.items()}


def as_document(local: LocalQuality) -> dict[str, Any]:
    """The numbers as they are written."""
    return {
        "format": FORMAT,
        "names": dict(local.names),
        "categories": {
            category.value: {
                "shift": each.shift,
                "shift_sd": each.shift_sd,
                "models": {
                    model: {"p": found.p, "sd": found.sd, "answers": found.answers}
                    for model, found in each.models.items()
                },
            }
            for category, each in local.categories.items()
        },
        "cascades": {
            category.value: [_of_cascade(each) for each in found]
            for category, found in local.cascades.categories.items()
        },
        "refuted": {
            category.value: [list(models) for models in found]
            for category, found in local.cascades.refuted.items()
        },
    }


def _of_cascade(cascade: LocalCascade) -> dict[str, Any]:
    numbers = {name: getattr(cascade.prospect, name) for name in _EXPECTED}
    return {"models": list(cascade.models), "prompts": cascade.prompts, **numbers}


def _quality(version: str, told: Mapping[str, Any]) -> LocalQuality:
    if told["format"] not in _READ:
        raise ValueError(f"its format is {told['format']!r}, not {FORMAT}")
    categories = {
        Category(name): LocalCategory(
            each["shift"],
            each["shift_sd"],
            {model: Measured(**found) for model, found in each["models"].items()},
        )
        for name, each in told["categories"].items()
    }
    names = {str(model_id): str(name) for model_id, name in told["names"].items()}
    return LocalQuality(version, names, categories, _cascades(told))


def _cascades(told: Mapping[str, Any]) -> LocalCascades:
    found, refuted = told.get("cascades", {}), told.get("refuted", {})
    return LocalCascades(
        {Category(name): tuple(map(_cascade, each)) for name, each in found.items()},
        {Category(name): tuple(map(_models, each)) for name, each in refuted.items()},
    )


def _models(told: Sequence[str]) -> Models:
    one, other, final = map(str, told)
    return one, other, final


def _cascade(told: Mapping[str, Any]) -> LocalCascade:
    numbers = {name: float(told[name]) for name in _EXPECTED}
    prospect = Prospect(**numbers, source=EstimateSource.LOCAL)
    return LocalCascade(_models(told["models"]), prospect, told["prompts"])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableEvidence(f"{path} cannot be read: {error.strerror}") from None


def _object(path: Path, raw: bytes) -> Mapping[str, Any]:
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnusableEvidence(f"{path} is not JSON: {error}") from None
    if not isinstance(told, dict):
        raise UnusableEvidence(f"{path} is not a JSON object")
    return told


def _name(path: Path, told: object) -> str:
    """The name of a folder next to the pointer, and of nothing elsewhere. Raises UnusableEvidence."""
    if told is None or told == "":
        return ""
    if not isinstance(told, str) or Path(told).name != told or told in (".", ".."):
        raise UnusableEvidence(f"{path} does not name a folder next to it")
    return told
