"""What is assumed of a configuration because nobody has stated it, reported with the key for stating it."""

from collections.abc import Collection, Iterator

from router.config.prices.price_map import CatalogFacts
from router.config.schema import ModelSection
from router.domain.category import Category
from router.domain.model import Capability

ASSUMED_CONTEXT_TOKENS = 8192
"""What nearly every model in use accepts."""


ASSUMED_CONTEXT = f"a context of {ASSUMED_CONTEXT_TOKENS:,} tokens ('context_tokens')"


def assumed_of(section: ModelSection, facts: CatalogFacts, *, is_measured: bool) -> Iterator[str]:
    """Each thing that is assumed of a model, with the key in brackets; nothing if all is known."""
    if facts.price.is_free and section.price is None:
        # The map says 0 of what is free, and of what is billed by the hour, or in another currency.
        yield "a price of 0, which the price map states ('price')"
    if facts.context_tokens is None and section.context_tokens is None:
        yield ASSUMED_CONTEXT
    if facts.capabilities == frozenset(Capability) and section.capabilities is None:
        yield "every capability ('capabilities')"
    if not is_measured and len(section.abilities) < len(Category):
        yield "the quality that is typical of its price ('like', or 'abilities')"


def note_of(model_id: str, assumed: Collection[str]) -> str:
    """What is assumed of a model, as one line."""
    return f"model {model_id}: assumed, since nothing is known about it: {', '.join(assumed)}"
