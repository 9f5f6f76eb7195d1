"""OpenAI's real Agents SDK: its loop over Responses and over chat. Skipped if it is not installed."""

from typing import Any

import openai
import pytest

agents = pytest.importorskip("agents")


def agent(client: openai.AsyncOpenAI, seen: list[str]) -> Any:
    """One with a tool, whose uses are seen."""

    def get_weather(city: str, unit: str) -> str:
        """The weather forecast for a city, the unit being celsius or kelvin."""
        seen.append(city)
        return f"It snows at 264 {unit}"

    return agents.Agent(
        name="Weather",
        instructions="You tell people of the weather.",
        model=agents.OpenAIResponsesModel(model="auto:quality", openai_client=client),
        tools=[agents.function_tool(get_weather)],
    )


@pytest.fixture(autouse=True)
def untraced() -> None:
    """Traces would go to OpenAI."""
    agents.set_tracing_disabled(disabled=True)


async def test_an_agent_calls_its_tool_and_answers(client: openai.AsyncOpenAI) -> None:
    seen: list[str] = []
    asked = "What is the weather in Oslo, in kelvin?"
    result = await agents.Runner.run(agent(client, seen), asked)
    assert seen == ["Oslo"]
    assert result.final_output
    again = [*result.to_input_list(), {"role": "user", "content": "What is 17 * 23?"}]
    assert "391" in (await agents.Runner.run(agent(client, []), again)).final_output


async def test_an_agents_stream_tells_of_call_and_answer(client: openai.AsyncOpenAI) -> None:
    seen: list[str] = []
    asked = "What is the weather in Oslo, in kelvin?"
    result = agents.Runner.run_streamed(agent(client, seen), asked)
    kinds = [
        event.data.type
        async for event in result.stream_events()
        if event.type == "raw_response_event"
    ]
    assert seen == ["Oslo"]
    assert kinds.count("response.completed") == 2
    assert "response.function_call_arguments.delta" in kinds
    assert result.final_output
