"""The `farthing` command: it says what it can do and what is wrong, in words and by its status."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from router.cli import COMMANDS
from tests.e2e.configs import NOWHERE, as_yaml, write_config
from tests.e2e.programs import FARTHING, REPO, Done, environ, here, run
from tests.e2e.wire import chat

SCRIPT = Path(sys.executable).with_name("farthing")
BROKEN = {
    "version": 1,
    "server": {"prot": 8080, "max_body_mb": "much"},
    "upstreams": {
        "mine": {"kind": "openai", "base_url": "localhost:8000", "api_key": "sk-in-plain-sight"},
        "good": {"kind": "openai", "base_url": NOWHERE},
        "other": {"kind": "carrier-pigeon"},
    },
    "models": {
        "a": {"upstream": "goood"},
        "b": {"upstream": "good"},
        "c": {"upstream": "good", "price": {"input_usd_per_mtok": -1, "output_usd_per_mtok": 1}},
    },
    "policies": {"directory": str(REPO / "policies"), "default": "balnced"},
    "cache": {"url": "memcached://x"},
    "keys": [{"name": "k", "key": "sk-also-in-plain-sight"}],
}


def serve_here(*arguments: str) -> Done:
    """`farthing serve` in this process; if it does serve, it is told to stop."""
    stop = threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    stop.start()
    try:
        return here("serve", *arguments)
    finally:
        stop.cancel()
        stop.join()


@pytest.mark.parametrize(
    "command", [("check",), ("serve",), ("report",), ("explain", "hello"), ("calibrate", "--undo")]
)
def test_who_has_no_configuration_yet_is_told_how_to_begin(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = here(*command, "--config", str(tmp_path / "config.yaml"))

    assert done.status == 1
    assert "config.yaml: there is no such file; name the configuration with --config" in done.err
    assert "config.example.yaml" in done.err


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_config(tmp_path_factory.mktemp("command-line"), NOWHERE)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("broken") / "config.yaml"
    path.write_text(as_yaml(BROKEN), "utf-8")
    return path


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def programs(config: Path, broken: Path) -> dict[str, Done]:
    """The output of separate processes; two at a time, because starting them takes long."""
    request = json.dumps(chat("What is 17 * 23?"))
    commands: dict[str, tuple[list[str], str, list[str]]] = {
        "version": (["--version"], "", [str(SCRIPT)]),
        "broken": (["check", "--config", str(broken)], "", FARTHING),
        "stdin": (["explain", "--config", str(config), "--file", "-"], request, FARTHING),
    }

    def start(name: str) -> Done:
        arguments, stdin, program = commands[name]
        return run(*arguments, stdin=stdin, program=program)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(commands, pool.map(start, commands), strict=True))


def test_help_names_every_command() -> None:
    told = here("--help")
    assert (told.status, told.err) == (0, "")
    assert all(f"  {name}" in told.out for name in COMMANDS)
    assert "farthing serve" in told.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    told = here(command, "--help")
    assert told.status == 0
    assert f"usage: farthing {command}" in told.out
    options = [line for line in told.out.splitlines() if line.startswith("  -")]
    assert len(options) >= 2 or "ACTION" in told.out
    assert told.out.count("\n") > 8


def test_the_version_is_that_of_the_package(programs: dict[str, Done]) -> None:
    assert programs["version"].out == f"farthing {version('farthing')}\n"
    assert programs["version"].status == 0


UNREAD = pytest.mark.parametrize(
    "command", [("--version",), ("report", "--help"), ("schema",), ("check", "--config")]
)
"""Printed by argparse, by `print`, and by rich."""


@UNREAD
def test_who_stops_reading_has_seen_enough(command: tuple[str, ...], config: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    told = printing(command, config, writing)
    assert (told.returncode, told.stderr) == (0, "")


@UNREAD
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_told_in_a_line(command: tuple[str, ...], config: Path) -> None:
    told = printing(command, config, os.open("/dev/full", os.O_WRONLY))
    assert told.returncode == 1
    assert told.stderr == "farthing: cannot write: No space left on device\n"


def printing(
    command: tuple[str, ...], config: Path, out: int
) -> "subprocess.CompletedProcess[str]":
    """The command, with `out` as its output, which is written as late as Python likes."""
    of = (str(config),) if command[-1] == "--config" else ()
    own = environ()
    del own["PYTHONUNBUFFERED"]
    try:
        return subprocess.run(
            [*FARTHING, *command, *of],
            cwd=REPO,
            env=own,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(out)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("sevre",),
        ("serve", "--prot", "1"),
        ("report", "--by", "colour"),
        ("report", "--since", "yesterday"),
        ("report", "--json", "--csv"),
        ("simulate", "--fault", "no_such_fault"),
        ("simulate", "--fault-rate", "2:reset"),
        ("simulate", "--speed", "-1"),
        ("simulate", "--port", "99999"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_right(arguments: tuple[str, ...]) -> None:
    told = here(*arguments)
    assert told.status == 2
    assert told.out == ""
    assert "farthing" in told.err


@pytest.mark.parametrize(
    ("arguments", "usage", "hint"),
    [
        (("serve", "--prot=1"), "farthing serve ", "; did you mean '--port'?"),
        (
            ("keys", "create", "x", "--polcy", "cheap"),
            "farthing keys create ",
            "; did you mean '--policy'?",
        ),
        (("report", "last week"), "farthing report ", "unrecognized arguments: last week\n"),
        (("serve", "--bogus"), "farthing serve ", "unrecognized arguments: --bogus\n"),
    ],
)
def test_an_unknown_option_is_told_beside_those_that_there_are(
    arguments: tuple[str, ...], usage: str, hint: str
) -> None:
    told = here(*arguments)

    assert told.status == 2
    assert f"usage: {usage}" in told.err
    assert hint in told.err


@pytest.mark.parametrize(
    "command",
    [
        ("report", "--key"),
        ("reconcile", "invoice.csv", "--upstream"),
        ("explain", "--id"),
        ("explain", "Hello!", "--tag"),
        ("try", "cheap", "quality", "--key"),
    ],
)
def test_a_name_in_another_encoding_is_wrong_usage(command: tuple[str, ...]) -> None:
    told = here(*command, "caf\udce9")

    assert told.status == 2
    assert f"argument {command[-1]}: must be text in UTF-8, not 'caf\\udce9'" in told.err


def test_an_output_that_knows_few_letters_gets_escapes_of_the_others(config: Path) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    told = run("explain", "Hello!", "--config", str(config), env=ascii_only)

    assert (told.status, told.err) == (0, "")
    assert "\\xb1" in told.out  # between a quality and its standard deviation


def test_a_configuration_that_the_environment_leaves_empty_is_not_named() -> None:
    assert here("report", env={"FARTHING_CONFIG": ""}).err.startswith("config.yaml: ")


@pytest.mark.parametrize(
    "command",
    [("schema", "--output", "/nowhere/x"), ("simulate", "--port", "0", "--models", "/nowhere/x")],
)
def test_a_file_that_cannot_be_opened_is_told_in_a_line(command: tuple[str, ...]) -> None:
    told = here(*command)

    assert told.status == 1
    assert re.fullmatch(r".*/nowhere/x:? cannot be (read|written): No such file.*\n", told.err)


def test_the_example_is_sound() -> None:
    told = here("check", "--config", str(REPO / "config.example.yaml"))
    assert told.status == 0, told
    assert "All examples pass." in told.out
    assert "OPENAI_API_KEY" in told.out


def test_everything_that_is_wrong_is_told_at_once(programs: dict[str, Done], broken: Path) -> None:
    told = programs["broken"]
    assert told.status == 1
    assert "Traceback" not in told.err + told.out
    lines = told.err.splitlines()
    assert all(line.startswith(str(broken)) for line in lines), told.err
    for place, remedy in (
        ("server.prot", "did you mean 'port'?"),
        ("server.max_body_mb", "number"),
        ("upstreams.mine.base_url", "http://"),
        ("upstreams.mine.api_key", "${NAME}"),
        ("upstreams.other", "carrier-pigeon"),
        ("models.a.upstream", "did you mean 'good'?"),
        ("models.b", "input_usd_per_mtok"),
        ("models.c.price.input_usd_per_mtok", "greater"),
        ("policies.default", "did you mean 'balanced'?"),
        ("cache.url", "redis://"),
        ("keys[0].key", "${NAME}"),
    ):
        assert [line for line in lines if f"{place} (line" in line and remedy in line], place
    assert "plain-sight" not in told.err


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"version: [", b"- a list", b"", b"a: 1\na: 2", b"a: &x 1"):
        path = tmp_path / "config.yaml"
        path.write_bytes(content)
        told = here("check", "--config", str(path))
        assert told.status == 1
        assert told.err.startswith(str(path))
    absent = here("check", "--config", str(tmp_path / "nowhere.yaml"))
    assert absent.status == 1
    assert "nowhere.yaml" in absent.err


def test_a_request_from_a_file_and_from_standard_input_is_explained(
    programs: dict[str, Done], config: Path, tmp_path: Path
) -> None:
    assert programs["stdin"].status == 0
    assert "maths" in programs["stdin"].out
    path = tmp_path / "request.json"
    path.write_text(json.dumps(chat("What is 17 * 23?", tools=[])), "utf-8")
    told = here("explain", "--config", str(config), "--file", str(path))
    assert told.status == 0
    assert "maths" in told.out


def test_a_port_that_is_taken_is_told(config: Path, taken: int) -> None:
    told = serve_here("--config", str(config), "--port", str(taken))
    simulate = here("simulate", "--port", str(taken))
    for each in (told, simulate):
        assert each.status == 1
        assert f"cannot listen on 127.0.0.1:{taken}: the address is in use already" in each.err
        assert "--port" in each.err
        assert "Traceback" not in each.err


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_told(config: Path, port: str) -> None:
    told = serve_here("--config", str(config), "--port", port)
    assert told.status in {1, 2}
    assert "port" in told.err


@pytest.mark.parametrize("command", ["serve", "report"])
@pytest.mark.parametrize("kind", ["a folder", "no database", "below a file"])
def test_a_ledger_that_cannot_be_opened_is_told_by_its_name(
    tmp_path: Path, command: str, kind: str
) -> None:
    path = write_config(tmp_path, NOWHERE, ledger={"path": "here/ledger.db"})
    folder = tmp_path / "here"
    match kind:
        case "a folder":
            (folder / "ledger.db").mkdir(parents=True)
        case "no database":
            folder.mkdir()
            (folder / "ledger.db").write_bytes(b"long enough and yet no database" * 100)
        case _:
            folder.write_bytes(b"")
    serves = command == "serve"
    told = serve_here("-c", str(path)) if serves else here(command, "-c", str(path))
    assert told.status == 1
    assert str(folder / "ledger.db") in told.err
    assert "cannot listen" not in told.err
