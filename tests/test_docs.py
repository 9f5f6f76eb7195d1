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
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from router.app import real_world, serving
from router.cli import COMMANDS, main
from router.cli.check.command import check_examples, judge_of
from router.cli.schema import policy_schema_text
from router.config.load import load_settings
from router.config.policy_schema import PolicyFile
from router.config.reference import policy_page
from router.config.schema import ConfigFile
from router.config.yaml_file import parse_yaml
from router.decision.conditions import CONDITIONS
from router.decision.policy import FallBackTo, Otherwise
from router.domain.category import Category
from router.domain.decision import Reason
from router.domain.ledger import CostSource, Outcome
from router.domain.model import Capability
from router.domain.usage import UsageSource
from router.ledger.report import GROUPINGS
from router.providers.simulated.models_file import read_models
from router.stores.sql.schema import ATTEMPTS
from tests.documents import Fence, documents, fences, has_anchor, links, table_rows, words
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


# ------------------------------------------------------------------------------ references


_RESTATED = (
    "then",
    "bands",
    "price_changes",
    "upstreams[].price",
    "upstreams[].limits",
    "passthrough.prices",
)
"""Their keys are those of what stands around them, and are told there."""


def _keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a file as a dotted path, with its default as the documents write it."""
    for name, field in model.model_fields.items():
        path = prefix + name
        nested = () if path.endswith(_RESTATED) else tuple(_models_in(field.annotation, path))
        for step, inner in nested:
            yield from _keys_of(inner, f"{step}.")
        if not nested:
            yield path, _default(field)


def _models_in(annotation: Any, path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models inside an annotation, with the path to each: `keys[]`, `models.NAME`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation
        return
    inner = get_args(annotation)
    match get_origin(annotation):
        case origin if origin in (Union, UnionType):  # which of the two differs between Pythons
            yield from (each for member in inner for each in _models_in(member, path))
        case origin if origin is Annotated:
            yield from _models_in(inner[0], path)
        case origin if origin is dict:
            yield from _models_in(inner[1], f"{path}.NAME")
        case origin if origin in (list, tuple):
            yield from _models_in(inner[0], f"{path}[]")


def _default(field: FieldInfo) -> str:
    match field.default:
        case value if value is PydanticUndefined:
            return "required"
        case None:
            return "none"
        case str(text):
            return f"{text}"
        case tuple() | list():
            return "[]"
        case value:
            return json.dumps(value)


def _told(doc: str) -> dict[str, str]:
    return {key: default for key, default, *_ in table_rows(_ROOT / "docs" / doc, "key")}


def test_the_configuration_page_has_every_key_with_its_default() -> None:
    assert _told("configuration.md") == dict(_keys_of(ConfigFile))


def test_the_reference_page_and_the_schema_are_those_of_the_code() -> None:
    page = (_ROOT / "docs/policy-reference.md").read_text(encoding="utf-8")
    schema = (_ROOT / "policies/policy.schema.json").read_text(encoding="utf-8")

    assert page == policy_page(), "farthing schema --markdown > docs/policy-reference.md"
    assert schema == policy_schema_text(), "farthing schema > policies/policy.schema.json"


def test_the_reference_page_has_every_key_with_its_default() -> None:
    told = {
        # Of a list of one the brackets may be left out, and are in the page.
        key.replace(".accept.", ".accept[]."): default
        for key, default in _told("policy-reference.md").items()
    }
    expected = dict(_keys_of(PolicyFile))
    words = {"objective", "cascade.steps[].accept"}

    assert told.keys() - words == expected.keys()
    differing = {k for k, v in expected.items() if told[k] not in (v, v or '""')}
    assert differing == {
        "reference",
        "adequate.within",
        "adequate.confidence",
        "latency.quantile",
        "strategy",
        "otherwise",
        "fall_back_to",
    }


def _error_codes() -> set[str]:
    """The codes of errors that clients are told; the constructors of ApiError name none."""
    files = {*_sources()} - {_ROOT / "router/domain/errors.py"}
    return {code for file in files for code in re.findall(r'code="(\w+)"', file.read_text("utf-8"))}


def _own_headers() -> set[str]:
    texts = (file.read_text(encoding="utf-8") for file in _sources())
    return {name for text in texts for name in re.findall(r'"(x-farthing-[a-z-]+)"', text)}


def _sources() -> list[Path]:
    files = (_ROOT / "router").rglob("*.py")
    return [file for file in files if "simulated" not in file.parts]


@pytest.mark.parametrize(
    ("doc", "named"),
    [
        pytest.param("policy-reference.md", {*CONDITIONS}, id="conditions"),
        pytest.param("policy-reference.md", {*Category}, id="categories"),
        pytest.param("policy-reference.md", {*Capability}, id="needs"),
        pytest.param("policy-reference.md", {*Reason, *Otherwise, *FallBackTo}, id="choices"),
        pytest.param("configuration.md", {*Capability}, id="capabilities"),
        pytest.param("reports.md", {*GROUPINGS}, id="groupings"),
        pytest.param("reports.md", {*Outcome, *CostSource, *UsageSource}, id="provenance"),
        pytest.param("reports.md", {*ATTEMPTS.columns.keys()}, id="columns"),
        pytest.param("glossary.md", {*Outcome}, id="outcomes"),
        pytest.param("headers.md", _own_headers(), id="headers"),
        pytest.param("headers.md", _error_codes(), id="codes"),
    ],
)
def test_a_reference_page_leaves_nothing_out(doc: str, named: set[str]) -> None:
    assert named
    assert {str(name) for name in named} - words(_ROOT / "docs" / doc) == set()


# ------------------------------------------------------------------------- what none may say

_NOT_TO_BE_SAID = {
    "a path of somebody's machine": re.compile(r"(?<![\w.~/})-])/(?:work|root|home)/\w"),
    # Put together here, so that this file does not say them either.
    "the host of a package registry": re.compile(
        "|".join(
            re.escape(".".join(parts))
            for parts in (
                ("pypi", "org"),
                ("pythonhosted", "org"),
                ("npmjs", "com"),
                ("npmjs", "org"),
            )
        )
    ),
    "how the work on it is organised": re.compile(
        r"\bissues?\b|\bsub-?agents?\b|\bAI agents?\b", re.IGNORECASE
    ),
}
_SAYS_SO_ITSELF = {"LICENSE"}


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a checkout")
    return [name for name in listed.stdout.splitlines() if (_ROOT / name).is_file()]


@pytest.mark.parametrize("what", _NOT_TO_BE_SAID)
def test_no_file_tells(what: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in _tracked()
        if name not in _SAYS_SO_ITSELF
        for number, line in enumerate(_lines(_ROOT / name), 1)
        if _NOT_TO_BE_SAID[what].search(line)
    ]

    assert found == []


def _lines(file: Path) -> list[str]:
    """The lines of a text file; of any other, none."""
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
