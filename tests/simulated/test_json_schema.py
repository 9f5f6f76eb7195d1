"""Values that satisfy schemas: any schema for structured answers, and what the words suggest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.hints import Hints
from router.providers.simulated.answering.json_schema import Unsatisfiable, fill

HINTS = Hints.of("Ada Lovelace, 36, lives in London since 1815-12-10: ada@example.org", "42")


def filled(schema: dict[str, Any], seed: int = 0) -> Any:
    value = fill(schema, HINTS, Chance.of(seed))
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(value)]
    assert errors == []
    return value


def _numbers() -> st.SearchStrategy[dict[str, Any]]:
    bounds = st.tuples(st.integers(-50, 50), st.integers(2, 40)).flatmap(
        lambda pair: st.fixed_dictionaries(
            {},
            optional={
                "minimum": st.just(pair[0]),
                "maximum": st.just(pair[0] + pair[1]),
                "exclusiveMinimum": st.just(pair[0] - 1),
                "exclusiveMaximum": st.just(pair[0] + pair[1] + 1),
            },
        )
    )
    kinds = st.sampled_from(["integer", "number"])
    return st.builds(lambda kind, limits: {"type": kind, **limits}, kinds, bounds)


_LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    _numbers(),
    st.builds(
        lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
        st.integers(0, 60),
        st.integers(0, 60),
    ),
    st.sampled_from(["date", "date-time", "email", "uuid", "ipv4"]).map(
        lambda kind: {"type": "string", "format": kind}
    ),
    st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), min_size=1).map(
        lambda options: {"enum": options}
    ),
    st.one_of(st.none(), st.integers(), st.text()).map(lambda value: {"const": value}),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {}]),
    st.builds(lambda step: {"type": "integer", "multipleOf": step}, st.integers(1, 12)),
)


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(st.text(max_size=6), inner, max_size=4)
    objects = properties.flatmap(
        lambda named: st.builds(
            lambda required, others: {
                "type": "object",
                "properties": named,
                "required": required,
                **others,
            },
            st.lists(st.sampled_from(sorted(named)), unique=True) if named else st.just([]),
            st.sampled_from([{}, {"additionalProperties": False}]),
        )
    )
    arrays = st.builds(
        lambda items, least, more: {
            "type": "array",
            "items": items,
            "minItems": least,
            "maxItems": least + more,
        },
        inner,
        st.integers(0, 3),
        st.integers(0, 3),
    )
    mappings = st.builds(lambda values: {"type": "object", "additionalProperties": values}, inner)
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    tuples = st.lists(inner, min_size=1, max_size=3).map(
        lambda items: {"type": "array", "prefixItems": items, "items": False}
    )
    return st.one_of(objects, arrays, mappings, unions, tuples)


@given(st.recursive(_LEAVES, _nested, max_leaves=12), st.integers(0, 5))
def test_the_value_satisfies_the_schema(schema: dict[str, Any], seed: int) -> None:
    filled(schema, seed)


TREE: dict[str, Any] = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "next", "children"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize("seed", range(20))
def test_a_tree_comes_to_an_end(seed: int) -> None:
    assert filled(TREE, seed)["name"]


def test_fields_take_the_words_that_fit() -> None:
    names = {
        "person": {"type": "string"},
        "age": {"type": "integer"},
        "email": {"type": "string", "format": "email"},
        "born": {"type": "string", "format": "date"},
        "city": {"enum": ["Paris", "London"]},
        "final_answer": {"type": "integer"},
    }
    value = filled({"type": "object", "properties": names, "required": list(names)})
    assert value == {
        "person": "Ada Lovelace",
        "age": 36,
        "email": "ada@example.org",
        "born": "1815-12-10",
        "city": "London",
        "final_answer": 42,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
        {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 7, "multipleOf": 7}]},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {
            "oneOf": [
                {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]}
            ]
        },
        {"properties": {"implied": {"items": {}, "minItems": 1}}, "required": ["implied", "other"]},
    ],
)
def test_rarer_schemas_are_satisfied_too(schema: dict[str, Any]) -> None:
    filled(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": []},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "bogus"},
        {"$ref": "#/$defs/none"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]},
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
        {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
        {"type": "string", "minLength": "many"},
        {"properties": {"a": 5}, "required": ["a"]},
        {"type": "object", "additionalProperties": False, "minProperties": 1},
    ],
)
def test_what_cannot_be_satisfied_is_said_to_be_so(schema: dict[str, Any]) -> None:
    with pytest.raises(Unsatisfiable):
        fill(schema, HINTS, Chance.of(0))
