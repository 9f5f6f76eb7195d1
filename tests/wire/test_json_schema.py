"""JSON is held against a client's schema, in a time that no schema can stretch."""

import json
import time
from itertools import pairwise
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.json_schema import Unchecked, keeps, unfolded_parts

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_TYPES = st.sampled_from("null boolean integer number string array object".split())
_ITSELF = {"$ref": "#"}


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    deeper = inner | st.just(_ITSELF)  # with every look at itself the value gets smaller
    keywords = {
        "properties": st.dictionaries(st.sampled_from(["a", "b"]), deeper, max_size=2),
        "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
        "items": deeper,
        "additionalProperties": deeper,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
    }
    return st.fixed_dictionaries({}, optional=keywords)


_LEAVES = st.builds(lambda kind: {"type": kind}, _TYPES) | st.builds(
    lambda value: {"const": value}, _VALUES
)
_SCHEMAS = st.recursive(_LEAVES | st.booleans(), _larger, max_leaves=5)


@given(schema=_SCHEMAS, value=_VALUES)
def test_it_judges_as_the_reference_implementation_does(schema: Any, value: Any) -> None:
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert keeps(json.dumps(value), schema) == expected


def test_what_is_no_json_is_said_to_be_none() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        keeps("{'a': 1}", {})


@pytest.mark.parametrize(
    "schema",
    [
        None,
        3,
        {"type": "nonsense"},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "#anchor"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$dynamicRef": "#node"},
        {"pattern": "(?=a)b"},
        {"pattern": "(((a{1000}){1000}){1000}"},
    ],
)
def test_what_cannot_be_checked_is_left_unchecked(schema: object) -> None:
    with pytest.raises(Unchecked):
        keeps('"text"', schema)


def chain(length: int) -> dict[str, Any]:
    twice = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(length)}
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{length}": {"type": "integer"}}}


def test_a_schema_counts_with_all_that_it_refers_to() -> None:
    assert unfolded_parts({"type": "integer"}) == 2
    sizes = [unfolded_parts(chain(length)) for length in (1, 2, 3, 4)]
    grown = [after - before for before, after in pairwise(sizes)]
    assert [after / before for before, after in pairwise(grown)] == [2.0, 2.0]


@pytest.mark.parametrize("combiner", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("length", [60, 600])
def test_a_schema_that_unfolds_without_end_is_left_unchecked(combiner: str, length: int) -> None:
    schema = json.loads(json.dumps(chain(length)).replace("allOf", combiner))
    with pytest.raises(Unchecked):
        keeps("1", schema)


_LOOKS_TWICE = [
    [{"properties": {"x": _ITSELF}, "required": ["y"]}, {"properties": {"x": _ITSELF}}],
    [{"additionalProperties": _ITSELF}, {"patternProperties": {"x": _ITSELF}}],
    [{"not": {"properties": {"x": _ITSELF}}}, {"if": {"properties": {"x": _ITSELF}}}],
]


@pytest.mark.parametrize("combiner", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("parts", _LOOKS_TWICE, ids=["members", "others", "contrary"])
def test_a_schema_that_leads_back_to_itself_is_no_trap(combiner: str, parts: object) -> None:
    """Each level would double the work if nothing were remembered: 2 ** 200 looks."""
    began = time.process_time()
    keeps('{"x": ' * 200 + "{}" + "}" * 200, {combiner: parts})
    assert time.process_time() - began < 1
