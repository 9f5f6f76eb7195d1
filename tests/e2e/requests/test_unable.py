"""What a model cannot do it is never asked for, by whatever door: another one answers, and nobody says 400."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.e2e.configs import as_yaml, models, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import send

Json = dict[str, Any]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
QUESTION = "What is the capital of Japan?"
LONG = "The train is late again. " * 1500
PDF = "JVBERi0xLjQ="

CHAT: Mapping[str, Json] = {
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]},
    "vision": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": QUESTION},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/png;base64,{PIXEL}"},
                    },
                ],
            }
        ]
    },
    "json_schema": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "strict": True, "schema": SCHEMA},
        }
    },
    "json_object": {"response_format": {"type": "json_object"}},
    "logprobs": {"logprobs": True},
    "n": {"n": 2},
    "context": {"messages": [{"role": "user", "content": LONG + QUESTION}]},
    "output_limit": {"max_completion_tokens": 2000},
}
RESPONSES: Mapping[str, Json] = {
    "tools": {"tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}]},
    "vision": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": QUESTION},
                    {
                        "type": "input_image",
                        "image_url": f"data:image/png;base64,{PIXEL}",
                        "detail": "auto",
                    },
                ],
            }
        ]
    },
    "json_schema": {
        "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA, "strict": True}}
    },
    "context": {"input": LONG + QUESTION},
    "output_limit": {"max_output_tokens": 2000},
}
MESSAGES: Mapping[str, Json] = {
    "tools": {"tools": [{"name": "f", "input_schema": SCHEMA}]},
    "vision": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": QUESTION},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                    },
                ],
            }
        ]
    },
    "json_schema": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "context": {"messages": [{"role": "user", "content": LONG + QUESTION}]},
    "output_limit": {"max_tokens": 2000},
}
COMPLETIONS: Mapping[str, Json] = {
    "context": {"prompt": LONG + QUESTION},
    "output_limit": {"max_tokens": 2000},
}
ASKED: Mapping[str, tuple[Json, Mapping[str, Json]]] = {
    "/chat/completions": ({"messages": [{"role": "user", "content": QUESTION}]}, CHAT),
    "/responses": ({"input": QUESTION}, RESPONSES),
    "/messages": (
        {"max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]},
        MESSAGES,
    ),
    "/completions": ({"prompt": QUESTION}, COMPLETIONS),
}
CASES = [(path, need) for path, (_, needs) in ASKED.items() for need in needs]
NO = Canned(
    (b'{"error": {"message": "I cannot do that", "type": "invalid_request_error"}}',), status=400
)


@pytest.fixture(scope="module")
def unable() -> Iterator[FixedUpstream]:
    with FixedUpstream(NO) as fixed:
        yield fixed


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator, unable: FixedUpstream
) -> Iterator[Farthing]:
    """A model that costs nothing and can do nothing but answer a short question, and one that can do all."""
    folder = tmp_path_factory.mktemp("unable")
    policies = folder / "policies"
    policies.mkdir()
    policy = {
        "policy": "free",
        "version": 1,
        "intent": "Whoever is cheapest",
        "reference": "best",
        "adequate": {"floor": 0.0},
        "fall_back_to": "any",
    }
    (policies / "free.yaml").write_text(as_yaml(policy), "utf-8")
    weak = {
        **models("unable")["sim-open-8b"],
        "price": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0},
        "context_tokens": 4000,
        "max_output_tokens": 1000,
        "capabilities": [],
    }
    config = write_config(
        folder,
        shared_simulator.base_url,
        upstreams={"unable": {"kind": "openai", "base_url": unable.base_url}},
        models={"weak": weak},
        policies={"directory": "policies", "default": "free"},
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("path", "need"), CASES)
def test_who_cannot_do_it_is_not_asked(
    farthing: Farthing, unable: FixedUpstream, path: str, need: str, stream: bool
) -> None:
    unable.arrived.clear()
    usual, needs = ASKED[path]
    body = {"model": "auto", **usual, **needs[need], "stream": stream}
    got = send(farthing.base_url + path, json.dumps(body).encode())
    assert got.status == 200, got
    assert got.headers["x-farthing-model"] != "weak"
    assert unable.arrived == []


@pytest.mark.parametrize("path", ASKED)
def test_who_can_is_asked_first(farthing: Farthing, unable: FixedUpstream, path: str) -> None:
    unable.arrived.clear()
    body = {"model": "auto", **ASKED[path][0]}
    send(farthing.base_url + path, json.dumps(body).encode())
    assert len(unable.arrived) == 1


@pytest.mark.parametrize(("path", "need"), CASES)
def test_why_it_is_not_asked_is_told(farthing: Farthing, path: str, need: str) -> None:
    usual, needs = ASKED[path]
    body = {"model": "auto", **usual, **needs[need], "farthing": {"dry_run": True}}
    told = send(farthing.base_url + path, json.dumps(body).encode()).json
    weak = next(each for each in told["candidates"] if each["model"] == "weak")
    reason, detail = weak["exclusion"]["reason"], weak["exclusion"]["detail"]
    if need in ("context", "output_limit"):
        assert reason == need
    else:
        assert (reason, need in detail) == ("capability", True)
