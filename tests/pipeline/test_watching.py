"""However files are written, moved or linked, a change in them is noticed."""

import asyncio
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from router.app import real_world
from router.app.watching import watch
from router.config.source import Source
from router.domain.members import replace
from router.pipeline.current import Reloaded
from tests.pipeline.kit import proxy
from tests.pipeline.reload_kit import (
    FIRST,
    SECOND,
    only,
    policy_file,
    reloads,
    version,
    writer,
)
from tests.stores.waiting import until


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def renamed_over(file: Path, text: str) -> None:
    file.with_name(f".{file.name}.swp").write_text(text)
    file.with_name(f".{file.name}.swp").rename(file)


def by_a_backup(file: Path, text: str) -> None:
    file.rename(file.with_name(f"{file.name}~"))
    file.write_text(text)


def gone_for_a_moment(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def with_its_whole_folder(file: Path, text: str) -> None:
    folder, fresh = file.parent, file.parent.with_name("fresh")
    shutil.copytree(folder, fresh, symlinks=True)
    (fresh / file.name).write_text(text)
    folder.rename(folder.with_name("old"))
    fresh.rename(folder)


@pytest.fixture
def _nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the kernel has reported is noticed."""
    monkeypatch.setattr("router.app.watching._LOOK_MS", 3_600_000)


@pytest.mark.usefixtures("_nobody_looks")
@pytest.mark.parametrize(
    "write", [in_place, renamed_over, by_a_backup, gone_for_a_moment, with_its_whole_folder]
)
async def test_however_a_file_is_written_it_is_noticed_again_and_again(
    write: Callable[[Path, str], None], tmp_path: Path
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        for turn, model in enumerate((SECOND, FIRST, SECOND)):
            write(policy_file(it), only(model))
            shutil.rmtree(it.folder / "old", ignore_errors=True)
            await reloads(it, Reloaded.CHANGED, turn + 1)
            assert await writer(it) == model

    assert it.running.current.counts[Reloaded.FAILED] == 0


@pytest.mark.usefixtures("_nobody_looks")
async def test_however_often_a_folder_is_replaced_and_deleted_the_new_one_is_watched(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        for turn in range(12):
            for move in range(turn % 3):
                with_its_whole_folder(policy_file(it), only(FIRST) + f"# {turn} {move}\n")
                shutil.rmtree(it.folder / "old")
            in_place(policy_file(it), text := only(SECOND) + f"# {turn}\n")
            await until(lambda wanted=text: version(it) == digest_of(wanted))  # type: ignore[misc]


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


@pytest.mark.usefixtures("_nobody_looks")
async def test_a_folder_as_kubernetes_mounts_it_is_followed(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True) as it:
        folder = it.folder / "policies"
        for turn, model in enumerate((SECOND, FIRST, SECOND)):
            data = folder / f"..2026_{turn}"
            data.mkdir()
            (data / "test.yaml").write_text(only(model))
            (folder / "..tmp").symlink_to(data.name)
            (folder / "..tmp").rename(folder / "..data")
            if turn == 0:
                (folder / "new").symlink_to("..data/test.yaml")
                (folder / "new").rename(folder / "test.yaml")
            await reloads(it, Reloaded.CHANGED, turn + 1)
            assert await writer(it) == model

    assert it.running.current.counts[Reloaded.FAILED] == 0


@pytest.mark.usefixtures("_nobody_looks")
async def test_a_folder_that_is_gone_for_a_while_keeps_the_policies_and_is_found_again(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        (it.folder / "policies").rename(it.folder / "away")
        await reloads(it, Reloaded.FAILED)
        assert await writer(it) == FIRST
        (it.folder / "away" / "test.yaml").write_text(only(SECOND))
        (it.folder / "away").rename(it.folder / "policies")
        await reloads(it, Reloaded.CHANGED)
        policy_file(it).write_text(only(FIRST))
        await reloads(it, Reloaded.CHANGED, 2)
        assert await writer(it) == FIRST


async def test_what_is_half_written_is_waited_for_and_no_failure(tmp_path: Path) -> None:
    naps: list[float] = []

    async def nap(for_s: float) -> None:
        if for_s < 0.1:  # whoever sleeps longer waits for something else
            naps.append(for_s)
            (tmp_path / "policies" / "test.yaml").write_text(only(SECOND))
        else:
            await asyncio.sleep(for_s)

    async with proxy(tmp_path, follows=True, world=replace(real_world(), sleep=nap)) as it:
        policy_file(it).write_text("policy: te")
        await reloads(it, Reloaded.CHANGED)
        assert await writer(it) == SECOND

    assert naps
    assert it.running.current.counts[Reloaded.FAILED] == 0


async def test_while_the_kernel_tells_nothing_the_files_are_looked_at_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(Source):
        def folders(self) -> frozenset[Path]:
            raise ExceptionGroup("watching", [OSError("inotify watch limit reached")])

    looks, enough = 0, asyncio.Event()

    def noticed() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            enough.set()

    watching = asyncio.create_task(
        watch(Deaf(tmp_path / "config.yaml", {}), noticed, lambda _: asyncio.sleep(0))
    )
    await enough.wait()
    watching.cancel()

    assert caplog.text.count("inotify watch limit reached") == 1
