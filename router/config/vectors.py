"""Embedding models: kept apart from those that chat, so that neither is asked for the other's answers."""

from collections.abc import Mapping

from router.domain.category import Category
from router.domain.model import Ability, Model
from router.domain.price import Price

NO_PRICE = Price.per_mtok(0, 0, source="none")
"""Used until it is replaced by the operator's price."""
_NONE = Ability(0.0, 0.0, "it makes vectors, and answers nothing")


def embedding_model(
    model_id: str, upstream: str, name: str, price: Price, context_tokens: int
) -> Model:
    """The model of that id that makes vectors: it has no ability to answer, in any category."""
    return Model(
        id=model_id,
        upstream=upstream,
        name=name,
        price=price,
        context_tokens=context_tokens,
        max_output_tokens=1,
        abilities=dict.fromkeys(Category, _NONE),
        capabilities=frozenset(),
        makes_vectors=True,
    )


def parted(models: Mapping[str, Model]) -> tuple[dict[str, Model], dict[str, Model]]:
    """The models that chat, and those that make vectors."""
    chatting = {key: model for key, model in models.items() if not model.makes_vectors}
    vectors = {key: model for key, model in models.items() if model.makes_vectors}
    return chatting, vectors
