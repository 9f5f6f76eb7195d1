"""The policy language describing itself: a JSON Schema for editors, a page for people.

Both are generated from the classes that read the files, so that neither can be out of date.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from router.config.meanings import meanings_of
from router.config.policy.schema import PolicyFile, TermsSection
from router.config.words import Section
from router.decision.conditions import CONDITIONS
from router.decision.policy import Terms
from router.domain.category import Category
from router.domain.decision import Reason
from router.domain.model import Capability

Schema = Mapping[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFAULTS = Terms()
_FILLED_IN = {
    "reference": _DEFAULTS.reference,
    "adequate.within": str(_DEFAULTS.within),
    "adequate.confidence": str(_DEFAULTS.confidence),
    "objective": _DEFAULTS.objective.aim.value,
    "latency.quantile": str(_DEFAULTS.latency_quantile),
    "otherwise": _DEFAULTS.otherwise.value,
    "fall_back_to": str(_DEFAULTS.fall_back_to),
    "strategy": "single",
}
"""What holds if a policy says nothing, for keys without a default in the file itself."""


def policy_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy file, conditions included."""
    schema = _explained(PolicyFile.model_json_schema())
    conditions = {
        name: {"description": kind.meaning, **kind.schema} for name, kind in CONDITIONS.items()
    }
    schema["$defs"]["RuleSection"]["properties"]["when"] = {
        "description": "Conditions; all must hold, and `{}` always holds.",
        "type": "object",
        "properties": conditions,
        "additionalProperties": False,
    }
    return {"$schema": _DIALECT} | schema | {"title": "Farthing policy"}


def _explained(schema: dict[str, Any]) -> dict[str, Any]:
    """Pydantic's schema, modified in place: with what every key means."""
    kinds = {PolicyFile.__name__: schema} | schema["$defs"]
    for section in _sections(Section):
        keys = kinds.get(section.__name__, {}).get("properties", {})
        for name, meaning in meanings_of(section).items() if keys else ():
            keys[name] = dict(sorted({**keys[name], "description": meaning}.items()))
    return schema


def _sections(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for section in base.__subclasses__():
        yield section
        yield from _sections(section)


def policy_page() -> str:
    """The reference page of the language, in Markdown."""
    schema = policy_schema()
    rows, terms = [*_rows(schema, schema["$defs"])], TermsSection.model_fields
    is_term = {row[0]: row[0].split(".")[0] in terms for row in rows}
    conditions = (f"| `{name}` | {kind.meaning} |" for name, kind in CONDITIONS.items())
    return _PAGE.format(
        file=_table(row for row in rows if not is_term[row[0]]),
        terms=_table(row for row in rows if is_term[row[0]]),
        conditions="\n".join(conditions),
        categories=_listed(Category),
        needs=_listed(Capability),
        reasons=_listed(Reason),
    )


_PAGE = """\
# Policies: every word of the language

Made from the code by `farthing schema --markdown`. How to use all this is explained in
[Policies](policies.md). `farthing schema` prints the same as JSON Schema, which is published as
[policies/policy.schema.json](../policies/policy.schema.json): with
`# yaml-language-server: $schema=policy.schema.json` as the first line of a policy, editors complete
its keys and explain them. With `--output FILE` it writes either to a file.

## The file

{file}

## Terms

They go at the top of the file, and in a rule's `then:`.

{terms}

## Conditions

They go in a rule's `when:`. One value or a list: `category: maths`, `category: [maths, reasoning]`.

| condition | holds when |
|---|---|
{conditions}

Categories: {categories}.

Needs: {needs}.

Reasons why a model was chosen: {reasons}.
"""


def _listed(words: type[StrEnum]) -> str:
    return ", ".join(f"`{word.value}`" for word in words)


Row = tuple[str, str, str]
_RESTATED = "then"
"""Its keys are those of the policy itself."""


def _table(rows: Iterable[Row]) -> str:
    lines = (f"| `{name}` | {default} | {meaning} |" for name, default, meaning in rows)
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *lines])


def _rows(section: Schema, kinds: Schema, prefix: str = "") -> Iterator[Row]:
    """Every key of a section as a dotted path, with its default and its meaning."""
    for name, key in section["properties"].items():
        path, inner = prefix + name, list(_sections_in(key, kinds)) if name != _RESTATED else []
        if not inner or _is_also_a_word(key):
            default = _default(path, key, is_required=name in section.get("required", ()))
            yield path, default, " ".join(key["description"].split())
        for step, within in inner:
            yield from _rows(within, kinds, f"{path}{step}.")


def _sections_in(key: Schema, kinds: Schema) -> Iterator[tuple[str, Schema]]:
    """The sections that may be the value of a key, each with what it adds to the path.

    A list of sections is not described again if a single one is allowed as well.
    """
    alone = [one for one in key.get("anyOf", ()) if "$ref" in one]
    for one in key.get("anyOf", [key]):
        if one.get("type") == "array" and not alone:
            yield from ((f"[]{step}", each) for step, each in _sections_in(one["items"], kinds))
        elif "$ref" in one and "properties" in (found := kinds[one["$ref"].split("/")[-1]]):
            yield "", found


def _is_also_a_word(key: Schema) -> bool:
    return any("enum" in one for one in key.get("anyOf", ()))


def _default(path: str, key: Schema, *, is_required: bool) -> str:
    if is_required:
        return "required"
    value: Any = _FILLED_IN.get(path, key.get("default"))
    match value:
        case None:
            return "none"
        case str(word):
            return f"`{word}`" if word else '`""`'
        case bool(flag):
            return f"`{flag}`".lower()
        case _:
            return f"`{value}`"
