"""An artefact on disk: a folder of numbers, refused unless every byte and every number is as it was made.

artefact.json   schema, names of models and kinds, the card's facts
tables.npz      the numbers; no pickles
parity.json     token ids with the numbers that must come out of them, made by scikit-learn
SHA256SUMS      of the other files; its own digest identifies the artefact
"""

import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.decision.lengths import from_json, to_json
from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.domain.errors import FarthingError
from router.features.kinds import KindModel
from router.pipeline.artefact import Artefact, ParityCase

SCHEMA = 1
"""Changes whenever a file means something else than before."""

_TOLERANCE = 1e-6
_SUMS, _NAMES, _TABLES, _PARITY = "SHA256SUMS", "artefact.json", "tables.npz", "parity.json"
_LENGTHS = "lengths.json"


class ArtefactRefused(FarthingError):
    """The folder is not the artefact that it should be; says what is wrong with it."""


def write_artefact(artefact: Artefact, cases: Sequence[ParityCase], folder: Path) -> str:
    """Writes the folder, which may exist if it is empty or an artefact. Returns the artefact's SHA-256.

    The same artefact makes the same bytes. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        _NAMES: _json(_named(artefact)),
        _TABLES: _npz(_tables(artefact)),
        _LENGTHS: to_json(artefact.lengths) + b"\n",
        _PARITY: _json([{name: getattr(c, name) for name in c.__slots__} for c in cases]),
    }
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    for name, data in (*files.items(), (_SUMS, sums.encode())):
        (folder / name).write_bytes(data)
    return sha256(sums.encode()).hexdigest()


def read_artefact(folder: Path, pinned: str | None = None) -> Artefact:
    """The artefact in `folder`, whose SHA-256 must be `pinned` where that is given. Raises ArtefactRefused."""
    try:
        files = _checked(folder, pinned)
        artefact = _artefact(files)
        cases = [_case(each) for each in json.loads(files[_PARITY])]
    except OSError as error:
        raise ArtefactRefused(f"{folder}: {error.strerror or 'cannot be read'}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactRefused(f"{folder} is no artefact: {error}") from None
    for number, case in enumerate(cases):
        if not _agrees(artefact, case):
            raise ArtefactRefused(f"{folder} does not give the numbers of its parity case {number}")
    return artefact


def digest_of(folder: Path) -> str:
    """The SHA-256 by which the artefact in `folder` is known. Raises OSError."""
    return sha256((folder / _SUMS).read_bytes()).hexdigest()


def _checked(folder: Path, pinned: str | None) -> dict[str, bytes]:
    sums = (folder / _SUMS).read_bytes()
    if pinned is not None and sha256(sums).hexdigest() != pinned:
        raise ArtefactRefused(f"{folder} is another artefact than the one with SHA-256 {pinned}")
    stated = {name: digest for digest, name in map(str.split, sums.decode().splitlines())}
    files = {name: (folder / name).read_bytes() for name in (_NAMES, _TABLES, _LENGTHS, _PARITY)}
    for name, data in files.items():
        if stated.get(name) != sha256(data).hexdigest():
            raise ArtefactRefused(
                f"{folder / name} was changed: its SHA-256 is not that of {_SUMS}"
            )
    return files


def _named(artefact: Artefact) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "models": artefact.quality.names,
        "kinds": artefact.kind_names,
        "moves_from": artefact.moves_from,
        "facts": dict(artefact.facts),
    }


def _tables(artefact: Artefact) -> dict[str, NDArray[np.generic]]:
    parts = (artefact.kinds, artefact.quality, artefact.spending)
    return {name: table for part in parts for name, table in part.arrays().items()}


def _artefact(files: Mapping[str, bytes]) -> Artefact:
    named, tables = json.loads(files[_NAMES]), _arrays(files[_TABLES])
    if named["schema"] != SCHEMA:
        raise ValueError(f"it has schema {named['schema']}, and this version reads {SCHEMA}")
    quality = QualityModel.from_arrays(named["models"], tables)
    return Artefact(
        kind_names=tuple(named["kinds"]),
        kinds=KindModel.from_arrays(tables),
        quality=quality,
        spending=SpendingModel.from_arrays(named["models"], quality.floor, tables),
        lengths=from_json(files[_LENGTHS]),
        moves_from=named["moves_from"],
        facts=named["facts"],
    )


def _arrays(data: bytes) -> dict[str, NDArray[np.generic]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _npz(tables: Mapping[str, NDArray[np.generic]]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **dict(tables))
    return file.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _case(stated: Mapping[str, Any]) -> ParityCase:
    return ParityCase(
        tokens=tuple(stated["tokens"]),
        shares=tuple(stated["shares"]),
        traits=tuple(stated["traits"]),
        familiarity=stated["familiarity"],
    )


def _agrees(artefact: Artefact, case: ParityCase) -> bool:
    found = artefact.kinds.of(case.tokens)
    numbers = (*found.shares, *found.traits, found.familiarity)
    wanted = (*case.shares, *case.traits, case.familiarity)
    return np.shape(numbers) == np.shape(wanted) and np.allclose(numbers, wanted, 0.0, _TOLERANCE)
