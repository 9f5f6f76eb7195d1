"""The `farthing` command: it says what it can do and what is wrong, in words and by its status."""

import csv
import io
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
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest

from router.cli import COMMANDS
from tests.e2e.configs import as_yaml, write_config
from tests.e2e.programs import FARTHING, REPO, Done, Farthing, environ, here, run
from tests.e2e.wire import chat, post

SCRIPT = Path(sys.executable).with_name("farthing")
NOWHERE = "http://127.0.0.1:9/v1"
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
def used(farthing: Farthing) -> Path:
    """A config whose ledger has something to tell."""
    for text in ("Hello", "Hello", "What is 17 * 23?"):
        assert post(farthing.base_url, chat(text)).status == 200
    return farthing.config


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


def test_a_decision_is_explained(config: Path) -> None:
    told = here("explain", "--config", str(config), "What is 17 * 23?")
    assert told.status == 0
    for said in ("maths", "Policy 'balanced'", "sim-frontier", "sim-open-8b", "expected to cost"):
        assert said in told.out
    cheap = here("explain", "--config", str(config), "--model", "auto:cheap", "What is 17 * 23?")
    assert "Policy 'cheap'" in cheap.out
    pinned = here("explain", "--config", str(config), "-m", "sim-mid", "Hello")
    assert "asked for sim-mid by name" in pinned.out


def test_a_key_is_decided_for_by_what_it_may_use(tmp_path: Path) -> None:
    where = ("--config", str(write_config(tmp_path, NOWHERE)))
    limited = ("--model", "sim-open-8b", "--tag", "batch")
    assert here("keys", "create", "poor", *limited, *where).status == 0
    told = here("explain", "--key", "poor", "--json", "What is 17 * 23?", *where)
    decided = json.loads(told.out)

    assert [each["model"] for each in decided["candidates"] if each["role"] == "chosen"] == [
        "sim-open-8b"
    ]
    assert decided["circumstances"]["tags"] == ["batch"]
    tried = json.loads(here("try", "cheap", "quality", "--key", "poor", "--json", *where).out)
    assert tried["changes"] == []
    for command in (("explain", "Hello!"), ("try", "cheap", "quality")):
        unknown = here(*command, "--key", "por", *where)
        assert unknown.status == 0
        assert "there is none named 'por'; did you mean 'poor'?" in unknown.err
    report = here("report", "--key", "por", *where)
    assert "Nothing is recorded for the key 'por'; did you mean 'poor'?" in report.err


