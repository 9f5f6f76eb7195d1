"""OpenAI's published API description, as schemas that a validator of today understands."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

_DEFAULT = Path(__file__).parents[2] / ".." / "shared" / "spec" / "openai-openapi.json"


def is_here() -> bool:
    """Whether there is a description; a server of a test cannot skip it."""
    return _path().exists()


def _path() -> Path:
    return Path(os.environ.get("FARTHING_OPENAPI", _DEFAULT))


@cache
def validator(name: str) -> Draft202012Validator:
    """Checks values against the schema with that name; skips the test if there is no description."""
    path = _path()
    if not path.exists():
        pytest.skip(f"no OpenAPI description at {path}: name it in FARTHING_OPENAPI")
    components = _modern(json.loads(path.read_text("utf-8"))["components"])
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def _modern(part: Any) -> Any:
    """The same with `nullable`, a word of OpenAPI 3.0, said as a union of types."""
    if isinstance(part, list):
        return [_modern(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: _modern(value) for name, value in part.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if part.get("nullable") is True else made
