"""LiteLLM's own cache key, imported offline and only for this comparison."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from router.providers.translating.quiet import OFFLINE, quietly


@cache
def _litellm() -> Any:
    with quietly(OFFLINE, "LiteLLM"):
        return import_module("litellm")


def litellm_key(body: Mapping[str, Any], tenant: str) -> str:
    """The key under which LiteLLM would store the answer to `body` for `tenant`."""
    from_proxy = {"user_api_key": f"hash-of-{tenant}", "user_api_key_alias": tenant}
    key: str = _litellm().Cache().get_cache_key(**body, metadata=from_proxy)
    return key
