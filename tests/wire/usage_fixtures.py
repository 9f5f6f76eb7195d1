"""Usage as upstreams report it, written by hand as documented, and what it means.

`plain` is the usage object of a whole answer, `events` what a stream of the same answer carries.
`model` is a key of litellm's price map; `charges` are the counts that the vendor's price list names,
with the rate of each in USD per million (or per thousand, for searches), as the list states them:
the benchmark adds them up by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.domain.money import Money
from router.domain.usage import Usage

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Fixture:
    """One answer's usage in one dialect."""

    name: str
    dialect: str
    provider: str
    model: str
    plain: Mapping[str, Any]
    events: Sequence[Event]
    usage: Usage
    charges: Sequence[tuple[int, str]]
    tier: str = "standard"
    searches: tuple[int, str] = (0, "0")


def _chat(usage: Mapping[str, Any]) -> list[Event]:
    """A chat stream: chunks without usage, then one with it."""
    delta: Event = {"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": None}
    return [delta, delta, {"choices": [], "usage": usage}]


def _responses(usage: Mapping[str, Any]) -> list[Event]:
    return [
        {"type": "response.created", "response": {"usage": None}},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": {"usage": usage}},
    ]


def _messages(usage: Mapping[str, Any]) -> list[Event]:
    """Anthropic tells the prompt at once, with a first count of the output, and the output later."""
    start = {**usage, "output_tokens": 1}
    delta = {"output_tokens": usage["output_tokens"]}
    if "server_tool_use" in usage:
        delta["server_tool_use"] = usage["server_tool_use"]
        start.pop("server_tool_use")
    return [
        {"type": "message_start", "message": {"usage": start}},
        {"type": "content_block_delta", "delta": {"text": "x"}},
        {"type": "message_delta", "usage": {"output_tokens": max(1, usage["output_tokens"] // 2)}},
        {"type": "message_delta", "usage": delta},
    ]


def _contents(usage: Mapping[str, Any]) -> list[Event]:
    """Gemini tells the counts so far with every event."""
    first = {**usage, "candidatesTokenCount": 1}
    first.pop("thoughtsTokenCount", None)
    return [{"usageMetadata": first}, {"usageMetadata": usage}]


_OPENAI_CACHED = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 192,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_OPENAI_AUDIO = {
    "prompt_tokens": 500,
    "completion_tokens": 260,
    "total_tokens": 760,
    "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": 100, "audio_tokens": 400},
    "completion_tokens_details": {"text_tokens": 60, "audio_tokens": 200, "reasoning_tokens": 0},
}
_RESPONSES = {
    "input_tokens": 5000,
    "input_tokens_details": {"cached_tokens": 4096},
    "output_tokens": 900,
    "output_tokens_details": {"reasoning_tokens": 640},
    "total_tokens": 5900,
}
_CLAUDE = {
    "input_tokens": 21,
    "cache_creation_input_tokens": 3000,
    "cache_read_input_tokens": 12000,
    "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
    "output_tokens": 393,
    "service_tier": "standard",
}
_CLAUDE_SEARCH = {
    "input_tokens": 105,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 7123,
    "output_tokens": 2239,
    "server_tool_use": {"web_search_requests": 3},
}
_GEMINI = {
    "promptTokenCount": 9000,
    "cachedContentTokenCount": 6000,
    "candidatesTokenCount": 500,
    "thoughtsTokenCount": 1200,
    "toolUsePromptTokenCount": 100,
    "totalTokenCount": 10800,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 7000},
        {"modality": "AUDIO", "tokenCount": 2000},
    ],
    "cacheTokensDetails": [
        {"modality": "TEXT", "tokenCount": 5500},
        {"modality": "AUDIO", "tokenCount": 500},
    ],
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 500}],
}
_GEMINI_LONG = {
    "promptTokenCount": 250_000,
    "candidatesTokenCount": 1000,
    "thoughtsTokenCount": 0,
    "totalTokenCount": 251_000,
}
_DEEPSEEK = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "total_tokens": 1200,
    "prompt_cache_hit_tokens": 640,
    "prompt_cache_miss_tokens": 360,
}
_BEDROCK = {
    "inputTokens": 40,
    "outputTokens": 200,
    "totalTokens": 3240,
    "cacheReadInputTokens": 2000,
    "cacheWriteInputTokens": 1000,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 400}, {"ttl": "1h", "inputTokens": 600}],
}
_XAI = {
    "prompt_tokens": 32,
    "completion_tokens": 9,
    "total_tokens": 135,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 94},
}
_MISTRAL = {"prompt_tokens": 700, "completion_tokens": 90, "total_tokens": 790}
_TOGETHER = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
_FIREWORKS = {
    "prompt_tokens": 4000,
    "completion_tokens": 100,
    "total_tokens": 4100,
    "prompt_tokens_details": {"cached_tokens": 3500},
}
_VLLM = {
    "prompt_tokens": 64,
    "completion_tokens": 32,
    "total_tokens": 96,
    "prompt_tokens_details": None,
}

