"""The files in docs/deploy agree with each other, and with the code."""

import argparse
import asyncio
import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from router.app import real_world, serving
from router.cli.arguments.options import add_config
from router.config.load import load_settings
from router.config.settings import Settings
from tests.e2e.configs import write_config

_ROOT = Path(__file__).parent.parent
_DEPLOY = _ROOT / "docs/deploy"
_LAST_ROWS_S = 15
_SECRET = re.compile(r"\$\{file:([^}]+)\}")


def _yaml(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((_DEPLOY / name).read_text("utf-8")))


def _compose() -> dict[str, Any]:
    return _yaml("compose.yaml")[0]


def _of_kind(kind: str) -> dict[str, Any]:
    return next(each for each in _yaml("kubernetes.yaml") if each["kind"] == kind)


def _pod() -> dict[str, Any]:
    pod: dict[str, Any] = _of_kind("Deployment")["spec"]["template"]["spec"]
    return pod


def _container() -> dict[str, Any]:
    container: dict[str, Any] = _pod()["containers"][0]
    return container


def _configs() -> dict[str, str]:
    return {
        "compose": (_DEPLOY / "config/config.yaml").read_text("utf-8"),
        "kubernetes": _of_kind("ConfigMap")["data"]["config.yaml"],
    }


def _settings(text: str, folder: Path) -> Settings:
    """What the configuration says at its place in the image, its secrets being there."""
    secrets = {
        path: "redis://valkey:6379/0"
        if path.endswith("redis_url")
        else "postgresql://postgres:5432/farthing"
        if path.endswith("postgres_url")
        else f"secret of {path}"
        for path in _SECRET.findall(text)
    }
    for number, (path, secret) in enumerate(secrets.items()):
        there = folder / f"secret{number}"
        there.write_text(secret)
        text = text.replace(f"${{file:{path}}}", f"${{file:{there}}}")
    (folder / "config").mkdir()
    (folder / "policies").symlink_to(_ROOT / "policies")
    config = folder / "config/config.yaml"
    config.write_text(text)
    return load_settings(config, {})


@pytest.mark.parametrize("name", _configs())
def test_the_configurations_are_sound_and_have_several_workers(name: str, tmp_path: Path) -> None:
    settings = _settings(_configs()[name], tmp_path)
    assert settings.workers > 1
    assert settings.cache.has_redis
    assert settings.ledger.url
    assert settings.ledger.path.parent == Path("/var/lib/farthing")


@pytest.mark.parametrize("name", _configs())
def test_there_is_time_to_stop(name: str, tmp_path: Path) -> None:
    needed_s = 2 * _settings(_configs()[name], tmp_path).serving.shutdown_s + _LAST_ROWS_S
    given_s = {
        "compose": int(_compose()["services"]["farthing"]["stop_grace_period"].rstrip("s")),
        "kubernetes": _pod()["terminationGracePeriodSeconds"]
        - int(_container()["lifecycle"]["preStop"]["exec"]["command"][1]),
    }
    assert given_s[name] >= needed_s
    assert int(_unit()["TimeoutStopSec"]) >= needed_s


def test_secrets_of_the_composition_are_those_that_its_configuration_reads() -> None:
    read = {Path(path).name for path in _SECRET.findall(_configs()["compose"])}
    composed = _compose()
    assert set(composed["services"]["farthing"]["secrets"]) == read == set(composed["secrets"])
    assert {Path(path).parent for path in _SECRET.findall(_configs()["compose"])} == {
        Path("/run/secrets")
    }


