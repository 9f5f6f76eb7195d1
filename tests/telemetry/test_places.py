"""OpenTelemetry has names for providers; one without a name there is called as in the configuration."""

import pytest

from router.app.telemetry import place_of
from router.config.settings import LitellmSettings, SimulatedSettings, UpstreamSettings
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.telemetry.spans import Place


@pytest.mark.parametrize(
    ("upstream", "place"),
    [
        (Endpoint("https://api.openai.com/v1"), Place("openai", "api.openai.com", 443)),
        (
            Endpoint("https://ours.openai.azure.com/openai/v1"),
            Place("azure.ai.openai", "ours.openai.azure.com", 443),
        ),
        (Endpoint("http://10.0.0.7:8000/v1"), Place("mine", "10.0.0.7", 8000)),
        (Endpoint("http://box/v1"), Place("mine", "box", 80)),
        (AnthropicEndpoint(), Place("anthropic", "api.anthropic.com", 443)),
        (LitellmSettings("bedrock"), Place("aws.bedrock")),
        (LitellmSettings("groq"), Place("groq")),
        (SimulatedSettings(1.0, 0), Place("simulated")),
    ],
)
def test_an_upstream_is_at_a_place_of_a_provider(upstream: UpstreamSettings, place: Place) -> None:
    assert place_of("mine", upstream) == place
