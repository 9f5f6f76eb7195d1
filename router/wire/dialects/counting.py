"""Usage in the form of each dialect; `router.wire.usage` reads it."""

from typing import Any

from router.domain.usage import Usage
from router.wire.dialects.shape import plain


def chat_usage(usage: Usage) -> dict[str, Any]:
    """The usage in chat's form. The tokens cached for an hour are in litellm's member, searches in Anthropic's."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.total_output_tokens,
        "total_tokens": usage.input_tokens + usage.total_output_tokens,
        "prompt_tokens_details": _into(usage),
        "completion_tokens_details": _out(usage),
        **_searched(usage),
    }


def responses_usage(usage: Usage) -> dict[str, Any]:
    """The usage in the form of Responses."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": _into(usage),
        "output_tokens": usage.total_output_tokens,
        "output_tokens_details": _out(usage),
        "total_tokens": usage.input_tokens + usage.total_output_tokens,
    }


def _into(usage: Usage) -> dict[str, Any]:
    hour, heard = usage.cache_write_1h_tokens, usage.audio_cache_read_tokens
    return {
        "cached_tokens": usage.cache_read_tokens + heard,
        "cache_write_tokens": usage.cache_write_tokens + hour,
        **plain(
            audio_tokens=(usage.audio_input_tokens + heard) or None,
            image_tokens=usage.image_input_tokens or None,
            cached_tokens_details={"audio_tokens": heard} if heard else None,
            cache_creation_token_details={"ephemeral_1h_input_tokens": hour} if hour else None,
        ),
    }


def _out(usage: Usage) -> dict[str, Any]:
    return {
        "reasoning_tokens": usage.reasoning_tokens,
        **plain(
            audio_tokens=usage.audio_output_tokens or None,
            image_tokens=usage.image_output_tokens or None,
        ),
    }


def messages_usage(usage: Usage | None, tier: str = "") -> dict[str, Any]:
    """The usage in the form of Messages, which require counts: zeros if none are known."""
    used = usage or Usage()
    written, hour = used.cache_write_tokens, used.cache_write_1h_tokens
    return {
        "input_tokens": used.input_tokens
        - used.cache_read_tokens
        - written
        - hour
        - used.audio_cache_read_tokens,
        "cache_read_input_tokens": used.cache_read_tokens + used.audio_cache_read_tokens,
        "cache_creation_input_tokens": written + hour,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": used.total_output_tokens,
        "output_tokens_details": {"thinking_tokens": used.reasoning_tokens},
        **_searched(used),
        **plain(service_tier=tier),
    }


def _searched(usage: Usage) -> dict[str, Any]:
    searches = usage.web_searches
    return {"server_tool_use": {"web_search_requests": searches}} if searches else {}