def test_secrets_in_kubernetes_are_mounted_where_they_are_read_and_told_to_be_made() -> None:
    paths = [Path(path) for path in _SECRET.findall(_configs()["kubernetes"])]
    mounts = {each["name"]: Path(each["mountPath"]) for each in _container()["volumeMounts"]}
    told = re.findall(r"--from-literal=(\w+)=", (_DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    assert {path.parent for path in paths} == {mounts["secrets"]}
    assert sorted(path.name for path in paths) == sorted(told)


def test_ports_are_the_same_everywhere() -> None:
    image = (_DEPLOY / "Containerfile").read_text("utf-8")
    (port,) = re.findall(r"EXPOSE (\d+)", image)
    ports = {
        *(str(yaml.safe_load(text)["server"]["port"]) for text in _configs().values()),
        *re.findall(r"http://127\.0\.0\.1:(\d+)/", image),
        *(str(each["containerPort"]) for each in _container()["ports"]),
        _compose()["services"]["farthing"]["ports"][0].rsplit(":", 1)[1],
    }
    names = {each["name"] for each in _container()["ports"]}
    assert ports == {port}
    assert {each["targetPort"] for each in _of_kind("Service")["spec"]["ports"]} == names
    assert {each["httpGet"]["port"] for each in _probes().values()} == names


def _probes() -> Mapping[str, Any]:
    return {name: each for name, each in _container().items() if name.endswith("Probe")}


async def test_what_is_probed_is_answered(tmp_path: Path) -> None:
    paths = {each["httpGet"]["path"] for each in _probes().values()}
    image = (_DEPLOY / "Containerfile").read_text("utf-8")
    paths |= set(re.findall(r"http://127\.0\.0\.1:\d+(/\w+)'", image))
    settings = load_settings(write_config(tmp_path, "http://127.0.0.1:1/v1"), {})
    async with serving(settings, real_world()) as running, aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(f"{running.url}{path}") as answer:
                assert answer.status == 200, path

    assert paths == {"/readyz", "/healthz"}
    assert _probes()["livenessProbe"]["httpGet"]["path"] == "/healthz"


async def test_the_image_is_healthy_also_where_a_proxy_leads_outside(tmp_path: Path) -> None:
    image = (_DEPLOY / "Containerfile").read_text("utf-8")
    (written,) = re.findall(r"(?m)^    CMD \[\"python\", (.+)\]$", image)
    arguments = json.loads(f"[{written}]")
    settings = load_settings(write_config(tmp_path, "http://127.0.0.1:1/v1"), {})
    async with serving(settings, real_world()) as running:
        command = [each.replace("http://127.0.0.1:8080", running.url) for each in arguments]
        checking = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={"http_proxy": "http://127.0.0.1:9"}
        )
        assert await checking.wait() == 0


def test_the_image_finds_its_configuration_where_it_is_mounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = (_DEPLOY / "Containerfile").read_text("utf-8")
    environ = {each["name"]: each["value"] for each in _container()["env"]}
    (named,) = re.findall(r"FARTHING_CONFIG=(\S+)", image)
    mounts = {each["name"]: each["mountPath"] for each in _container()["volumeMounts"]}
    monkeypatch.setenv("FARTHING_CONFIG", named)
    assert _default_config() == named == environ["FARTHING_CONFIG"]
    assert str(Path(named).parent) == mounts["config"]
    assert f"./config:{Path(named).parent}:ro" in _compose()["services"]["farthing"]["volumes"]


def _default_config() -> str:
    parser = argparse.ArgumentParser()
    add_config(parser)
    return str(parser.parse_args([]).config)


def test_what_the_image_copies_is_there_and_nobody_is_root() -> None:
    image = (_DEPLOY / "Containerfile").read_text("utf-8")
    copied = [words.split()[:-1] for words in re.findall(r"(?m)^COPY (?!--)(.+)$", image)]
    assert [name for names in copied for name in names if not (_ROOT / name).exists()] == []
    users = re.findall(r"(?m)^USER (\d+)$", image)
    assert users == [str(_pod()["securityContext"]["runAsUser"])]
    assert f"--uid {users[0]}" in image


def test_labels_choose_the_pods() -> None:
    labels = _of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    chosen = [
        _of_kind("Deployment")["spec"]["selector"]["matchLabels"],
        _of_kind("Service")["spec"]["selector"],
        _of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ]
    assert all(each.items() <= labels.items() for each in chosen)
    target = _of_kind("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert target["name"] == _of_kind("Deployment")["metadata"]["name"]


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {each["name"] for each in _container()["volumeMounts"]}
    assert mounted == {each["name"] for each in _pod()["volumes"]}


def test_who_is_depended_on_says_whether_it_is_well() -> None:
    services = _compose()["services"]
    for name, condition in services["farthing"]["depends_on"].items():
        assert condition == {"condition": "service_healthy"}
        assert "healthcheck" in services[name]
    hosts = re.findall(r"(?:redis://|@)(\w+):\d+", _configs()["compose"])
    assert set(hosts) <= services.keys()


def _unit() -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read(_DEPLOY / "farthing.service")
    return dict(parser["Service"])


def test_the_unit_starts_what_there_is_and_sends_signals_that_are_heeded() -> None:
    unit = (_DEPLOY / "farthing.service").read_text("utf-8")
    supervisor = (_ROOT / "router/cli/serve/supervise.py").read_text("utf-8")
    sent = {f"SIG{name}" for name in re.findall(r"kill -(\w+) ", unit)}
    sent |= set(re.findall(r"--signal=(\w+)", unit))
    assert sent == {"SIGHUP", "SIGUSR2"}
    assert all(f"signal.{name}" in supervisor for name in sent)
    assert _unit()["ExecStart"].split()[0].endswith("/farthing")
    assert _unit()["Type"] == "notify"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    unit = (_DEPLOY / "farthing.service").read_text("utf-8")
    here = tmp_path / "farthing.service"
    here.write_text(unit.replace("/opt/farthing/bin/farthing", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", here], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert [line for line in said.splitlines() if here.name in line] == []
