"""The reference pages leave nothing out: every key with its default, every word, header and code."""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from router.cli import COMMANDS
from router.cli.schema import policy_schema_text
from router.config.policy.reference import policy_page
from router.config.policy.schema import PolicyFile
from router.config.schema import ConfigFile
from router.decision.conditions import CONDITIONS
from router.decision.policy import FallBackTo, Otherwise
from router.domain.category import Category
from router.domain.decision import Reason
from router.domain.ledger import CostSource, Outcome
from router.domain.model import Capability
from router.domain.usage import UsageSource
from router.ledger.report import GROUPINGS
from router.stores.sql.schema import ATTEMPTS
from tests.documents import table_rows, words

_ROOT = Path(__file__).parent.parent


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


def _fault_codes() -> set[str]:
    """The codes of what goes wrong with an attempt: clients are told the last one's."""
    texts = (file.read_text(encoding="utf-8") for file in _sources())
    calls = (node for text in texts for node in ast.walk(ast.parse(text)) if _is_fault(node))
    said = (each.value for call in calls for each in call.args if isinstance(each, ast.Constant))
    return {word for word in said if isinstance(word, str) and re.fullmatch(r"\w+", word)}


def _is_fault(node: ast.AST) -> TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call):
        return False
    return getattr(node.func, "attr", getattr(node.func, "id", "")) in ("Fault", "transient")


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
        pytest.param("headers.md", _fault_codes(), id="faults"),
    ],
)
def test_a_reference_page_leaves_nothing_out(doc: str, named: set[str]) -> None:
    assert named
    assert {str(name) for name in named} - words(_ROOT / "docs" / doc) == set()


def test_the_page_of_errors_tells_no_code_that_is_never_sent() -> None:
    rows = table_rows(_ROOT / "docs/headers.md", "status")
    told = {code for _, codes, *_ in rows for code in codes.replace("`", "").split(", ")}
    text = "".join(file.read_text(encoding="utf-8") for file in _sources())
    ends = tuple(re.findall(r'"\{\w+\}(_\w+)"', text))  # of those that are put together

    assert told
    assert [code for code in told if f'"{code}"' not in text and not code.endswith(ends)] == []


_OPTIONS_ARE_ON = {
    "serve": "configuration.md",
    "check": "policies.md",
    "report": "reports.md",
    "reconcile": "reconcile.md",
    "ledger": "export.md",
    "outcomes": "feedback.md",
    "explain": "decisions.md",
    "fit": "artefacts.md",
    "predict": "artefacts.md",
    "replay": "evaluate.md",
    "schema": "policy-reference.md",
} | {name: f"{name}.md" for name in ("keys", "cache", "try", "evaluate", "calibrate", "simulate")}


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The long options of a command and its actions, except those that every page has."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells it nowhere else
        for each in action.choices.values() if isinstance(action.choices, dict) else ():
            yield from _options(each)
        long = (name for name in action.option_strings if name.startswith("--"))
        yield from (name for name in long if name not in ("--help", "--config"))


def test_each_command_has_a_page() -> None:
    assert _OPTIONS_ARE_ON.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_is_on_the_page_of_its_command(command: str) -> None:
    parser = argparse.ArgumentParser()
    import_module(COMMANDS[command].module).add_arguments(parser)
    page = (_ROOT / "docs" / _OPTIONS_ARE_ON[command]).read_text(encoding="utf-8")

    options = set(_options(parser))
    assert options
    assert [name for name in options if not re.search(rf"{name}(?![\w-])", page)] == []
