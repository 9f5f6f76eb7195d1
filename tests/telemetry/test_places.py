"""OpenTelemetry has names for providers; one without a name there is called as in the configuration."""

import pytest

from router.app.telemetry import place_of
from router.config.settings import LitellmSettings, SimulatedSettings, UpstreamSettings
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.telemetry.spans import ServerAddress


@pytest.mark.parametrize(
    ("upstream", "place"),
    [
        (Endpoint("https://api.openai.com/v1"), ServerAddress("openai", "api.openai.com", 443)),
        (
            Endpoint("https://eu.api.openai.com/v1"),
            ServerAddress("openai", "eu.api.openai.com", 443),
        ),
        (
            Endpoint("https://ours.openai.azure.com/openai/v1"),
            ServerAddress("azure.ai.openai", "ours.openai.azure.com", 443),
        ),
        (Endpoint("http://10.0.0.7:8000/v1"), ServerAddress("mine", "10.0.0.7", 8000)),
        (Endpoint("http://box/v1"), ServerAddress("mine", "box", 80)),
        (AnthropicEndpoint(), ServerAddress("anthropic", "api.anthropic.com", 443)),
        (LitellmSettings("bedrock"), ServerAddress("aws.bedrock")),
        (LitellmSettings("groq"), ServerAddress("groq")),
        (SimulatedSettings(1.0, 0), ServerAddress("simulated")),
    ],
)
def test_an_upstream_is_at_a_place_of_a_provider(
    upstream: UpstreamSettings, place: ServerAddress
) -> None:
    assert place_of("mine", upstream) == place
