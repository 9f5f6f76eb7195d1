"""What the tests of providers share."""

from collections.abc import AsyncIterator

import pytest

from router.ports import Upstream
from tests.providers.anthropic_api import AnthropicApi, anthropic_api, reaching


@pytest.fixture
async def api() -> AsyncIterator[AnthropicApi]:
    async with anthropic_api() as made:
        yield made


@pytest.fixture
async def claude(api: AnthropicApi) -> AsyncIterator[Upstream]:
    made = reaching(api.base_url)
    yield made
    await made.close()
