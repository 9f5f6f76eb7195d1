"""What an operator's own answers say of cascades: two models before a final one, by category."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from router.domain.candidate import Candidate
from router.domain.cascade import Prospect, Prospects
from router.domain.category import Category

Models = tuple[str, str, str]
"""The ids of two models in alphabetical order, the same one twice if it is asked twice, and that of the final one."""


class LocalCascade(Struct, frozen=True):
    """Two models before a final one, by their ids, what to expect of them, and how many prompts that rests on."""

    models: Models
    prospect: Prospect
    prompts: int

    def __post_init__(self) -> None:
        """Refuse models that are not three, pairs out of order, and what rests on nothing."""
        one, other, final = self.models
        if not (one <= other and final not in (one, other)):
            raise ValueError(
                f"two models in the order of the alphabet, or one twice, and a third: {self.models!r}"
            )
        if self.prompts < 1:
            raise ValueError("what is measured rests on one prompt at least")


class LocalCascades(Struct, frozen=True):
    """The cascades that own answers show to be better than one model, and those that they show to be worse.

    One that is worse is never used in its category, whatever was learnt elsewhere. It does no harm if its models are
    gone, so `models` leaves it out.
    """

    categories: Mapping[Category, tuple[LocalCascade, ...]] = field(default_factory=dict)
    refuted: Mapping[Category, tuple[Models, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.categories.values()) or any(self.refuted.values())

    def prospects(self, category: Category, otherwise: Prospects | None) -> Prospects | None:
        """What is known about requests of a category: `otherwise` for everything that own answers do not cover."""
        found, refuted = self.categories.get(category, ()), self.refuted.get(category, ())
        if not (found or refuted):
            return otherwise
        own = {each.models: each.prospect for each in found}
        return OwnFirst(own, otherwise, frozenset(refuted))

    @property
    def models(self) -> Iterator[str]:
        """The ids of all models that take part, some of them more than once."""
        return (
            model for found in self.categories.values() for each in found for model in each.models
        )


NO_LOCAL_CASCADES = LocalCascades()


class OwnFirst(Struct, frozen=True):
    """Prospects by own answers, and others for cascades that these neither support nor refute."""

    own: Mapping[Models, Prospect]
    others: Prospects | None
    refuted: frozenset[Models] = frozenset()

    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        """What to expect where two models are asked at once and must agree; None where nothing good is known."""
        if len(first) == 2:
            one, other = sorted(each.model.id for each in first)
            models = (one, other, final.model.id)
            if found := self.own.get(models):
                return found
            if models in self.refuted:
                return None
        return self.others.of(first, final) if self.others else None

    def before(self, final: str) -> Iterator[tuple[str, str]]:
        """The ids of the pairs that own answers speak for, before the final model of this id."""
        return ((one, other) for one, other, last in self.own if last == final)
