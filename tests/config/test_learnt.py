"""What was learnt, as the configuration names it: in force, or left out with a word and priors instead."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from router.cli import main
from router.config.changes import changes
from router.config.evidence.artefact_files import digest_of, read_artefact, write_artefact
from router.config.evidence.learnt import NONE, NOTHING_LEARNT, SHIPPED, Learnt, read_learnt
from router.config.evidence.shipped import SHIPPED_SHA256, shipped_artefact, shipped_folder
from router.config.library import Library
from router.config.prices.price_map import cl100k_ranks
from router.decision.lengths import LengthPrior
from router.domain.members import replace
from router.features.tokenizer import cl100k
from router.training.parity import TEXTS, parity_cases
from tests.config.files import SOUND, loaded, written
from tests.training.learning import tokenize, usual_artefact

PRIORS_HOLD = "; models keep their priors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An artefact of one's own."""
    artefact = usual_artefact()
    cases = parity_cases(artefact.kinds, [tokenize("rose thorn petal the")])
    write_artefact(artefact, cases, tmp_path / "mine")
    return tmp_path / "mine"


def stated(value: str, pinned: str | None = None) -> str:
    pin = f", sha256: '{pinned}'" if pinned else ""
    return f"{SOUND}quality: {{artefact: {value}{pin}}}\n"


def assert_priors_hold(learnt: Learnt, why: str) -> None:
    """Nothing of the artefact is in effect, which is reported in one line; categories are reported separately."""
    (trouble,) = learnt.troubles
    assert why in trouble
    assert trouble.startswith("quality.artefact: ")
    assert trouble.endswith(PRIORS_HOLD)
    assert "\n" not in trouble
    assert (learnt.artefact, learnt.kinds, learnt.quality, learnt.version) == (None, None, None, "")
    assert learnt.lengths == LengthPrior()
    assert learnt.categories is not None


# ------------------------------------------------------------------------------- the shipped


def test_the_shipped_artefact_is_the_pinned_one() -> None:
    assert digest_of(shipped_folder()) == SHIPPED_SHA256
    assert read_artefact(shipped_folder(), SHIPPED_SHA256).models == shipped_artefact().models


def test_the_shipped_artefact_still_gives_what_scikit_learn_makes_of_its_tables() -> None:
    """Reading it has checked it against the cases in its folder; these are computed afresh."""
    kinds = shipped_artefact().kinds
    encode = cl100k(cl100k_ranks()).encode_ordinary
    cases = parity_cases(kinds, [encode(text) for text in (*TEXTS, "assert f(", "prove " * 99)])

    for case in cases:
        found = kinds.of(case.tokens, case.prompt_tokens)
        numbers = (*found.shares, *found.traits, found.familiarity)
        expected = (*case.shares, *case.traits, case.familiarity)
        assert numbers == pytest.approx(expected, rel=0.0, abs=1e-6)
    assert any(0.0 < case.familiarity < 1.0 for case in cases)


def test_the_shipped_artefact_is_in_force_where_nothing_is_said(tmp_path: Path) -> None:
    plain, said = loaded(tmp_path, SOUND).learnt, loaded(tmp_path, stated(SHIPPED)).learnt

    for learnt in (plain, said):
        assert learnt.troubles == ()
        assert learnt.version == SHIPPED_SHA256[:12]
        assert learnt.quality is not None
        assert learnt.kinds is not None
        assert learnt.lengths.categories
        assert learnt.categories is not None


def test_the_pin_of_a_configuration_is_not_that_of_the_shipped_artefact() -> None:
    assert read_learnt(SHIPPED, "0" * 64, Path("nowhere")).version == SHIPPED_SHA256[:12]


# ---------------------------------------------------------------------------- none, and own


def test_none_means_that_priors_hold_and_categories_are_told_apart_all_the_same(
    tmp_path: Path,
) -> None:
    learnt = loaded(tmp_path, stated(NONE)).learnt

    assert learnt.troubles == ()
    assert (learnt.artefact, learnt.kinds, learnt.quality, learnt.version) == (None, None, None, "")
    assert learnt.lengths == LengthPrior()
    assert learnt.categories is not None


def test_where_nothing_was_read_nothing_is_in_force() -> None:
    assert (NOTHING_LEARNT.categories, NOTHING_LEARNT.artefact) == (None, None)
    assert NOTHING_LEARNT.troubles == ()
    assert NOTHING_LEARNT.lengths == LengthPrior()


