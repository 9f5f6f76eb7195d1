"""Every layout that is understood, by the API that has it."""

from collections.abc import Mapping

from router.wire.usage.anthropic import ANTHROPIC
from router.wire.usage.bedrock import BEDROCK
from router.wire.usage.gemini import GEMINI
from router.wire.usage.openai_chat import OPENAI_CHAT
from router.wire.usage.openai_responses import OPENAI_RESPONSES
from router.wire.usage.reading import UsageLayout

LAYOUTS: Mapping[str, UsageLayout] = {
    "openai-chat": OPENAI_CHAT,
    "openai-responses": OPENAI_RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "bedrock": BEDROCK,
}
