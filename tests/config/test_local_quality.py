"""Local evidence on disk: installed at once or not at all, taken back, and refused when it is not what it says."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.evidence.local_install import install, undo, version_of
from router.config.evidence.local_quality import (
    UnusableEvidence,
    overlaid,
    read_local,
    read_pointer,
)
from router.config.load import load_settings
from router.config.settings import Settings
from router.config.source import Source
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.estimate import EstimateSource
from router.domain.local_cascades import LocalCascade, LocalCascades
from router.domain.local_quality import LocalCategory, LocalQuality, Measured, logit
from router.domain.members import replace
from tests.config.files import NOTHING, SOUND, written
from tests.domain.builders import catalog, model

BOTH = SOUND + "  sim-open-8b: {upstream: sim}\n"


def evidence(p: float = 0.4, name: str = "sim-mid") -> LocalQuality:
    maths = LocalCategory(-1.0, 0.3, {"sim-mid": Measured(p, 0.02, 214)})
    local = LocalQuality("", {"sim-mid": name}, {Category.MATHS: maths})
    return replace(local, version=version_of(local, 1.7e9))


CHANCES = {"p_accept": 0.6, "p_accept_sd": 0.03, "gain": 0.01, "gain_sd": 0.004, "differs": 0.02}
TRIO = ("sim-mid", "sim-open-8b", "sim-frontier")


def with_a_cascade() -> LocalQuality:
    expected = Prospect(**CHANCES, source=EstimateSource.LOCAL)
    cascades = LocalCascades(
        {Category.MATHS: (LocalCascade(TRIO, expected, 214),)}, {Category.CHAT: (TRIO,)}
    )
    local = replace(evidence(), names={name: name for name in TRIO}, cascades=cascades)
    return replace(local, version=version_of(local, 1.7e9))


def settings_with(folder: Path, local: LocalQuality) -> Settings:
    path = written(folder, BOTH)
    install(folder / "var" / "quality", local, {"made": "in a test"})
    return load_settings(path, NOTHING)


# ---------------------------------------------------------------------------------- cascades


def test_cascades_are_installed_with_the_rest_and_taken_back_with_it(tmp_path: Path) -> None:
    install(tmp_path, evidence(), {})
    install(tmp_path, with_a_cascade(), {})
    assert read_local(tmp_path) == with_a_cascade()

    undo(tmp_path)
    assert read_local(tmp_path) == evidence()
    undo(tmp_path)
    assert read_local(tmp_path) == with_a_cascade()


def test_evidence_from_before_there_were_cascades_is_still_read(tmp_path: Path) -> None:
    install(tmp_path, evidence(), {})
    place = tmp_path / evidence().version
    told = json.loads((place / "estimates.json").read_text())
    del told["cascades"], told["refuted"]
    raw = json.dumps(told | {"format": 1})
    (place / "estimates.json").write_text(raw)
    (place / "card.json").write_text(json.dumps({"sha256": sha256(raw.encode()).hexdigest()}))

    assert read_local(tmp_path) == evidence()


def test_a_model_that_is_asked_twice_is_kept_and_evidence_from_before_that_is_still_read(
    tmp_path: Path,
) -> None:
    twice = LocalCascade(
        ("sim-mid", "sim-mid", "sim-frontier"), Prospect(**CHANCES, source=EstimateSource.LOCAL), 60
    )
    both = LocalCascades({Category.MATHS: (twice,)}, {Category.CHAT: (twice.models,)})
    asked_twice = replace(with_a_cascade(), cascades=both)
    asked_twice = replace(asked_twice, version=version_of(asked_twice, 1.7e9))
    install(tmp_path / "new", asked_twice, {})
    assert read_local(tmp_path / "new") == asked_twice

    install(tmp_path, with_a_cascade(), {})
    place = tmp_path / with_a_cascade().version
    raw = json.dumps(json.loads((place / "estimates.json").read_text()) | {"format": 3})
    (place / "estimates.json").write_text(raw)
    (place / "card.json").write_text(json.dumps({"sha256": sha256(raw.encode()).hexdigest()}))
    assert read_local(tmp_path) == with_a_cascade()


def test_cascades_are_in_force_where_their_models_are_what_they_were(tmp_path: Path) -> None:
    every = "".join(f"  {name}: {{upstream: sim}}\n" for name in TRIO if name not in SOUND)
    path = written(tmp_path, SOUND + every)
    local = with_a_cascade()
    install(tmp_path / "var" / "quality", local, {})
    assert load_settings(path, NOTHING).local.cascades == local.cascades
    assert not load_settings(path, NOTHING, uses_local=False).local.cascades

    path.write_text(path.read_text().replace("  sim-frontier: {upstream: sim}\n", ""))
    found = load_settings(path, NOTHING)
    assert "there is no model 'sim-frontier' any more" in found.local.trouble
    assert not found.local.cascades


# --------------------------------------------------------------------------- what it changes


def test_what_was_measured_is_an_ability_with_its_source_and_the_rest_is_as_shipped(
    tmp_path: Path,
) -> None:
    found = settings_with(tmp_path, evidence()).catalog["sim-mid"].abilities

    maths, chat = found[Category.MATHS], found[Category.CHAT]
    assert (maths.p, maths.sd, maths.source) == (0.4, 0.02, "local: 214 answers of your own")
    assert maths.kind is EstimateSource.LOCAL
    assert chat.kind is EstimateSource.PRIOR


def test_a_model_that_nobody_asked_is_moved_along_and_stays_a_prior(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, evidence())
    shipped = load_settings(settings.file, NOTHING, uses_local=False)
    before, after = (
        each.catalog["sim-open-8b"].abilities[Category.MATHS] for each in (shipped, settings)
    )

    assert logit(after.p) == pytest.approx(logit(before.p) - 1.0)
    assert after.sd > before.sd
    assert after.kind is EstimateSource.PRIOR


def test_every_replica_of_a_model_has_the_same_ability() -> None:
    place = model("sim-mid")
    several = place.answering_in((replace(place, replica="a"), replace(place, replica="b")))
    found = evidence().applied(several)

    assert {each.abilities[Category.MATHS].p for each in (found, *found.replicas)} == {0.4}
    assert found.at(0.0).abilities[Category.MATHS].p == 0.4


@given(st.floats(0.02, 0.98), st.floats(-3.0, 3.0), st.floats(0.0, 2.0))
def test_moving_an_ability_keeps_the_order_of_models(p: float, shift: float, sd: float) -> None:
    local = LocalCategory(shift, sd, {"asked": Measured(0.5, 0.1, 10)})
    worse, better = (model("m", p=each).abilities[Category.CHAT] for each in (p / 2, p))

    assert local.ability("m", worse).p <= local.ability("m", better).p


# ------------------------------------------------------------------- installed and taken back


def test_the_one_before_is_kept_and_the_one_before_that_is_not(tmp_path: Path) -> None:
    first, second, third = (evidence(p) for p in (0.1, 0.2, 0.3))
    for each in (first, second, third):
        install(tmp_path, each, {})

    assert read_local(tmp_path) == third
    assert {each.name for each in tmp_path.iterdir()} == {
        "current.json",
        second.version,
        third.version,
    }
    undo(tmp_path)
    assert read_local(tmp_path) == second
    undo(tmp_path)
    assert read_local(tmp_path) == third


def test_before_the_first_there_is_what_was_shipped(tmp_path: Path) -> None:
    assert read_local(tmp_path) is None
    with pytest.raises(FarthingError, match="nothing was ever installed"):
        undo(tmp_path)
    install(tmp_path, evidence(), {})
    undo(tmp_path)
    assert read_local(tmp_path) is None
    undo(tmp_path)
    assert read_local(tmp_path) == evidence()


def test_what_was_half_written_when_the_power_went_is_not_seen(tmp_path: Path) -> None:
    install(tmp_path, evidence(), {})
    half = tmp_path / ".writing-of-a-process-that-died"
    half.mkdir()
    (half / "estimates.json").write_text('{"format": ')

    assert read_local(tmp_path) == evidence()
    install(tmp_path, evidence(0.5), {})
    assert read_local(tmp_path) == evidence(0.5)


def test_a_folder_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "quality").write_text("a file in the way")
    with pytest.raises(FarthingError, match="quality"):
        install(tmp_path / "quality", evidence(), {})


# ----------------------------------------------------------------------------------- refused


def test_numbers_that_differ_from_their_hash_are_refused_and_shipped_ones_hold(
    tmp_path: Path,
) -> None:
    settings = settings_with(tmp_path, evidence())
    numbers = settings.local.folder / evidence().version / "estimates.json"
    numbers.write_text(numbers.read_text().replace("0.4", "0.9"))
    found = load_settings(settings.file, NOTHING)

    assert "SHA-256 differs" in found.local.trouble
    assert found.local.version == ""
    assert found.catalog["sim-mid"].abilities[Category.MATHS].kind is EstimateSource.PRIOR


@pytest.mark.parametrize(
    ("local", "why"),
    [
        (evidence(name="sim-of-last-year"), "'sim-mid' was sim-of-last-year and is sim-mid now"),
        (LocalQuality("v", {"gone": "gone"}, {}), "there is no model 'gone' any more"),
    ],
)
def test_numbers_about_other_models_are_refused(local: LocalQuality, why: str) -> None:
    with pytest.raises(UnusableEvidence, match=why):
        overlaid(catalog(model("sim-mid")), local)


@pytest.mark.parametrize(
    "pointer",
    ["", "[]", '{"current": "../elsewhere"}', '{"current": 7}', '{"current": "not there"}'],
)
def test_a_pointer_that_leads_nowhere_is_refused(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current.json").write_text(pointer)
    with pytest.raises(UnusableEvidence):
        read_local(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 5},
        {"cascades": {"maths": [{"models": ["sim-mid", "sim-mid", "sim-mid"], "prompts": 9}]}},
        {"cascades": {"maths": [{"models": ["a", "b", "c"], "prompts": 9, **CHANCES}]}},
        {"categories": {"cooking": {}}},
        {"categories": {"maths": {"shift": 0.0, "shift_sd": 0.1, "models": {}}}},
        {"names": None},
    ],
)
def test_numbers_that_make_no_sense_are_refused_even_with_the_right_hash(
    tmp_path: Path, change: dict[str, object]
) -> None:
    install(tmp_path, evidence(), {})
    place = tmp_path / evidence().version
    raw = json.dumps(json.loads((place / "estimates.json").read_text()) | change)
    (place / "estimates.json").write_text(raw)
    (place / "card.json").write_text(json.dumps({"sha256": sha256(raw.encode()).hexdigest()}))
    with pytest.raises(UnusableEvidence, match="is invalid"):
        read_local(tmp_path)


# ------------------------------------------------------------------------------- where it is


def test_it_lies_beside_the_ledger_unless_it_is_said(tmp_path: Path) -> None:
    beside = SOUND + "ledger: {path: data/books.db}\n"
    assert load_settings(written(tmp_path, beside), NOTHING).local.folder == (
        tmp_path / "data" / "quality"
    )
    said = SOUND + "quality: {local: evidence}\n"
    assert load_settings(written(tmp_path, said), NOTHING).local.folder == tmp_path / "evidence"


@pytest.mark.parametrize("key", ["", "quality: {local: evidence}\n", "ledger: {path: d/x.db}\n"])
def test_what_is_installed_is_news_for_a_process_that_runs(tmp_path: Path, key: str) -> None:
    source = Source(written(tmp_path, SOUND + key), {})
    folder = source.settings().local.folder
    assert not source.is_news()

    install(folder, evidence(), {})
    assert source.is_news()
    assert source.settings().local.version == evidence().version
    assert folder in source.folders()
    assert not source.is_news()
    undo(folder)
    assert source.is_news()


def test_the_card_tells_what_it_is_the_card_of(tmp_path: Path) -> None:
    install(tmp_path, evidence(), {"made": "2026-11-26"})
    card = json.loads((tmp_path / read_pointer(tmp_path).current / "card.json").read_text())

    assert (card["made"], card["version"]) == ("2026-11-26", evidence().version)
