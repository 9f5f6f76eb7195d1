"""The `upstreams:` of a model: one model that answers in several places."""

from collections.abc import Collection, Container, Iterator, Sequence
from itertools import count

from msgspec import Struct

from router.config.schema import ModelSection, ReplicaSection
from router.config.yaml_file import Place
from router.domain.members import replace
from router.domain.model import Model


class Stated(Struct, frozen=True):
    """One place of a model: where in its section it is written, and everything stated about it.

    `section` is that of the model, as if it answered only in this place.
    """

    at: Place
    upstream: str
    section: ModelSection
    weight: float = 1.0


def stated_places(section: ModelSection) -> tuple[Stated, ...]:
    """The places of a model, in the order of the file."""
    if section.upstream is not None:
        return (Stated((), section.upstream, section),)
    return tuple(
        Stated(("upstreams", index), each.upstream, _alone(section, each), each.weight)
        for index, each in enumerate(section.upstreams)
    )


def _alone(section: ModelSection, replica: ReplicaSection) -> ModelSection:
    """What holds for `replica`: its own statements, else the model's.

    If it has a price of its own, changes of the model's price do not apply to it.
    """
    said: dict[str, object] = {
        name: value
        for name in ("name", "catalog", "price", "price_changes", "limits")
        if (value := getattr(replica, name))
    }
    if "price" in said or "catalog" in said:
        said = {"price": None, "price_changes": (), **said}
    where = {"upstream": replica.upstream, "upstreams": ()}
    return section.model_copy(update={**said, **where, "tags": (*section.tags, *replica.tags)})


def entry_of(places: Sequence[Model], weights: Sequence[float], ids: Collection[str]) -> Model:
    """The model that answers in all of `places`; each gets a name that no model of `ids` has.

    It can do only what it can do in each of them, so that it does not matter where it is asked.
    """
    first, taken = places[0], set(ids)
    limits = [each.max_output_tokens for each in places if each.max_output_tokens is not None]
    everywhere = {
        "context_tokens": min(each.context_tokens for each in places),
        "max_output_tokens": min(limits, default=None),
        "capabilities": frozenset.intersection(*(each.capabilities for each in places)),
        "abilities": first.abilities,
    }
    replicas = tuple(
        replace(each, replica=_name(each, taken), weight=weight, **everywhere)  # type: ignore[arg-type]
        for each, weight in zip(places, weights, strict=True)
    )
    return first.answering_in(replicas)


def _name(place: Model, taken: set[str]) -> str:
    """A name for `place` that is not taken yet; marks it as taken."""
    plain = f"{place.id}@{place.upstream}"
    names = (plain if n == 1 else f"{plain}#{n}" for n in count(1))
    name = next(each for each in names if each not in taken)
    taken.add(name)
    return name


def taking_part(model: Model, upstreams: Container[str]) -> Model | None:
    """`model` in those places whose upstream is one of `upstreams`; None if it could not be asked."""
    places = tuple(each for each in model.places if each.upstream in upstreams)
    if all(each.is_drained for each in places):
        return None
    return model.answering_in(places) if model.replicas else model


def remarks(model: Model) -> Iterator[str]:
    """What is allowed in its places but probably a mistake."""
    if all(each.is_drained for each in model.places):
        yield f"model {model.id}: left out, all of its upstreams are drained"
    seen = [(each.upstream, each.name) for each in model.replicas]
    for upstream, name in sorted({each for each in seen if seen.count(each) > 1}):
        yield f"model {model.id}: upstream {upstream} is named twice for {name}; use a weight instead"
