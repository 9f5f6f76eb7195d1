"""The simulator makes vectors as OpenAI's API does: any client can ask for them."""

import openai
import pytest

from router.domain.vector import cosine
from router.providers.simulated import RunningSimulator


async def test_an_openai_client_gets_vectors_in_order_and_what_they_cost(
    client: openai.AsyncOpenAI,
) -> None:
    texts = ["the river freezes", "the river freezes over", "a violin teacher"]
    answer = await client.embeddings.create(model="sim-mid", input=texts, encoding_format="float")
    one, near, far = (each.embedding for each in answer.data)

    assert [each.index for each in answer.data] == [0, 1, 2]
    assert cosine(one, one) == pytest.approx(1)
    assert cosine(one, near) > 0.7
    assert cosine(one, far) < 0.3
    assert (
        answer.usage.total_tokens
        == answer.usage.prompt_tokens
        == sum(-(-len(t) // 4) for t in texts)
    )


async def test_the_same_text_has_the_same_vector(client: openai.AsyncOpenAI) -> None:
    ask = client.embeddings.create
    first = await ask(model="sim-mid", input="ice", encoding_format="float")
    again = await ask(model="sim-frontier", input="  ICE ", encoding_format="float")

    assert first.data[0].embedding == again.data[0].embedding


@pytest.mark.parametrize(("model", "said"), [("nobody", "ice"), ("sim-mid", ""), ("sim-mid", [])])
async def test_what_openai_would_refuse_is_refused(
    client: openai.AsyncOpenAI, model: str, said: str | list[str]
) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model=model, input=said, encoding_format="float")


async def test_vectors_are_no_chat_calls(
    client: openai.AsyncOpenAI, upstream: RunningSimulator
) -> None:
    await client.embeddings.create(model="sim-mid", input="ice", encoding_format="float")

    assert not upstream.counters.calls