@pytest.mark.parametrize("is_pinned", [False, True])
def test_a_folder_beside_the_configuration_is_in_force_by_its_digest(
    folder: Path, *, is_pinned: bool
) -> None:
    pin = digest_of(folder) if is_pinned else None
    learnt = loaded(folder.parent, stated("mine", pin)).learnt

    assert learnt.troubles == ()
    assert learnt.version == digest_of(folder)[:12]
    assert learnt.artefact is not None
    assert learnt.artefact.kind_names == usual_artefact().kind_names
    assert learnt.lengths == usual_artefact().lengths


def test_a_folder_may_be_anywhere(folder: Path, tmp_path: Path) -> None:
    assert read_learnt(str(folder), None, tmp_path / "elsewhere").version == digest_of(folder)[:12]


# ------------------------------------------------------------------------------- in trouble


def test_with_another_pin_the_priors_hold(folder: Path) -> None:
    learnt = loaded(folder.parent, stated("mine", "0" * 64)).learnt

    assert_priors_hold(learnt, f"is not the artefact with SHA-256 {'0' * 64}")


def _cut_off(folder: Path) -> None:
    tables = folder / "tables.npz"
    tables.write_bytes(tables.read_bytes()[:-1])


def _without_lengths(folder: Path) -> None:
    (folder / "lengths.json").unlink()


def _another_prior(folder: Path) -> None:
    names = folder / "artefact.json"
    names.write_text(names.read_text("utf-8").replace("own means", "priors"), "utf-8")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (_cut_off, "tables.npz was changed"),
        (_without_lengths, "lengths.json: No such file or directory"),
        (_another_prior, "artefact.json was changed"),
        (shutil.rmtree, "SHA256SUMS: No such file or directory"),
    ],
)
def test_with_other_bytes_the_priors_hold(
    folder: Path, harm: Callable[[Path], None], why: str
) -> None:
    harm(folder)

    assert_priors_hold(loaded(folder.parent, stated("mine")).learnt, why)


@pytest.mark.parametrize("pin", ["abc", "A" * 64, "0" * 63])
def test_a_pin_that_is_no_digest_is_refused(
    pin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, stated("mine", pin))

    assert main(["check", "--config", str(path)]) == 1
    assert "quality.sha256" in capsys.readouterr().err


def test_check_tells_it_as_doubtful_and_fails_only_where_that_is_wished(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(folder.parent, stated("mine", "0" * 64)))
    told = f"doubtful quality.artefact: {folder} is not the artefact with SHA-256"

    assert main(["check", "--config", path]) == 0
    said = capsys.readouterr().out
    assert told in said
    assert PRIORS_HOLD in said
    assert main(["check", "--config", path, "--strict"]) == 1


def test_check_has_no_doubt_about_an_artefact_that_is_sound(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(folder.parent, stated("mine", digest_of(folder)))

    assert main(["check", "--config", str(path)]) == 0
    assert "quality.artefact" not in capsys.readouterr().out


# ------------------------------------------------------------------------------- read again


def test_it_is_read_once_until_it_is_another(folder: Path) -> None:
    library, beside = Library(), folder.parent
    once = library.learnt("mine", None, beside)
    assert library.learnt("mine", None, beside) is once

    other = usual_artefact()
    write_artefact(other, parity_cases(other.kinds, [tokenize("tide buoy")]), folder)
    again = library.learnt("mine", None, beside)
    assert again is not once
    assert again.version == digest_of(folder)[:12] != once.version
    assert library.learnt("mine", again.version + "0" * 52, beside).troubles


def test_what_was_in_trouble_is_read_again_though_its_digest_is_the_same(folder: Path) -> None:
    library, tables = Library(), folder / "tables.npz"
    whole = tables.read_bytes()
    tables.unlink()
    assert_priors_hold(library.learnt("mine", None, folder.parent), "tables.npz: No such file")

    tables.write_bytes(whole)
    mended = library.learnt("mine", None, folder.parent)
    assert mended.troubles == ()
    assert mended.quality is not None


def test_another_artefact_is_a_change_and_so_are_other_categories(folder: Path) -> None:
    mine, none, broken = (
        loaded(folder.parent, stated(value)) for value in ("mine", NONE, "nowhere")
    )
    version = digest_of(folder)[:12]

    untold = replace(none, learnt=replace(none.learnt, categories=None))

    assert [*changes(none, mine)] == [f"artefact none -> {version}"]
    assert [*changes(mine, broken)] == [f"artefact {version} -> none"]
    assert [*changes(untold, broken)] == ["classifier of categories"]
    assert [*changes(none, broken)] == [*changes(mine, mine)] == []
