"""Following the files of a configuration: what counts as a change, what is parsed, what may change."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.config.changes import RELOADED, SECTIONS, changes, need_restart, taken_over
from router.config.library import Library
from router.config.load import load_settings
from router.config.settings import Settings
from router.config.source import Source
from router.domain.errors import ConfigError, Problem
from router.domain.members import replace
from tests.config.files import ROOT, SOUND, loaded, written


def test_news_is_what_differs_from_what_was_read_last(tmp_path: Path) -> None:
    source = Source(written(tmp_path, SOUND), {})
    assert source.is_news()
    source.settings()
    assert not source.is_news()

    (tmp_path / "policies" / "cheap.yaml").write_text("policy: cheap\nintent: less and less\n")
    assert source.is_news()
    source.settings()
    assert not source.is_news()

    (tmp_path / "policies" / "cheap.yaml").unlink()
    assert source.is_news()


def test_the_same_bytes_written_again_are_no_news(tmp_path: Path) -> None:
    source = Source(written(tmp_path, SOUND), {})
    source.settings()
    written(tmp_path, SOUND)
    assert not source.is_news()


def test_what_could_not_be_read_is_no_news_either_until_it_changes(tmp_path: Path) -> None:
    path = written(tmp_path, "version: [")
    source = Source(path, {})
    with pytest.raises(ConfigError):
        source.settings()
    assert not source.is_news()
    path.write_text(SOUND)
    assert source.is_news()


def test_the_folder_of_policies_is_the_one_that_the_config_names_now(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    source = Source(path, {})
    assert tmp_path / "policies" in source.folders()

    (tmp_path / "policies").rename(tmp_path / "rules")
    path.write_text(SOUND + "policies: {directory: rules}\n")
    assert source.settings().policies
    assert source.folders() == {tmp_path, tmp_path / "rules"}

    path.write_text("version: [")
    assert source.folders() == {tmp_path, tmp_path / "rules"}


def test_a_config_that_is_a_link_is_watched_on_both_ends(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = written(tmp_path / "real", SOUND)
    (tmp_path / "config.yaml").symlink_to(real)
    source = Source(tmp_path / "config.yaml", {})

    assert {tmp_path, tmp_path / "real"} <= source.folders()


def test_only_what_has_changed_is_parsed_again(tmp_path: Path) -> None:
    path, library = written(tmp_path, SOUND), Library()
    first = library.read(path)
    assert library.read(path) is first
    path.write_text(SOUND + "# more\n")
    assert library.read(path) is not first
    library.forget_others(())
    assert library.read(path) == Library().read(path)


def test_a_version_is_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    library = Library()
    path = written(tmp_path, SOUND)
    before = load_settings(path, {}, library).book.policies["cheap"].version
    file = tmp_path / "policies" / "cheap.yaml"
    file.write_bytes(file.read_bytes() + b"\n")
    after = load_settings(path, {}, library).book.policies["cheap"].version

    assert before != after
    assert after == load_settings(path, {}).book.policies["cheap"].version


def test_every_setting_is_reloaded_or_waits_for_a_restart() -> None:
    names = {*Settings.__struct_fields__}

    assert names == RELOADED | set(SECTIONS) | {"file", "guests"}
    assert not RELOADED & set(SECTIONS)


def test_what_is_taken_over_are_models_and_policies_and_nothing_else(tmp_path: Path) -> None:
    running = loaded(tmp_path, SOUND)
    fresh = loaded(
        tmp_path,
        SOUND.replace("sim-mid: {", "sim-frontier: {") + "server: {port: 1}\ncache: {url: 'off'}\n",
    )
    after = taken_over(running, fresh)

    assert set(after.catalog) == {"sim-frontier"}
    assert (after.port, after.cache.url) == (running.port, running.cache.url)
    assert need_restart(running, fresh) == ("server", "cache")
    assert need_restart(running, running) == ()


def test_changes_are_told_by_name_and_version(tmp_path: Path) -> None:
    before = loaded(tmp_path, SOUND)
    (tmp_path / "policies" / "cheap.yaml").unlink()
    (tmp_path / "policies" / "new.yaml").write_text("policy: new\nintent: another one\n")
    text = SOUND.replace("{upstream: sim}", "{upstream: sim, tags: [x]}")
    after = loaded(tmp_path, text + "policies: {default: new, routes: {'gpt-*': new}}\n")
    cheap, new = before.book.policies["cheap"].version, after.book.policies["new"].version

    assert list(changes(before, before)) == []
    assert list(changes(before, after)) == [
        f"policy cheap {cheap} -> none",
        f"policy new none -> {new}",
        "default policy balanced -> new",
        "routes",
        "model sim-mid changed",
    ]


def test_the_order_of_routes_is_a_change_since_the_first_that_fits_decides(tmp_path: Path) -> None:
    one = loaded(tmp_path, SOUND + "policies: {routes: {'gpt-*': cheap, '*': balanced}}\n")
    other = replace(
        one, book=replace(one.book, routes=dict(reversed(list(one.book.routes.items()))))
    )

    assert list(changes(one, other)) == ["routes"]


def problems_of(source: Source) -> tuple[Problem, ...]:
    try:
        source.settings()
    except ConfigError as error:
        return error.problems
    return ()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """One for many files, since the shipped data need not be read for each of them."""
    return Source(written(tmp_path_factory.mktemp("any"), SOUND), {})


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_SECTIONS = ("version", "server", "upstreams", "models", "policies", "cache", "keys", "ledger")
_KEYS = (
    "",
    "default",
    "directory",
    "routes",
    "url",
    "path",
    "sim-mid",
    "sim",
    "host",
    "embeddings",
)


@given(section=st.sampled_from(_SECTIONS), key=st.sampled_from(_KEYS), value=_VALUES)
def test_any_value_in_any_section_is_taken_or_told(
    section: str, key: str, value: object, source: Source
) -> None:
    data = {**yaml.safe_load(SOUND), section: {key: value} if key else value}
    source.path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")

    assert all(each.message for each in problems_of(source))
    assert not source.is_news()
    assert source.folders()


@given(raw=st.binary(max_size=200), at=st.integers(0, 1500))
def test_any_bytes_in_a_policy_are_taken_or_told(raw: bytes, at: int, source: Source) -> None:
    source.path.write_text(SOUND)
    sound = (ROOT / "policies" / "balanced.yaml").read_bytes()
    (source.path.parent / "policies" / "balanced.yaml").write_bytes(sound[:at] + raw + sound[at:])

    assert all(each.message for each in problems_of(source))
    assert not source.is_news()