def test_for_a_configured_key_no_ledger_is_asked(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    app = {"name": "app", "key": "${APP_KEY}", "models": ["sim-mid"]}
    where = ("--config", str(write_config(tmp_path, NOWHERE, keys=[app])))
    variables = {"APP_KEY": "a-secret-of-32-characters-or-more"}

    told = here("explain", "--key", "app", "Hello!", *where, env=variables)
    assert (told.status, "sim-mid" in told.out) == (0, True), told.err
    assert here("explain", "--key", "other", "Hello!", *where, env=variables).status == 1


def test_so_is_one_from_a_file_and_from_standard_input(
    programs: dict[str, Done], config: Path, tmp_path: Path
) -> None:
    assert programs["stdin"].status == 0
    assert "maths" in programs["stdin"].out
    path = tmp_path / "request.json"
    path.write_text(json.dumps(chat("What is 17 * 23?", tools=[])), "utf-8")
    told = here("explain", "--config", str(config), "--file", str(path))
    assert told.status == 0
    assert "maths" in told.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("Hello", "--file", "-"),
        ("--file", "/nowhere/request.json"),
        ("--model", "sim-fronteer", "Hello"),
        ("--model", "auto:cheep", "Hello"),
    ],
    ids=["nothing", "both", "no file", "no model", "no policy"],
)
def test_what_cannot_be_explained_is_told_in_a_line(
    config: Path, arguments: tuple[str, ...]
) -> None:
    told = here("explain", "--config", str(config), *arguments)
    assert told.status == 1
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("prompt", ["", " ", "\udcff\udcfe", "\0", "[bold]\\[/]", "--", "🙂" * 9])
def test_any_prompt_is_explained_or_refused_in_a_line(config: Path, prompt: str) -> None:
    told = here("explain", "--config", str(config), "--", prompt)
    assert told.status in {0, 1}
    assert told.err.count("\n") == told.status


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"model":"auto"}', b"\xff", b"[" * 10**5])
def test_a_file_that_is_no_request_is_told_in_a_line(
    config: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "request.json"
    path.write_bytes(content)
    told = here("explain", "--config", str(config), "--file", str(path))
    assert told.status == 1
    assert told.err.startswith("farthing: ")
    assert told.err.count("\n") == 1


def test_the_report_for_people(used: Path) -> None:
    told = here("report", "--config", str(used))
    assert (told.status, told.err) == (0, "")
    assert "Spend and saving by model" in told.out
    for heading in ("requests", "cost", "baseline", "saved"):
        assert heading in told.out
    assert "total" in told.out
    assert "\u2026" not in told.out  # nothing is cut off: without a stated width everything fits


def test_the_report_for_programs_and_spreadsheets_agree(used: Path) -> None:
    as_json = json.loads(here("report", "--config", str(used), "--json", "--by", "policy").out)
    lines = csv.DictReader(
        io.StringIO(here("report", "-c", str(used), "--csv", "--by", "policy").out)
    )
    groups = {group["policy"]: group for group in as_json["groups"]}
    for line in lines:
        group = groups.pop(line["policy"])
        assert line["cost_usd"] == group["cost_usd"]
        assert int(line["requests"]) == group["requests"]
    assert groups == {}
    assert as_json["baseline"] == "reference"


def test_a_report_of_a_time_without_requests_is_empty(used: Path) -> None:
    told = here("report", "--config", str(used), "--json", "--until", "2001-01-01")
    found = json.loads(told.out)
    assert found["groups"] == []
    assert (found["total"]["requests"], found["total"]["cost_usd"]) == (0, "0")
    for form in ((), ("--csv",)):
        assert here("report", "--config", str(used), "--until", "2001-01-01", *form).status == 0


def test_a_report_before_the_first_request_is_empty_too(tmp_path: Path) -> None:
    told = here("report", "--config", str(write_config(tmp_path, NOWHERE)), "--json")
    assert told.status == 0
    assert json.loads(told.out)["total"]["requests"] == 0


def test_the_best_static_mix_is_a_baseline_that_is_named(used: Path) -> None:
    told = here("report", "--config", str(used), "--json", "--baseline", "static")
    found = json.loads(told.out)

    assert re.search(r"the best static mix \(.*sim-", found["baseline"])
    assert Decimal(found["total"]["baseline_usd"]) > 0


def test_the_parts_of_a_saving_are_the_saving(used: Path) -> None:
    found = json.loads(here("report", "--config", str(used), "--json", "--last", "7d").out)
    total = found["total"]
    parts = ("model_choice", "cache", "retries", "hedges", "cascades", "abandoned")

    assert found["since"] is not None
    assert sum(Decimal(total[f"{part}_usd"]) for part in parts) == Decimal(total["saving_usd"])


def test_movers_compare_with_the_period_before(used: Path) -> None:
    told = here("report", "--config", str(used), "--movers", "--last", "7d", "--json")
    found = json.loads(told.out)

    assert Decimal(found["total"]["cost_before_usd"]) == 0
    assert found["total"]["change_usd"] == found["total"]["cost_usd"]
    assert "new" in here("report", "--config", str(used), "--movers", "--last", "7d").out
    assert "give --last 7d" in here("report", "--config", str(used), "--movers").err
    page = used.with_name("movers.html")
    as_page = ("--movers", "--last", "7d", "--html", str(page))
    assert "nor as CSV or HTML" in here("report", "--config", str(used), *as_page).err
    assert not page.exists()


def test_filters_leave_what_has_their_name(used: Path) -> None:
    every = json.loads(here("report", "-c", str(used), "--json", "--by", "model").out)
    name = every["groups"][0]["model"]
    found = json.loads(here("report", "-c", str(used), "--json", "--model", name).out)

    assert found["filters"] == {"model": name}
    assert found["groups"] == [every["groups"][0]]
    told = here("report", "-c", str(used), "--by", "hour", "--tag", "x")
    assert (told.status, "not kept by hour and tag together" in told.err) == (1, True)


def test_a_baseline_that_is_no_model_is_told_with_a_hint(used: Path) -> None:
    told = here("report", "--config", str(used), "--baseline", "sim-fronteer")
    assert told.status == 1
    assert "did you mean 'sim-frontier'?" in told.err


def test_a_baseline_needs_no_key_of_its_provider(tmp_path: Path) -> None:
    """The report is read on the machine of the ledger, which knows no provider's secrets."""
    away = {"kind": "openai", "base_url": NOWHERE, "api_key": "${NOT_SET}", "enabled": "with-key"}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    config = write_config(
        tmp_path,
        NOWHERE,
        upstreams={"away": away},
        models={"dear": {"upstream": "away", "price": price}},
    )
    told = here("report", "--config", str(config), "--baseline", "dear", "--json")

    assert (told.status, told.err) == (0, "")
    assert json.loads(told.out)["baseline"] == "dear"


def test_rates_for_lengths_that_sums_do_not_know_are_pointed_out(tmp_path: Path) -> None:
    rates = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    bands = [{**rates, "above_input_tokens": above} for above in (2_000, 200_000, 600_000)]
    model = {"upstream": "sim", "price": {**rates, "bands": bands}}
    config = write_config(tmp_path, NOWHERE, models={"long": model})
    told = here("report", "--config", str(config), "--baseline", "long")

    assert re.findall(r"prompts of (.*) tokens", told.err) == [
        "2,001 to 32,000",
        "600,001 and more",
    ]


def test_a_port_that_is_taken_is_told(config: Path, taken: int) -> None:
    told = serve_here("--config", str(config), "--port", str(taken))
    assert told.status == 1
    assert f"127.0.0.1:{taken}" in told.err
    assert "in use" in told.err
    assert "Traceback" not in told.err
    simulate = here("simulate", "--port", str(taken))
    assert simulate.status == 1
    assert f"127.0.0.1:{taken}" in simulate.err


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
