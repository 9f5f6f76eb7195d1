"""OpenAI's Responses API: the counts of chat under other names, complete in the last event; searches as xAI's."""

from router.wire.usage.reading import UsageLayout

_INPUT, _OUTPUT = "input_tokens_details", "output_tokens_details"

OPENAI_RESPONSES = UsageLayout(
    source="https://platform.openai.com/docs/api-reference/responses/object",
    prompt=("input_tokens",),
    completion=("output_tokens",),
    total=("total_tokens",),
    cached=((_INPUT, "cached_tokens"),),
    written=((_INPUT, "cache_write_tokens"), (_INPUT, "cache_creation_tokens")),
    audio=((_INPUT, "audio_tokens"),),
    cached_audio=((_INPUT, "cached_tokens_details", "audio_tokens"),),
    images=((_INPUT, "image_tokens"),),
    reasoning=((_OUTPUT, "reasoning_tokens"),),
    audio_out=((_OUTPUT, "audio_tokens"),),
    searches=(("server_side_tool_usage_details", "web_search_calls"),),
    images_out=((_OUTPUT, "image_tokens"),),
    in_stream=(("response", "usage"),),
)
