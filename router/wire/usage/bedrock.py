"""Bedrock's Converse: `inputTokens` does not include cache reads and writes."""

from router.wire.usage.reading import Of, UsageLayout

BEDROCK = UsageLayout(
    source="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html",
    prompt=("inputTokens",),
    completion=("outputTokens",),
    cached=(("cacheReadInputTokens",),),
    written=(("cacheWriteInputTokens",),),
    written_1h=(("cacheDetails", Of("ttl", "1h", "inputTokens")),),
    cache_is_apart=True,
    in_stream=(("metadata", "usage"), ("usage",)),
)
