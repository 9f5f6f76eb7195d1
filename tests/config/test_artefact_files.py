"""An artefact on disk: what is written can be read back, and anything changed is refused, with its name."""

import io
import json
import resource
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.config.evidence.artefact_files import (
    SCHEMA,
    ArtefactRefused,
    read_artefact,
    write_artefact,
)
from router.domain.members import replace
from router.training.parity import parity_cases
from tests.training.learning import drawn, learnt, tokenize, usual_artefact

FILES = ("artefact.json", "lengths.json", "parity.json", "tables.npz")
TEXTS = ("", "rose thorn petal the", "tide of keel buoy", "zebra", "rose the a of to and")
Arrays = dict[str, np.ndarray[tuple[int, ...], np.dtype[Any]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an artefact that is as it should be."""
    write(tmp_path / "mine")
    return tmp_path / "mine"


def write(folder: Path) -> str:
    artefact = usual_artefact()
    return write_artefact(artefact, parity_cases(artefact.kinds, [*map(tokenize, TEXTS)]), folder)


def sign(folder: Path) -> None:
    """New digests, so that the mistake must be found in the files themselves."""
    names = [line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    lines = [f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def change_json(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    changed = change(json.loads((folder / name).read_text("utf-8")))
    (folder / name).write_text(json.dumps(changed), "utf-8")
    sign(folder)


def change_tables(folder: Path, change: Callable[[Arrays], Mapping[str, Any]]) -> None:
    with np.load(folder / "tables.npz") as archive:
        changed = change({name: archive[name] for name in archive.files})
    np.savez(folder / "tables.npz", allow_pickle=True, **changed)
    sign(folder)


def refusal(folder: Path, pinned: str | None = None) -> str:
    with pytest.raises(ArtefactRefused) as refused:
        read_artefact(folder, pinned)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# ------------------------------------------------------------------------------ there and back


def test_what_was_written_comes_back(folder: Path) -> None:
    once, again = usual_artefact(), read_artefact(folder)

    assert (again.kind_names, again.models) == (once.kind_names, once.models)
    assert (again.moves_from, again.facts) == (once.moves_from, once.facts)
    assert again.prices == once.prices != {}
    for part in ("kinds", "quality", "spending"):
        was, now = getattr(once, part).arrays(), getattr(again, part).arrays()
        assert was.keys() == now.keys()
        assert all((was[name] == now[name]).all() for name in was)


def test_its_digest_is_that_of_the_list_of_digests_and_can_be_pinned(folder: Path) -> None:
    digest = write(folder)

    assert digest == sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    assert read_artefact(folder, digest).models == usual_artefact().models
    assert "not the artefact with SHA-256 0123" in refusal(folder, "0123")
    assert "not the artefact" in refusal(folder, "")


def test_the_list_of_digests_is_what_sha256sum_checks(folder: Path) -> None:
    lines = [line.split("  ") for line in (folder / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}

    assert set(FILES) <= listed.keys()
    assert listed == {name: sha256((folder / name).read_bytes()).hexdigest() for name in listed}


def test_writing_it_again_changes_no_byte_and_another_one_takes_its_place(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    other = learnt(drawn(9))
    write_artefact(other, parity_cases(other.kinds, [[1, 2]]), folder)
    assert read_artefact(folder).facts["prompts"] == 9


def test_a_folder_of_something_else_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(FileExistsError):
        write(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_where_one_file_cannot_be_written_all_stay_as_they_were(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = learnt(drawn(9))
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_artefact(other, parity_cases(other.kinds, [[1, 2]]), folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_names_of_any_script_come_back(tmp_path: Path) -> None:
    outcomes = replace(
        drawn(6), datasets=("färm/größe", "農/米", "x\x00") * 2, models=("é", "\\", '"')
    )
    artefact = learnt(outcomes)
    write_artefact(artefact, parity_cases(artefact.kinds, [[1]]), tmp_path)

    assert read_artefact(tmp_path).kind_names == tuple(sorted(set(outcomes.datasets)))
    assert read_artefact(tmp_path).models == ("é", "\\", '"')


# ------------------------------------------------------------------------------------ refused


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from((*FILES, "SHA256SUMS")), st.randoms(use_true_random=False), st.integers(1, 255)
)
def test_a_single_changed_byte_anywhere_is_refused(
    folder: Path, name: str, dice: Any, flip: int
) -> None:
    whole = (folder / name).read_bytes()
    at = dice.randrange(len(whole))
    (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
    try:
        assert "was changed" in refusal(folder)
    finally:
        (folder / name).write_bytes(whole)


def test_every_changed_byte_of_the_list_of_digests_is_refused(folder: Path) -> None:
    """Including line ends and blanks that Python would treat as equivalent."""
    path = folder / "SHA256SUMS"
    whole = path.read_bytes()
    for at, byte in enumerate(whole):
        for other in {*b"\n\x0b\x1c A"} - {byte}:
            path.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
            assert "was changed" in refusal(folder)


@pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
def test_a_file_that_lacks_or_is_cut_off_or_longer_is_refused_by_its_name(
    folder: Path, name: str
) -> None:
    whole = (folder / name).read_bytes()
    for other in (b"", whole[:-1], whole + b"\n"):
        (folder / name).write_bytes(other)
        assert "was changed" in refusal(folder)
    (folder / name).unlink()
    assert refusal(folder) == f"{folder / name}: No such file or directory"
    (folder / name).mkdir()
    assert refusal(folder) == f"{folder / name}: Is a directory"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert (
        refusal(tmp_path / "nowhere") == f"{tmp_path}/nowhere/SHA256SUMS: No such file or directory"
    )
    assert refusal(tmp_path / "file") == f"{tmp_path}/file/SHA256SUMS: Not a directory"


NAMED: Mapping[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another schema": (
        lambda named: {**named, "schema": SCHEMA + 1},
        f"it has schema {SCHEMA + 1}, and this version reads {SCHEMA}: fit it again",
    ),
    "no schema": (
        lambda named: {k: v for k, v in named.items() if k != "schema"},
        "lacks 'schema'",
    ),
    "no models": (
        lambda named: {k: v for k, v in named.items() if k != "models"},
        "lacks 'models'",
    ),
    "no facts": (lambda named: {k: v for k, v in named.items() if k != "facts"}, "lacks 'facts'"),
    "facts": (lambda named: {**named, "facts": [1]}, "facts must be a mapping by name"),
    "prices": (
        lambda named: {**named, "prices_usd_per_1m": 1},
        "prices_usd_per_1m must be a mapping by name",
    ),
    "half a price": (
        lambda named: {**named, "prices_usd_per_1m": {"large": [1]}},
        "not enough values to unpack",
    ),
    "a price of nobody": (
        lambda named: {**named, "prices_usd_per_1m": {"huge": [1, 2]}},
        "prices of other models",
    ),
    "a model too few": (lambda named: {**named, "models": named["models"][:-1]}, "2 models have"),
    "a model twice": (
        lambda named: {**named, "models": ["large", "small", "small"]},
        "3 models have",
    ),
    "a model that is a number": (
        lambda named: {**named, "models": [1, 2, 3]},
        "models must be a list of",
    ),
    "models as a text": (
        lambda named: {**named, "models": "abc"},
        "models must be a list of names",
    ),
    "a kind too many": (lambda named: {**named, "kinds": [*named["kinds"], "x"]}, "kinds"),
    "moves from nowhere": (lambda named: {**named, "moves_from": "x"}, "not 'x'"),
    "a list": (lambda named: [named], "is not part of an artefact"),
    "nothing": (lambda _: None, "is not part of an artefact"),
}


@pytest.mark.parametrize("what", NAMED)
def test_names_that_are_not_those_of_the_tables_are_refused(folder: Path, what: str) -> None:
    change, complaint = NAMED[what]
    change_json(folder, "artefact.json", change)

    assert complaint in refusal(folder)


@pytest.mark.parametrize("data", [b"{", b"", b"nul", b"[" * 100_000, b"\xff\xfe\xfd"])
@pytest.mark.parametrize("name", ["artefact.json", "parity.json"])
def test_what_is_no_json_is_refused_by_the_name_of_the_file(
    folder: Path, name: str, data: bytes
) -> None:
    (folder / name).write_bytes(data)
    sign(folder)

    assert refusal(folder).startswith(f"{folder / name} is not part of an artefact")


def _with(name: str, change: Callable[[Any], Any]) -> Callable[[Arrays], Mapping[str, Any]]:
    return lambda tables: {**tables, name: change(tables[name])}


TABLES: Mapping[str, Callable[[Arrays], Mapping[str, Any]]] = {
    "no scores": lambda tables: {k: v for k, v in tables.items() if k != "scores"},
    "no tables": lambda _: {},
    "NaN scores": _with("scores", lambda scores: scores * np.nan),
    "scores turned": _with("scores", lambda scores: np.concatenate([scores, scores])),
    "scores as a line": _with("scores", np.ravel),
    "scores as words": _with("scores", lambda scores: scores.astype(str) + "x"),
    "scores beyond 1": _with("scores", lambda scores: scores + 1),
    "NaN calibration": _with("calibration", lambda pair: pair * np.nan),
    "one calibration": _with("calibration", lambda pair: pair[:1]),
    "no floor": _with("floor", lambda floor: floor - 2),
    "loadings as a line": _with("loadings", np.ravel),
    "more loadings": _with("loadings", lambda each: np.hstack([each, each])),
    "NaN idf": _with("idf", lambda idf: idf * np.float32(np.nan)),
    "half of the buckets": _with("idf", lambda idf: idf[::2]),
    "table as a line": _with("table", np.ravel),
    "table of floats": _with("table", lambda table: table.astype(np.float32)),
    "table of other whole numbers": _with("table", lambda table: table.astype(np.int64)),
    "infinite scales": _with("scales", lambda scales: scales * np.float32(np.inf)),
    "NaN tokens": _with("usual", lambda usual: usual * np.nan),
    "infinite tokens": _with("outputs", lambda outputs: outputs + np.inf),
    "fewer kinds of tokens": _with("outputs", lambda outputs: outputs[:, :1]),
    "pickled": _with("scores", lambda scores: scores.astype(object)),
    "pickled and not needed": lambda tables: {**tables, "more": np.array([{"a": 1}], object)},
}


@pytest.mark.parametrize("what", TABLES)
def test_tables_that_make_no_sense_are_refused_by_the_name_of_the_file(
    folder: Path, what: str
) -> None:
    change_tables(folder, TABLES[what])

    assert refusal(folder).startswith(str(folder / "tables.npz"))


MOVED: Mapping[str, Callable[[Any], Any]] = {
    "table": lambda table: -table,
    "offsets": lambda offsets: offsets + np.array([1e-4, 0, 0], np.float32),
    "scales": lambda scales: scales * np.float32(1.001),
    "trusts": lambda trusts: np.tile(np.array([1, -2, -1], np.float32), (len(trusts), 1)),
    "idf": lambda idf: idf + np.float32(1e-3),
}


@pytest.mark.parametrize("name", MOVED)
def test_tables_that_do_not_give_what_scikit_learn_gave_are_refused(
    folder: Path, name: str
) -> None:
    change_tables(folder, _with(name, MOVED[name]))

    assert refusal(folder).startswith(f"{folder / 'parity.json'} is not part of an artefact")
    assert "does not reproduce the numbers of case" in refusal(folder)


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"PK\x03\x04 and no more", b"\x93NUMPY\x01\x00", b"cos\nsystem\n(S'true'\ntR."],
)
def test_an_archive_that_is_none_is_refused(folder: Path, data: bytes) -> None:
    (folder / "tables.npz").write_bytes(data)
    sign(folder)

    assert refusal(folder).startswith(f"{folder / 'tables.npz'} is not part of an artefact")


def test_a_single_array_is_no_archive(folder: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    (folder / "tables.npz").write_bytes(file.getvalue())
    sign(folder)

    assert refusal(folder).startswith(str(folder / "tables.npz"))


PARITY: Mapping[str, Callable[[list[dict[str, Any]]], Any]] = {
    "none": lambda _: [],
    "another share": lambda cases: [*cases[:2], {**cases[2], "shares": [0.5, 0.25, 0.25]}],
    "a share too few": lambda cases: [{**cases[1], "shares": cases[1]["shares"][:-1]}],
    "no traits": lambda cases: [{**cases[1], "traits": []}],
    "another familiarity": lambda cases: [{**cases[1], "familiarity": 0.123}],
    "familiarity as words": lambda cases: [{**cases[1], "familiarity": "high"}],
    "NaN": lambda cases: [{**cases[1], "familiarity": float("nan")}],
    "words": lambda cases: [{**cases[1], "tokens": ["rose"]}],
    "negative tokens": lambda cases: [{**cases[1], "tokens": [-1]}],
    "tokens too large": lambda cases: [{**cases[1], "tokens": [2**40]}],
    "no tokens": lambda cases: [{k: v for k, v in cases[1].items() if k != "tokens"}],
    "a number": lambda _: 3,
}


@pytest.mark.parametrize("what", PARITY)
def test_cases_whose_numbers_do_not_come_out_are_refused(folder: Path, what: str) -> None:
    change_json(folder, "parity.json", PARITY[what])

    assert refusal(folder).startswith(str(folder / "parity.json"))


def test_a_list_of_more_than_the_files_is_refused(folder: Path) -> None:
    path = folder / "SHA256SUMS"
    path.write_text(path.read_text() + "0" * 64 + "  more.json\n")

    assert refusal(folder).startswith(f"{path} was changed")
