"""Prices, limits and capabilities of some thousand models, from the data that litellm ships.

The files are read as data; litellm itself is not imported (that takes seconds, and accesses
the network). The same package also contains the merge table of a tokenizer.
"""

import re
from binascii import a2b_base64
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

from router.config.prices.rates import multiplied, price_of
from router.config.prices.written_entries import WrittenEntries
from router.domain.members import replace
from router.domain.model import Capability
from router.domain.price import Price

_PRICES = "model_prices_and_context_window_backup.json"
_TYPES = "types/utils.py"
_PROVIDERS = re.compile(r"^class LlmProviders\(.*?^(?=\S)", re.DOTALL | re.MULTILINE)
_PROVIDER = re.compile(r'^    \w+ = "([^"]+)"', re.MULTILINE)
_CL100K = "litellm_core_utils/tokenizers/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
_RELEASED = {"1.106.2": date(2026, 10, 21)}
"""When the pinned release was built, by its wheel; its prices are at least that old."""


def litellm_folder() -> Path:
    """Where the litellm package is installed. Raises ModuleNotFoundError if it is not."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("litellm is not installed", name="litellm")
    return Path(spec.submodule_search_locations[0])


def litellm_providers() -> frozenset[str]:
    """The names of all providers for which litellm has code; none if its source is not written as it was.

    They are the members of an enumeration, read here without importing it: importing takes seconds.
    """
    found = _PROVIDERS.search((litellm_folder() / _TYPES).read_text("utf-8"))
    return frozenset(_PROVIDER.findall(found[0])) if found else frozenset()


def cl100k_ranks() -> dict[bytes, int]:
    """The merge table of the cl100k_base tokenizer: byte sequences to ranks."""
    # Each line has a token and its rank; going through them one by one takes three times as long.
    words = (litellm_folder() / _CL100K).read_bytes().split()
    return dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))


class CatalogFacts(Struct, frozen=True):
    """What is known of a model besides its quality; context and longest answer are None if unknown."""

    price: Price
    context_tokens: int | None
    max_output_tokens: int | None
    capabilities: frozenset[Capability]
    takes_effort: bool = True

    def dearer(self, times: float) -> "CatalogFacts":
        """The same of a place where tokens cost `times` as much."""
        return replace(self, price=multiplied(self.price, times))


class PriceMap:
    """The price map of the installed litellm."""

    def __init__(
        self, entries: Mapping[str, Mapping[str, Any]], *, as_of: date | None, source: str
    ) -> None:
        self._entries = entries
        self._as_of = as_of
        self._source = source

    @classmethod
    def shipped(cls) -> "PriceMap":
        """The map inside the installed package, dated by its release."""
        release = version("litellm")
        entries = WrittenEntries((litellm_folder() / _PRICES).read_text("utf-8"))
        as_of = _RELEASED.get(release)
        return cls(entries, as_of=as_of, source=f"litellm {release} price map")

    def find(self, key: str, factor: str = "") -> CatalogFacts | None:
        """The facts under `key`; None if there is no such chat model, or it has no price.

        `factor` names the member that states how many times as much is charged where a model is asked; if it
        has none, as much as elsewhere.
        """
        entry = self._entries.get(key)
        if entry is None or not _is_chat(entry):
            return None
        facts = self._facts(key, entry)
        times = entry.get(factor)
        return facts if facts is None or times is None else facts.dearer(times)

    def find_embedding(self, key: str) -> CatalogFacts | None:
        """The facts under `key`; None if there is no such embedding model, or it has no price."""
        entry = self._entries.get(key)
        if entry is None or entry.get("mode") != "embedding":
            return None
        # Vectors are not tokens: some entries say that output costs nothing, others say nothing.
        return self._facts(key, {"output_cost_per_token": 0.0, **entry})

    def _facts(self, key: str, entry: Mapping[str, Any]) -> CatalogFacts | None:
        price = price_of(entry, as_of=self._as_of, source=f"{self._source}, {key}")
        if price is None:
            return None
        context = int(entry.get("max_input_tokens") or entry.get("max_tokens") or 0) or None
        # `max_tokens` on its own means the context more often than the answer.
        longest = int(entry.get("max_output_tokens") or 0) or None
        takes_effort = bool(entry.get("supports_reasoning"))
        return CatalogFacts(price, context, longest, _capabilities(entry), takes_effort)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every key of the map."""
        return frozenset(self._entries)


_FLAGS: Mapping[Capability, str] = {
    Capability.TOOLS: "supports_function_calling",
    Capability.VISION: "supports_vision",
    Capability.AUDIO: "supports_audio_input",
    Capability.FILES: "supports_pdf_input",
    Capability.JSON_SCHEMA: "supports_response_schema",
}

_ASSUMED = frozenset({Capability.JSON_OBJECT, Capability.LOGPROBS, Capability.MANY_CHOICES})
"""The map says nothing about these; Anthropic's models are known not to offer the last two."""

_SINGLE_CHOICE_PROVIDERS = ("anthropic", "bedrock", "vertex_ai-anthropic_models")


def _capabilities(entry: Mapping[str, Any]) -> frozenset[Capability]:
    said = {capability for capability, flag in _FLAGS.items() if entry.get(flag)}
    single = str(entry.get("litellm_provider", "")).startswith(_SINGLE_CHOICE_PROVIDERS)
    return frozenset(said | ({Capability.JSON_OBJECT} if single else _ASSUMED))


def _is_chat(entry: Mapping[str, Any]) -> bool:
    return entry.get("mode") in ("chat", "responses", None)
