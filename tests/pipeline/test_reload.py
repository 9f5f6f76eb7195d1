"""Files change while requests go on: valid ones take effect at once, broken ones never."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.dispatch.notice import About, Subject
from router.pipeline.current import Reloaded
from router.pipeline.gossip import Subjects
from tests.pipeline.kit import PRICE, proxy
from tests.pipeline.reload_kit import (
    BROKEN,
    FIRST,
    SECOND,
    change_config,
    metrics,
    models_of,
    only,
    policy,
    policy_file,
    reloads,
    told,
    unused,
    version,
    writer,
)
from tests.stores.waiting import until


async def test_a_changed_policy_decides_the_next_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "router.app.reloading")
    async with proxy(tmp_path, follows=True) as it:
        old = version(it)
        assert await writer(it) == FIRST
        policy_file(it).write_text(only(SECOND))
        await reloads(it, Reloaded.CHANGED)
        assert await writer(it) == SECOND
        new = version(it)
        rows = it.rows()

    assert old != new
    assert [row["policy_version"] for row in rows] == [old, new]
    assert f"policy test {old} -> {new}" in caplog.text
    assert "reloaded in " in caplog.text


async def test_a_stream_that_is_under_way_ends_under_the_policy_with_which_it_began(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        old = version(it)
        async with it.post(stream=True, faults="stall,after=1,seconds=600") as begun:
            assert await begun.content.readany()
            policy_file(it).write_text(only(SECOND))
            await reloads(it, Reloaded.CHANGED)
            assert await writer(it) == SECOND
        await until(lambda: len(it.rows()) == 2)
        rows = {row["model"]: row["policy_version"] for row in it.rows()}

    assert rows == {FIRST: old, SECOND: version(it)}


async def test_a_request_that_falls_back_after_a_reload_keeps_to_its_own_policy(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True, server={"attempts_per_model": 1}) as it:
        old = version(it)
        slow = f"{FIRST}:delay,seconds=0.5;{FIRST}:status,code=503"
        first = asyncio.create_task(writer(it, faults=slow))
        await until(lambda: it.upstream.counters[FIRST].requests == 1)
        policy_file(it).write_text(only(FIRST))
        await reloads(it, Reloaded.CHANGED)
        await first
        rows = it.rows()

    assert {row["policy_version"] for row in rows} == {old}


async def test_what_was_learnt_and_is_damaged_is_a_metric_until_it_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "damaged").mkdir()
    quality = {"artefact": "damaged"}
    async with proxy(tmp_path, follows=True, more={"quality": quality}) as it:
        at_start = await unused(it)
        change_config(it, quality={"artefact": "none"})
        await reloads(it, Reloaded.UNCHANGED)
        whole = await unused(it)
        change_config(it, quality=quality)
        await reloads(it, Reloaded.UNCHANGED, 2)
        policy_file(it).write_text(BROKEN)
        await reloads(it, Reloaded.FAILED)
        damaged = await unused(it)

    assert (at_start, whole, damaged) == (1, 0, 1)
    assert "what was learnt is not used: quality.artefact: " in caplog.text


@pytest.mark.parametrize(
    "text", [BROKEN, "", "policy: [", "a: &x 1\nb: *x", "p: !!python/name:x y"]
)
async def test_a_broken_file_changes_nothing_and_says_so(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        sound, old = policy_file(it).read_text(), version(it)
        policy_file(it).write_text(text)
        await reloads(it, Reloaded.FAILED)
        assert await writer(it) == FIRST
        broken, of_broken = (await told(it, "/readyz"))["policies"], await metrics(it)
        policy_file(it).write_text(sound)
        await reloads(it, Reloaded.UNCHANGED)
        mended, of_mended = (await told(it, "/readyz"))["policies"], await metrics(it)

    assert broken["state"] == "stale"
    assert broken["versions"] == {"test": old}
    assert broken["problems"]
    assert all(each.startswith("test.yaml: ") for each in broken["problems"])
    assert str(tmp_path) in caplog.text
    assert of_broken["farthing_reload_failed"] == 1
    assert of_broken['farthing_reloads_total{result="failed"}'] == 1
    assert mended["state"] == "current"
    assert mended["problems"] == []
    assert mended["since"] > broken["since"]
    assert of_mended["farthing_reload_failed"] == 0
    seconds = "farthing_reload_succeeded_seconds"
    assert of_mended[seconds] > of_broken[seconds]


async def test_of_two_files_one_of_which_is_broken_neither_is_taken_over(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True) as it:
        old = version(it)
        (it.folder / "policies" / "other.yaml").write_text(BROKEN)
        policy_file(it).write_text(only(SECOND))
        await reloads(it, Reloaded.FAILED)
        assert version(it) == old
        assert await writer(it) == FIRST
        (it.folder / "policies" / "other.yaml").unlink()
        await reloads(it, Reloaded.CHANGED)
        assert await writer(it) == SECOND


async def test_an_order_reads_the_files_whether_they_have_changed_or_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "router.app.reloading")
    async with proxy(tmp_path, follows=True) as it:
        since = (await told(it, "/readyz"))["policies"]["since"]
        it.following.reload_requests.order()
        await reloads(it, Reloaded.UNCHANGED)
        assert (await told(it, "/readyz"))["policies"]["since"] == since

    assert "nothing has changed" in caplog.text


async def test_an_order_that_comes_while_files_are_read_has_them_read_again(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        reload_requests, current = it.following.reload_requests, it.running.current
        policy_file(it).write_text(BROKEN)
        reload_requests.order()
        await asyncio.sleep(0)  # the first order is taken up
        for _ in range(5):
            reload_requests.order()
        await reloads(it, Reloaded.FAILED, 2)
        policy_file(it).write_text(only(SECOND))
        await reloads(it, Reloaded.CHANGED)

    assert current.counts[Reloaded.FAILED] <= 3


async def test_models_come_and_go_with_the_config(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True) as it:
        more = {"upstream": "sim", "price": {key: usd / 9 for key, usd in PRICE.items()}}
        models = {**models_of(it), "sim-open-70b": more}
        del models[FIRST]
        change_config(it, models=models)
        await reloads(it, Reloaded.CHANGED)
        listed = [each["id"] for each in (await told(it, "/v1/models"))["data"]]
        assert await writer(it) == "sim-open-70b"
        async with it.post(model=FIRST) as response:
            assert response.status == 404

    assert "sim-open-70b" in listed
    assert FIRST not in listed


async def test_what_other_processes_say_of_a_new_model_is_heard_and_of_an_old_one_no_more(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        ours = Subjects(it.running.current)
        assert Subject(About.LIMIT, FIRST) in ours
        change_config(it, models={"new": {**models_of(it)[SECOND], "name": SECOND}})
        await reloads(it, Reloaded.CHANGED)

    assert Subject(About.MODEL, "new") in ours
    assert Subject(About.UPSTREAM, "sim") in ours
    assert Subject(About.UPSTREAM, "new") not in ours
    assert Subject(About.LIMIT, FIRST) not in ours
    assert Subject(About.MODEL, "sim") not in ours


async def test_another_price_is_charged_from_the_next_request_on(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True, models=(FIRST,)) as it:
        await writer(it)
        dearer = {key: usd * 10 for key, usd in PRICE.items()}
        change_config(it, models={FIRST: {**models_of(it)[FIRST], "price": dearer}})
        await reloads(it, Reloaded.CHANGED)
        await writer(it)
        before, after = (row["cost_pico"] for row in it.rows())

    assert after == 10 * before > 0


async def test_another_price_of_a_reference_that_nobody_can_ask_counts_from_the_next_request_on(
    tmp_path: Path,
) -> None:
    away = {"kind": "openai", "base_url": "http://away", "api_key": "${NOT_SET}"}
    routes = {"gpt-*": {"policy": "test", "reference": "dear"}}
    more = {
        "upstreams": {"away": {**away, "enabled": "with-key"}},
        "policies": {"default": "test", "routes": routes},
    }
    async with proxy(tmp_path, follows=True, policy={"reference": "asked"}) as it:
        config = yaml.safe_load(it.following.source.path.read_text())
        more["upstreams"] |= config["upstreams"]
        for count, factor in enumerate((1, 10), 1):
            dear = {"upstream": "away", "price": {key: usd * factor for key, usd in PRICE.items()}}
            change_config(it, **more, models={**models_of(it), "dear": dear})
            await reloads(it, Reloaded.CHANGED, count)
            await writer(it, model="gpt-4o")
        before, after = (row["baseline_pico"] for row in it.rows())

    assert after == 10 * before > 0


async def test_routes_and_the_default_follow_the_config(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True) as it:
        second = policy(policy="second", models={"ids": [SECOND]})
        (it.folder / "policies" / "second.yaml").write_text(second)
        change_config(it, policies={"default": "second", "routes": {"gpt-*": "test"}})
        await until(lambda: it.running.pipeline.judge.book.default == "second")
        assert await writer(it) == SECOND
        assert await writer(it, model="gpt-4o") == FIRST


async def test_a_model_of_an_upstream_that_does_not_run_is_refused_by_its_line(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        path = it.following.source.path
        config = yaml.safe_load(path.read_text())
        upstreams = {**config["upstreams"], "new": {"kind": "simulated"}}
        models = {"other": {"upstream": "new", "name": FIRST}, **config["models"]}
        change_config(it, upstreams=upstreams, models=models)
        await reloads(it, Reloaded.FAILED)
        (problem,) = (await told(it, "/readyz"))["policies"]["problems"]
        assert await writer(it) == FIRST

    line = next(
        number
        for number, text in enumerate(path.read_text().splitlines(), 1)
        if text.strip() == "upstream: new"
    )
    assert problem == (
        f"config.yaml: models.other.upstream (line {line}):"
        " 'new' is new: restart to add an upstream"
    )


async def test_what_needs_a_restart_waits_for_it_and_the_rest_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        models = models_of(it)
        del models[FIRST]
        change_config(it, models=models, server={"max_body_mb": 1}, budgets=[])
        await reloads(it, Reloaded.CHANGED)
        assert await writer(it) == SECOND
        policies = (await told(it, "/readyz"))["policies"]

    assert policies["state"] == "current"
    assert policies["waiting_for_restart"] == ["server"]
    assert "needs a restart: server" in caplog.text


async def test_a_policy_that_wants_vectors_is_refused_where_nobody_makes_them(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        semantic = {"mode": "on", "by": "meaning"}
        policy_file(it).write_text(policy(cache={"ttl_s": 60, "semantic": semantic}))
        change_config(it, cache={"url": "off", "embeddings": {"kind": "local"}})
        await reloads(it, Reloaded.FAILED)
        problems = (await told(it, "/readyz"))["policies"]["problems"]

    assert any("vectors" in each or "embeddings" in each for each in problems)


async def test_a_loader_that_fails_in_itself_costs_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(**_: Any) -> None:
        raise ZeroDivisionError

    async with proxy(tmp_path, follows=True) as it:
        with monkeypatch.context() as patched:
            patched.setattr(it.following.source, "settings", fails)
            it.following.reload_requests.order()
            await reloads(it, Reloaded.FAILED)
        assert await writer(it) == FIRST
        (problem,) = (await told(it, "/readyz"))["policies"]["problems"]
        it.following.reload_requests.order()
        await reloads(it, Reloaded.UNCHANGED)

    assert problem == "config.yaml: fails: ZeroDivisionError"
    assert "Traceback" in caplog.text


async def test_another_share_of_hedges_is_kept_from_the_next_request_on(tmp_path: Path) -> None:
    async with proxy(tmp_path, follows=True, policy={"hedge": {"share": 0.01}}) as it:
        await writer(it)
        policy_file(it).write_text(policy(hedge={"share": 1.0}))
        await reloads(it, Reloaded.CHANGED)
        await writer(it)
        shares = it.running.pipeline.hedging.allowances.keys()

    assert shares == {("test", 0.01), ("test", 1.0)}
