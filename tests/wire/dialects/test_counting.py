"""Usage as reported in each dialect, and as read by those who charge for it."""

from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import BUCKETS, Usage
from router.wire.dialects.counting import chat_usage, messages_usage, responses_usage
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read

_COUNTS = st.integers(0, 10**6)
_USAGES = st.builds(Usage, **dict.fromkeys(BUCKETS, _COUNTS))


@given(usage=_USAGES)
def test_chat_keeps_every_bucket(usage: Usage) -> None:
    assert read(LAYOUTS["openai-chat"], chat_usage(usage)) == usage


@given(usage=_USAGES)
def test_responses_keep_what_was_read_from_caches_and_what_was_thought(usage: Usage) -> None:
    told = read(LAYOUTS["openai-responses"], responses_usage(usage))

    assert told is not None
    assert told.input_tokens == usage.input_tokens
    assert told.total_output_tokens == usage.total_output_tokens
    assert told.cache_read_tokens == usage.cache_read_tokens
    assert told.reasoning_tokens == usage.reasoning_tokens


@given(usage=_USAGES)
def test_messages_keep_what_caches_did_what_was_thought_and_what_was_searched(usage: Usage) -> None:
    told = read(LAYOUTS["anthropic"], messages_usage(usage))

    assert told is not None
    assert told.input_tokens == usage.input_tokens
    assert told.total_output_tokens == usage.total_output_tokens
    assert told.cache_write_tokens == usage.cache_write_tokens
    assert told.cache_write_1h_tokens == usage.cache_write_1h_tokens
    assert told.web_searches == usage.web_searches
    assert told.reasoning_tokens == usage.reasoning_tokens
