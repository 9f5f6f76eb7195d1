"""litellm's own reading of each vendor's usage, and its own price for it.

It is imported here only for this comparison, offline and without its tracing.
"""

from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any

from router.providers.translating.quiet import OFFLINE, quietly
from tests.wire.usage_fixtures import Fixture


class NotRead(Exception):
    """litellm's code for this vendor does not accept what the vendor sends."""


@dataclass(frozen=True)
class Litellm:
    """The imported package."""

    module: Any

    @classmethod
    def imported(cls) -> "Litellm":
        """litellm, quietly and offline."""
        with quietly(OFFLINE, "LiteLLM"):
            return cls(import_module("litellm"))

    def cost_usd(self, fixture: Fixture) -> Decimal:
        """What litellm charges. Raises NotRead if it fails."""
        try:
            usage = self._usage(fixture)
            costs = self._costs(fixture, usage)
            tokens = sum((Decimal(str(cost)) for cost in costs), Decimal(0))
            return tokens + self._searches(fixture, usage)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
            raise NotRead(type(error).__name__) from None

    def _costs(self, fixture: Fixture, usage: Any) -> Any:
        """Its price for prompt and answer; there is a separate function for batches."""
        provider = fixture.provider
        if fixture.tier == "batch":
            batch = import_module("litellm.cost_calculator").batch_cost_calculator
            return batch(usage, fixture.model, provider)
        return self.module.cost_per_token(
            model=fixture.model,
            custom_llm_provider=provider,
            usage_object=usage,
            service_tier=None if fixture.tier == "standard" else fixture.tier,
        )

    def _usage(self, fixture: Fixture) -> Any:
        """Its Usage, as its own transformation makes it from that vendor's answers."""
        told = dict(fixture.plain)
        match fixture.dialect:
            case "anthropic":
                config = import_module("litellm.llms.anthropic.chat.transformation")
                return config.AnthropicConfig().calculate_usage(told, None)
            case "gemini":
                module = "litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini"
                config = import_module(module)
                return config.VertexGeminiConfig._calculate_usage({"usageMetadata": told})  # noqa: SLF001 - it has no other
            case "bedrock":
                module = "litellm.llms.bedrock.chat.converse_transformation"
                return import_module(module).AmazonConverseConfig().transform_usage(told)
            case "openai-responses":
                config = import_module("litellm.responses.utils").ResponseAPILoggingUtils
                return config.transform_response_api_usage_to_chat_usage(told)
            case _:
                return self.module.Usage(**told)

    def _searches(self, fixture: Fixture, usage: Any) -> Decimal:
        """The price of web searches, which it keeps separate."""
        if not fixture.searches[0]:
            return Decimal(0)
        tools = import_module("litellm.litellm_core_utils.llm_cost_calc.tool_call_cost_tracking")
        cost = tools.StandardBuiltInToolCostTracking.get_cost_for_built_in_tools(
            model=fixture.model,
            response_object=None,
            usage=usage,
            standard_built_in_tools_params=None,
            custom_llm_provider=fixture.provider,
        )
        return Decimal(str(cost))
