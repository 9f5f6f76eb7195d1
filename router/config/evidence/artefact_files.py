"""An artefact on disk: a folder of numbers, refused unless every byte and every number is as it was made.

artefact.json   schema, names of models and kinds, the card's facts
tables.npz      the numbers; no pickles
parity.json     token ids with the numbers that must come out of them, made by scikit-learn
SHA256SUMS      of the other files; its own digest identifies the artefact
"""

import errno
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from router.decision.agreement import AgreementModel
from router.decision.lengths import LengthPrior, from_json, to_json
from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.domain.errors import FarthingError
from router.features.kinds import KindModel
from router.pipeline.artefact import Artefact, ParityCase

SCHEMA = 4
"""Changes whenever the meaning of a file changes."""

_TOLERANCE = 1e-6
_SUMS, _NAMES, _TABLES, _PARITY = "SHA256SUMS", "artefact.json", "tables.npz", "parity.json"
_LENGTHS = "lengths.json"
_FILES = (_NAMES, _TABLES, _LENGTHS, _PARITY)
"""The files in the order of SHA256SUMS."""

_MALFORMED = (
    ArithmeticError,
    BadZipFile,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What json, numpy and the parts of an artefact raise for bytes that make no sense."""


class ArtefactRefused(FarthingError):
    """The folder is not the artefact that it should be; the message says what is wrong with it."""


def write_artefact(artefact: Artefact, cases: Sequence[ParityCase], folder: Path) -> str:
    """Write the folder, which may exist if it is empty or an artefact. Returns the artefact's SHA-256.

    The same artefact always gives the same bytes. Raises OSError, also for a folder with something else in it; then
    everything is as it was.
    """
    files = {
        _NAMES: _json(_named(artefact)),
        _TABLES: _npz(_tables(artefact)),
        _LENGTHS: to_json(artefact.lengths) + b"\n",
        _PARITY: _json([structs.asdict(case) for case in cases]),
    }
    sums = _sums(files)
    with place_for(folder):
        _replace(folder, {**files, _SUMS: sums})
    return sha256(sums).hexdigest()


@contextmanager
def place_for(folder: Path) -> Iterator[None]:
    """Makes the folder of an artefact, before one is made; if nothing is written into it, it disappears again.

    Raises OSError for a folder that cannot be made, or that has something else in it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / _SUMS).is_file():
        raise FileExistsError(errno.EEXIST, "the folder contains something else", str(folder))
    try:
        yield
    finally:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files under other names first: a full disk leaves those of before."""
    writing = {folder / f".{name}.writing": data for name, data in files.items()}
    try:
        for path, data in writing.items():
            path.write_bytes(data)
        for path, name in zip(writing, files, strict=True):
            path.replace(folder / name)
    finally:
        for path in writing:
            path.unlink(missing_ok=True)


def read_artefact(folder: Path, pinned: str | None = None) -> Artefact:
    """The artefact in `folder`, whose SHA-256 must be `pinned` if that is given. Raises ArtefactRefused."""
    files = _checked(folder, pinned)
    with _refusing(folder / _NAMES):
        named = _names_and_facts(json.loads(files[_NAMES]))
    with _refusing(folder / _TABLES):
        tables = _arrays(files[_TABLES])
    with _refusing(folder / _LENGTHS):
        lengths = from_json(files[_LENGTHS])
    with _refusing(folder / _TABLES):
        artefact = _artefact(named, tables, lengths)
    with _refusing(folder / _PARITY):
        _compare(artefact, [_case(each) for each in json.loads(files[_PARITY])])
    return artefact


def digest_of(folder: Path) -> str:
    """The SHA-256 that identifies the artefact in `folder`. Raises OSError."""
    return sha256((folder / _SUMS).read_bytes()).hexdigest()


def _checked(folder: Path, pinned: str | None) -> dict[str, bytes]:
    """The bytes of the files, if SHA256SUMS is the pinned one and lists exactly these bytes."""
    sums = _bytes_of(folder / _SUMS)
    if pinned is not None and sha256(sums).hexdigest() != pinned:
        raise ArtefactRefused(f"{folder} is not the artefact with SHA-256 {pinned}")
    files = {name: _bytes_of(folder / name) for name in _FILES}
    for name, data in files.items():
        if _sums({name: data}) not in sums:
            raise ArtefactRefused(
                f"{folder / name} was changed: its SHA-256 is not that of {_SUMS}"
            )
    if sums != _sums(files):
        raise ArtefactRefused(f"{folder / _SUMS} was changed: it lists more than {_FILES}")
    return files


def _sums(files: Mapping[str, bytes]) -> bytes:
    """The file that sha256sum would make of these files."""
    return "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items()).encode()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtefactRefused(f"{path}: {error.strerror or 'cannot be read'}") from None


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn whatever is wrong with a part of an artefact into ArtefactRefused that names its file."""
    try:
        yield
    except KeyError as error:
        raise ArtefactRefused(f"{path} lacks {error}") from None
    except _MALFORMED as error:
        raise ArtefactRefused(f"{path} is not part of an artefact: {error}") from None


