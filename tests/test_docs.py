"""The documents are accurate: links, configurations, policies, snippets, commands, keys, codes."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.app import real_world, serving
from router.cli import COMMANDS, main
from router.cli.check.command import judge_of
from router.cli.check.examples import check_examples
from router.config.load import load_settings
from router.config.yaml_file import parse_yaml
from router.providers.simulated.models_file import read_models
from tests.documents import Fence, documents, fences, has_anchor, links, words
from tests.e2e.upstreams import InAThread

_ROOT = Path(__file__).parent.parent
_DOCS = documents(_ROOT)
_FENCES = [fence for doc in _DOCS for fence in fences(doc)]


def _name(doc: Path) -> str:
    return doc.relative_to(_ROOT).as_posix()


def _written_in(language: str) -> list[Any]:
    found = [fence for fence in _FENCES if fence.language == language]
    return [pytest.param(fence, id=f"{_name(fence.doc)}:{fence.line}") for fence in found]


# ----------------------------------------------------------------------------------- links


@pytest.mark.parametrize("doc", _DOCS, ids=_name)
def test_every_link_leads_somewhere(doc: Path) -> None:
    broken = []
    for link in links(doc):
        path, _, anchor = link.partition("#")
        file = (doc.parent / path).resolve() if path else doc
        if not file.exists() or (anchor and not has_anchor(file, anchor)):
            broken.append(link)

    assert broken == []


def test_every_document_can_be_reached_from_the_read_me() -> None:
    reached, waiting = set[Path](), [_ROOT / "README.md"]
    while waiting:
        doc = waiting.pop()
        reached.add(doc)
        near = {(doc.parent / link.partition("#")[0]).resolve() for link in links(doc)}
        waiting.extend((near & set(_DOCS)) - reached)

    assert [_name(doc) for doc in _DOCS if doc not in reached] == []


# ----------------------------------------------------------------------------------- YAML

_CONFIG: Mapping[str, Any] = {
    "version": 1,
    "upstreams": {"simulated": {"kind": "simulated"}},
    "models": {
        name: {"upstream": "simulated"}
        for name in ("sim-open-8b", "sim-open-70b", "sim-mid", "sim-frontier")
    },
}
_POLICY: Mapping[str, Any] = {"policy": "shown", "intent": "What a document shows a part of."}
_FREE = {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}


def _is_of_a_policy(fence: Fence, shown: Mapping[str, Any]) -> bool:
    return "policy" in shown or fence.doc.name == "policies.md"


def _completed(shown: Mapping[str, Any]) -> dict[str, Any]:
    """A whole configuration around the part of one that a document shows."""
    whole = {**_CONFIG, **shown}
    if "upstreams" in shown and "models" not in shown:
        first = next(iter(shown["upstreams"]))
        whole["models"] = {"some-model": {"upstream": first, "price": _FREE}}
    return whole


def _write(folder: Path, config: Mapping[str, Any], policy: Mapping[str, Any] | None) -> Path:
    """The files of a configuration, with a stand-in for each policy that it names."""
    named = config.get("policies", {})
    names = {named.get("default", "balanced"), *named.get("routes", {}).values()}
    if policy is not None:
        names |= {policy.get("extends", "balanced")}
    policies = {name: {**_POLICY, "policy": name} for name in names}
    if policy is not None:
        policies[policy["policy"]] = dict(policy)
    (folder / "policies").mkdir()
    for name, each in policies.items():
        (folder / "policies" / f"{name}.yaml").write_text(yaml.safe_dump(each), encoding="utf-8")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
    return path


@pytest.mark.parametrize("fence", _written_in("yaml"))
def test_yaml_in_the_documents_is_what_the_loader_takes(fence: Fence, tmp_path: Path) -> None:
    shown = parse_yaml(fence.text, _name(fence.doc)).data
    if isinstance(shown.get("models"), list):
        path = tmp_path / "models.yaml"
        path.write_text(fence.text, encoding="utf-8")
        assert read_models(path)
        return
    # One that states its name is a file to be copied, unless it leaves something out, marked by dots.
    is_whole = "policy" in shown and "# ..." not in fence.text
    part = shown if is_whole else {**_POLICY, **shown}
    policy = part if _is_of_a_policy(fence, shown) else None
    path = _write(tmp_path, _CONFIG if policy else _completed(shown), policy)
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", fence.text), "any-secret")
    settings = load_settings(path, secrets)

    assert settings.catalog
    results = check_examples(settings, judge_of(settings))
    assert [f"{each.name}{each.failure}" for each in results if each.failure] == []


def test_the_policy_in_the_read_me_is_the_shipped_one() -> None:
    shown = next(fence for fence in fences(_ROOT / "README.md") if fence.language == "yaml")

    assert shown.text in (_ROOT / "policies/balanced.yaml").read_text(encoding="utf-8")


def test_the_situations_of_the_policies_page_are_the_tested_files() -> None:
    shown = [f.text for f in fences(_ROOT / "docs/policies.md") if f.language == "yaml"][1:]
    files = [file.read_text("utf-8") for file in (_ROOT / "policies/examples").glob("*.yaml")]

    assert len(shown) == len(files) == 10
    assert all(any(text in file for file in files) for text in shown)


# --------------------------------------------------------------------------------- Python


@pytest.mark.parametrize("fence", _written_in("python"))
def test_python_in_the_documents_compiles(fence: Fence) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compile(_as_statements(fence.text), _name(fence.doc), "exec", flags)


def _as_statements(text: str) -> str:
    """`text`, put inside a mapping if it is a row of one."""
    is_row = re.fullmatch(r'(?:"\w+"|[\w.]+): [^\n]+,\n', text)
    return "{" + text + "}" if is_row else text


_PROXY = "http://127.0.0.1:8080"
_CLIENTS = [each for each in _written_in("python") if _PROXY in each.values[0].text]


_RUN_EACH = """
import contextlib, io, json, sys, traceback
for code in json.load(sys.stdin):
    said, complaint = io.StringIO(), ""
    with contextlib.redirect_stdout(said):
        try:
            exec(code, {"__name__": "__main__"})
        except BaseException:
            complaint = traceback.format_exc()
    print(json.dumps([said.getvalue(), complaint]))
