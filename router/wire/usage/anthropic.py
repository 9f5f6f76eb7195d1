"""Anthropic's messages: `input_tokens` does not include cache reads and writes.

In a stream, `message_start` reports the prompt and `message_delta` the rest, as cumulative counts.
Reasoning is part of the output; models that think say how much of it that was. A summary that the provider
makes of a conversation that has become too long is billed, but counted among the iterations only
(https://platform.claude.com/docs/en/build-with-claude/compaction, "Understanding usage").
"""

from router.wire.usage.reading import UsageLayout

ANTHROPIC = UsageLayout(
    source="https://platform.claude.com/docs/en/api/messages",
    prompt=("input_tokens",),
    completion=("output_tokens",),
    cached=(("cache_read_input_tokens",),),
    written=(("cache_creation_input_tokens",),),
    written_1h=(("cache_creation", "ephemeral_1h_input_tokens"),),
    cache_is_apart=True,
    reasoning=(("output_tokens_details", "thinking_tokens"),),
    searches=(("server_tool_use", "web_search_requests"),),
    calls=("iterations", "type", "compaction"),
    in_stream=(("message", "usage"), ("usage",)),
)