def _named(artefact: Artefact) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "models": artefact.quality.names,
        "kinds": artefact.kind_names,
        "moves_from": artefact.moves_from,
        "prices_usd_per_1m": dict(artefact.prices),
        "facts": dict(artefact.facts),
    }


def _tables(artefact: Artefact) -> dict[str, NDArray[np.generic]]:
    parts = (artefact.kinds, artefact.quality, artefact.spending, artefact.agreement)
    return {name: table for part in parts if part for name, table in part.arrays().items()}


def _names_and_facts(named: Mapping[str, Any]) -> Mapping[str, Any]:
    """`named`, if its schema is ours and its names are strings."""
    if named["schema"] != SCHEMA:
        raise ValueError(
            f"it has schema {named['schema']}, and this version reads {SCHEMA}: fit it again"
        )
    for key in ("models", "kinds"):
        if not isinstance(named[key], list) or not all(
            isinstance(each, str) for each in named[key]
        ):
            raise ValueError(f"{key} must be a list of names")
    for key in ("facts", "prices_usd_per_1m"):
        if not isinstance(named[key], dict):
            raise TypeError(f"{key} must be a mapping by name")
    return named


def _artefact(
    named: Mapping[str, Any], tables: Mapping[str, NDArray[np.generic]], lengths: LengthPrior
) -> Artefact:
    quality = QualityModel.from_arrays(named["models"], tables)
    return Artefact(
        kind_names=tuple(named["kinds"]),
        kinds=KindModel.from_arrays(tables),
        quality=quality,
        spending=SpendingModel.from_arrays(named["models"], quality.floor, tables),
        lengths=lengths,
        moves_from=named["moves_from"],
        facts=named["facts"],
        agreement=AgreementModel.from_arrays(quality.floor, tables),
        prices={name: _price(each) for name, each in named["prices_usd_per_1m"].items()},
    )


def _price(stated: Any) -> tuple[float, float]:
    input_usd, output_usd = map(float, stated)
    return input_usd, output_usd


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
        prompt_tokens=stated["prompt_tokens"],
        shares=tuple(stated["shares"]),
        traits=tuple(stated["traits"]),
        familiarity=stated["familiarity"],
        hardness=stated["hardness"],
        prospects=tuple(stated["prospects"]),
    )


def _compare(artefact: Artefact, cases: Sequence[ParityCase]) -> None:
    """Raises ValueError if the artefact does not reproduce the numbers of a case, or there are no cases."""
    if not cases:
        raise ValueError("it has no parity cases")
    for number, case in enumerate(cases):
        if not _agrees(artefact, case):
            raise ValueError(f"the artefact does not reproduce the numbers of case {number}")


def _agrees(artefact: Artefact, case: ParityCase) -> bool:
    found = artefact.kinds.of(case.tokens, case.prompt_tokens)
    prospects = artefact.of_triples(found)
    numbers = (*found.shares, *found.traits, found.familiarity, found.hardness, *prospects)
    wanted = (*case.shares, *case.traits, case.familiarity, case.hardness, *case.prospects)
    return np.shape(numbers) == np.shape(wanted) and np.allclose(numbers, wanted, 0.0, _TOLERANCE)
