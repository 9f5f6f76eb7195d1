"""Chat completions, as OpenAI and all that call themselves compatible report them.

They agree on the two main counts; the rest is OpenAI's or the vendor's own:
- OpenAI: cached and audio tokens are part of `prompt_tokens`, reasoning tokens of
  `completion_tokens`.
- DeepSeek: `prompt_cache_hit_tokens` (https://api-docs.deepseek.com/api/create-chat-completion).
- Moonshot: `cached_tokens` beside the main counts (https://platform.moonshot.ai/docs/api/chat).
- xAI: reasoning tokens are *not* part of `completion_tokens`; the total shows it
  (https://docs.x.ai/docs/guides/reasoning). Its searches are among the tools that it has used
  (https://docs.x.ai/developers/tools/tool-usage-details).
- Gemini's compatible API: thoughts are in the total and in no other count
  (https://ai.google.dev/gemini-api/docs/openai).
- Perplexity: `num_search_queries` (https://docs.perplexity.ai/api-reference/chat-completions-post).
- Mistral, Together, Fireworks, vLLM, OpenRouter: OpenAI's names, as far as they report any.
- Qwen: an explicit cache's writes are in `prompt_tokens_details`
  (https://www.alibabacloud.com/help/en/model-studio/context-cache).
- What litellm makes of other vendors' usage: cache writes as `cache_creation_input_tokens`, or in
  `prompt_tokens_details`, next to their lifetimes; all of them part of `prompt_tokens`. Gemini's searches
  are there, too, and what a tool of Gemini's brought into the prompt, which is not part of that.
"""

from router.wire.usage.reading import UsageLayout

_PROMPT, _COMPLETION = "prompt_tokens_details", "completion_tokens_details"

OPENAI_CHAT = UsageLayout(
    source="https://platform.openai.com/docs/api-reference/chat/object",
    prompt=("prompt_tokens",),
    completion=("completion_tokens",),
    total=("total_tokens",),
    cached=((_PROMPT, "cached_tokens"), ("prompt_cache_hit_tokens",), ("cached_tokens",)),
    written=(
        (_PROMPT, "cache_write_tokens"),
        (_PROMPT, "cache_creation_tokens"),
        (_PROMPT, "cache_creation_input_tokens"),
        ("cache_creation_input_tokens",),
    ),
    written_1h=(
        (_PROMPT, "cache_creation_token_details", "ephemeral_1h_input_tokens"),
        ("cache_creation", "ephemeral_1h_input_tokens"),
    ),
    more_prompt=((_PROMPT, "tool_use_tokens"),),
    audio=((_PROMPT, "audio_tokens"),),
    cached_audio=((_PROMPT, "cached_tokens_details", "audio_tokens"),),
    images=((_PROMPT, "image_tokens"),),
    reasoning=((_COMPLETION, "reasoning_tokens"),),
    audio_out=((_COMPLETION, "audio_tokens"),),
    images_out=((_COMPLETION, "image_tokens"),),
    searches=(
        ("server_tool_use", "web_search_requests"),
        ("server_side_tool_usage_details", "web_search_calls"),
        ("num_search_queries",),
        (_PROMPT, "web_search_requests"),
    ),
)