FIXTURES = (
    Fixture(
        name="OpenAI chat, cached and reasoned",
        dialect="openai-chat",
        provider="openai",
        model="gpt-5.4-mini",
        plain=_OPENAI_CACHED,
        events=_chat(_OPENAI_CACHED),
        usage=Usage(86, 1920, 0, 108, 192),
        charges=[(86, "0.75"), (1920, "0.075"), (300, "4.5")],
    ),
    Fixture(
        name="OpenAI chat, priority tier",
        dialect="openai-chat",
        provider="openai",
        model="gpt-5.4-mini",
        plain=_OPENAI_CACHED,
        events=_chat(_OPENAI_CACHED),
        usage=Usage(86, 1920, 0, 108, 192),
        charges=[(86, "1.5"), (1920, "0.15"), (300, "9")],
        tier="priority",
    ),
    Fixture(
        name="OpenAI chat, flex tier",
        dialect="openai-chat",
        provider="openai",
        model="gpt-5.4-mini",
        plain=_OPENAI_CACHED,
        events=_chat(_OPENAI_CACHED),
        usage=Usage(86, 1920, 0, 108, 192),
        charges=[(86, "0.375"), (1920, "0.0375"), (300, "2.25")],
        tier="flex",
    ),
    Fixture(
        name="OpenAI chat, audio in and out",
        dialect="openai-chat",
        provider="openai",
        model="gpt-audio",
        plain=_OPENAI_AUDIO,
        events=_chat(_OPENAI_AUDIO),
        usage=Usage(100, output_tokens=60, audio_input_tokens=400, audio_output_tokens=200),
        charges=[(100, "2.5"), (400, "32"), (60, "10"), (200, "64")],
    ),
    Fixture(
        name="OpenAI responses",
        dialect="openai-responses",
        provider="openai",
        model="gpt-5.4-mini",
        plain=_RESPONSES,
        events=_responses(_RESPONSES),
        usage=Usage(904, 4096, 0, 260, 640),
        charges=[(904, "0.75"), (4096, "0.075"), (900, "4.5")],
    ),
    Fixture(
        name="Anthropic, both lifetimes",
        dialect="anthropic",
        provider="anthropic",
        model="claude-sonnet-4-5",
        plain=_CLAUDE,
        events=_messages(_CLAUDE),
        usage=Usage(21, 12000, 1000, 393, cache_write_1h_tokens=2000),
        charges=[(21, "3"), (12000, "0.3"), (1000, "3.75"), (2000, "6"), (393, "15")],
    ),
    Fixture(
        name="Anthropic, batch tier",
        dialect="anthropic",
        provider="anthropic",
        model="claude-sonnet-4-5",
        plain={**_CLAUDE, "service_tier": "batch"},
        events=_messages(_CLAUDE),
        usage=Usage(21, 12000, 1000, 393, cache_write_1h_tokens=2000),
        charges=[(21, "1.5"), (12000, "0.15"), (1000, "1.875"), (2000, "3"), (393, "7.5")],
        tier="batch",
    ),
    Fixture(
        name="Anthropic, web searches",
        dialect="anthropic",
        provider="anthropic",
        model="claude-sonnet-4-5",
        plain=_CLAUDE_SEARCH,
        events=_messages(_CLAUDE_SEARCH),
        usage=Usage(105, 7123, 0, 2239, web_searches=3),
        charges=[(105, "3"), (7123, "0.3"), (2239, "15")],
        searches=(3, "10"),
    ),
    Fixture(
        name="Gemini, audio, cached, thoughts",
        dialect="gemini",
        provider="gemini",
        model="gemini/gemini-2.5-flash",
        plain=_GEMINI,
        events=_contents(_GEMINI),
        usage=Usage(
            1600,
            5500,
            0,
            500,
            1200,
            audio_input_tokens=1500,
            audio_cache_read_tokens=500,
        ),
        charges=[(1600, "0.3"), (5500, "0.03"), (1500, "1"), (500, "0.1"), (1700, "2.5")],
    ),
    Fixture(
        name="Gemini, a long prompt",
        dialect="gemini",
        provider="gemini",
        model="gemini/gemini-2.5-pro",
        plain=_GEMINI_LONG,
        events=_contents(_GEMINI_LONG),
        usage=Usage(250_000, output_tokens=1000),
        charges=[(250_000, "2.5"), (1000, "15")],
    ),
    Fixture(
        name="DeepSeek, hit and miss",
        dialect="openai-chat",
        provider="deepseek",
        model="deepseek/deepseek-chat",
        plain=_DEEPSEEK,
        events=_chat(_DEEPSEEK),
        usage=Usage(360, 640, 0, 200),
        charges=[(360, "0.28"), (640, "0.028"), (200, "0.42")],
    ),
    Fixture(
        name="Bedrock Converse, both lifetimes",
        dialect="bedrock",
        provider="bedrock",
        model="anthropic.claude-sonnet-4-5-20250929-v1:0",
        plain=_BEDROCK,
        events=[{"contentBlockDelta": {}}, {"metadata": {"usage": _BEDROCK}}],
        usage=Usage(40, 2000, 400, 200, cache_write_1h_tokens=600),
        charges=[(40, "3"), (2000, "0.3"), (400, "3.75"), (600, "6"), (200, "15")],
    ),
    Fixture(
        name="xAI, reasoning beside the completion",
        dialect="openai-chat",
        provider="xai",
        model="xai/grok-4.6",
        plain=_XAI,
        events=_chat(_XAI),
        usage=Usage(24, 8, 0, 9, 94),
        charges=[(24, "2"), (8, "0.5"), (103, "6")],
    ),
    Fixture(
        name="Mistral",
        dialect="openai-chat",
        provider="mistral",
        model="mistral/mistral-small-latest",
        plain=_MISTRAL,
        events=_chat(_MISTRAL),
        usage=Usage(700, output_tokens=90),
        charges=[(700, "0.15"), (90, "0.6")],
    ),
    Fixture(
        name="Together",
        dialect="openai-chat",
        provider="together_ai",
        model="together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
        plain=_TOGETHER,
        events=_chat(_TOGETHER),
        usage=Usage(120, output_tokens=30),
        charges=[(150, "1.04")],
    ),
    Fixture(
        name="Fireworks, cached",
        dialect="openai-chat",
        provider="fireworks_ai",
        model="fireworks_ai/accounts/fireworks/models/deepseek-v3p1",
        plain=_FIREWORKS,
        events=_chat(_FIREWORKS),
        usage=Usage(500, 3500, 0, 100),
        charges=[(500, "0.56"), (3500, "0.28"), (100, "1.68")],
    ),
    Fixture(
        name="vLLM, counting as it goes",
        dialect="openai-chat",
        provider="hosted_vllm",
        model="",
        plain=_VLLM,
        events=[
            {"choices": [{"index": 0}], "usage": {**_VLLM, "completion_tokens": 16}},
            {"choices": [], "usage": _VLLM},
        ],
        usage=Usage(64, output_tokens=32),
        charges=[],
    ),
)


def by_hand(fixture: Fixture) -> Money:
    """Counts times rates, as a person with the price list would add them up."""
    searches, usd_per_thousand = fixture.searches
    micro_usd = [Money.from_usd(usd) * count for count, usd in fixture.charges]
    whole = sum((each.pico for each in micro_usd), 0)
    assert whole % 10**6 == 0
    per_search = Money.from_usd(usd_per_thousand).pico * searches
    assert per_search % 1000 == 0
    return Money(whole // 10**6 + per_search // 1000)
