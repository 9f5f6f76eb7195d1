"""What a request needs of a model, wherever in it that shows."""

from typing import Any

import pytest

from router.domain.model import Capability
from router.features.needs import needs_of

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "earlier",
    [
        [{"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "content": "1"}],
        [{"role": "tool", "tool_call_id": "c", "content": "1"}],
        [{"role": "function", "name": "f", "content": "1"}],
        [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}}],
    ],
)
def test_who_has_called_tools_goes_on_with_a_model_that_knows_them(
    earlier: list[dict[str, Any]],
) -> None:
    body = {"messages": [*earlier, {"role": "user", "content": "Summarise what we did."}]}

    assert needs_of(body) == {Capability.TOOLS}


def test_empty_lists_of_tools_and_calls_are_no_need() -> None:
    messages = [{"role": "assistant", "content": "Hi", "tool_calls": []}]

    assert needs_of({"messages": messages, "tools": []}) == set()


@pytest.mark.parametrize(
    ("kind", "need"),
    [
        ("image_url", Capability.VISION),
        ("video_url", Capability.VISION),
        ("input_video", Capability.VISION),
        ("audio_url", Capability.AUDIO),
        ("input_audio", Capability.AUDIO),
    ],
)
def test_what_is_to_be_seen_needs_eyes_and_what_is_to_be_heard_ears(
    kind: str, need: Capability
) -> None:
    part = {"type": kind, kind: {"url": "https://example.com/a"}}

    assert needs_of({"messages": [{"role": "user", "content": [part]}]}) == {need}
