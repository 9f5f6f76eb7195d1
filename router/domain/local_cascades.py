"""What an operator's own answers say of cascades: two models before a final one, by category."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.domain.candidate import Candidate
from router.domain.cascade import Prospect, Prospects
from router.domain.category import Category

Models = tuple[str, str, str]
"""The ids of two models in the order of the alphabet, and that of the final one."""


@dataclass(frozen=True, slots=True)
class LocalCascade:
    """Two models before a final one, by their ids, what is to be expected of them, and how many prompts that rests on."""

    models: Models
    prospect: Prospect
    prompts: int

    def __post_init__(self) -> None:
        """Refuse models that are not three, pairs out of order, and what rests on nothing."""
        one, other, final = self.models
        if not (one < other and final not in (one, other)):
            raise ValueError(
                f"two models in the order of the alphabet, and a third: {self.models!r}"
            )
        if self.prompts < 1:
            raise ValueError("what is measured rests on one prompt at least")


@dataclass(frozen=True, slots=True)
class LocalCascades:
    """The cascades that were found better than one model on own answers."""

    categories: Mapping[Category, tuple[LocalCascade, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.categories.values())

    def prospects(self, category: Category, otherwise: Prospects | None) -> Prospects | None:
        """What is known on requests of a category; of everything that own answers do not speak of, `otherwise`."""
        found = self.categories.get(category)
        if not found:
            return otherwise
        return OwnFirst({each.models: each.prospect for each in found}, otherwise)

    @property
    def models(self) -> Iterator[str]:
        """The ids of all models that take part, some of them more than once."""
        return (
            model for found in self.categories.values() for each in found for model in each.models
        )


NO_LOCAL_CASCADES = LocalCascades()


@dataclass(frozen=True, slots=True)
class OwnFirst:
    """Prospects of own answers, and others for what these do not speak of."""

    own: Mapping[Models, Prospect]
    others: Prospects | None

    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        """What to expect where two models are asked at once and must agree; None where nothing is known."""
        if len(first) == 2:
            one, other = first[0].model.id, first[1].model.id
            pair = (one, other) if one < other else (other, one)
            if found := self.own.get((*pair, final.model.id)):
                return found
        return self.others.of(first, final) if self.others else None

    def before(self, final: str) -> Iterator[tuple[str, str]]:
        """The ids of the pairs that own answers speak for, before the final model of this id."""
        return ((one, other) for one, other, last in self.own if last == final)
