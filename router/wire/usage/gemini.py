"""Gemini's generateContent: every event of a stream carries the counts so far.

Cached tokens are part of the prompt's count; thoughts are not part of the candidates' count, and what a
tool brought into the prompt is counted separately.
"""

from router.wire.usage.reading import Of, UsageLayout


def _of(modality: str) -> Of:
    return Of("modality", modality, "tokenCount")


GEMINI = UsageLayout(
    source="https://ai.google.dev/api/generate-content#UsageMetadata",
    prompt=("promptTokenCount",),
    completion=("candidatesTokenCount",),
    total=("totalTokenCount",),
    cached=(("cachedContentTokenCount",),),
    more_prompt=(("toolUsePromptTokenCount",),),
    audio=(("promptTokensDetails", _of("AUDIO")),),
    cached_audio=(("cacheTokensDetails", _of("AUDIO")),),
    images=(("promptTokensDetails", _of("IMAGE")),),
    reasoning=(("thoughtsTokenCount",),),
    reasoning_is_apart=True,
    audio_out=(("candidatesTokensDetails", _of("AUDIO")),),
    images_out=(("candidatesTokensDetails", _of("IMAGE")),),
    in_stream=(("usageMetadata",),),
)