"""
"""What `python -c` does with each of several programs; one process, for each would import its client anew."""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, str]]:
    """What each program that talks to the proxy has printed, and what it had to complain of."""
    folder = tmp_path_factory.mktemp("clients")
    example = (_ROOT / "config.example.yaml").read_text(encoding="utf-8")
    at_once = re.sub(r"(?m)^(\s+speed: )1\b", r"\g<1>0", example)
    (folder / "config.yaml").write_text(at_once, encoding="utf-8")
    (folder / "policies").symlink_to(_ROOT / "policies")
    settings = load_settings(folder / "config.yaml", {}).listening_on("127.0.0.1", 0)
    with InAThread(lambda: serving(settings, real_world())) as thread:
        codes = [each.values[0].text for each in _CLIENTS]
        done = subprocess.run(
            [sys.executable, "-c", _RUN_EACH],
            input=json.dumps([code.replace(_PROXY, thread.served.url) for code in codes]),
            capture_output=True,
            text=True,
            check=True,
        )
    return dict(zip(codes, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("fence", _CLIENTS)
def test_python_that_talks_to_the_proxy_gets_an_answer(
    fence: Fence, clients: Mapping[str, tuple[str, str]]
) -> None:
    said, complaint = clients[fence.text]

    assert complaint == ""
    assert said.strip()


# ------------------------------------------------------------------------------- commands


def _commands() -> dict[str, str]:
    """Every command line in the documents, and the first document that has it."""
    found: dict[str, str] = {}
    for fence in _FENCES:
        lines = {"sh": fence.text, "console": "\n".join(_typed(fence.text))}
        for line in lines.get(fence.language, "").splitlines():
            found.setdefault(line.removeprefix(".venv/bin/"), _name(fence.doc))
    for doc in _DOCS:
        for word in words(doc):
            found.setdefault(word.removeprefix(".venv/bin/"), _name(doc))
    return found


def _typed(console: str) -> Iterator[str]:
    return (line[2:] for line in console.splitlines() if line.startswith("$ "))


def _called(program: str) -> list[Any]:
    lines = {line: doc for line, doc in _commands().items() if line.startswith(f"{program} ")}
    return [pytest.param(line, id=f"{doc}: {line}") for line, doc in sorted(lines.items())]


@pytest.mark.parametrize("line", _called("farthing"))
def test_the_farthing_of_the_documents_takes_what_they_tell_it(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, command, *arguments = shlex.split(line, comments=True)
    if command == "--version":
        return
    assert command in COMMANDS
    actions = list(takewhile(lambda word: not word.startswith("-"), arguments))
    with pytest.raises(SystemExit):
        main([command, *actions, "--help"])
    known = capsys.readouterr().out
    options = [word for word in arguments if re.match(r"--?[a-z]", word)]

    assert [word for word in options if word not in known] == []


@pytest.mark.parametrize("line", _called("make"))
def test_the_make_of_the_documents_has_their_targets(line: str) -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in shlex.split(line, comments=True)[1:] if "=" not in word]

    assert [name for name in targets if not re.search(rf"(?m)^{name}:", makefile)] == []
