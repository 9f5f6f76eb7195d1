"""What an operator's own labelled answers say of models, and how it changes their abilities.

In a calibrated category, a model with enough scored answers of the operator's own has the estimate that
came out. A model with too few is shifted as the others were: if the operator's requests turn out to be
harder than typical ones, they are harder for it, too, and it must not look better only because nobody
has asked it.
"""

from collections.abc import Iterator, Mapping
from math import hypot, isfinite, log, sqrt

from msgspec import Struct

from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.local_cascades import NO_LOCAL_CASCADES, LocalCascades
from router.domain.logits import sigmoid
from router.domain.members import replace
from router.domain.model import Ability, Model

_LEAST, _MOST = 0.01, 0.99
"""Beyond these, the logits of a probability claim more than any number of answers can show."""


class Measured(Struct, frozen=True):
    """P(good answer) of a model in one category with its sd, and how many own answers it rests on."""

    p: float
    sd: float
    answers: int

    def __post_init__(self) -> None:
        """Refuse what is no probability (NaN included), and what rests on no answers."""
        if not (0.0 <= self.p <= 1.0 and 0.0 <= self.sd <= 1.0 and self.answers >= 1):
            raise ValueError(f"no measured quality: {self!r}")


class LocalCategory(Struct, frozen=True):
    """A calibrated category: the measured models by their ids, and how the others are to be shifted.

    `shift` is by how many logits the measured ones are better than the shipped estimates, below 0 if the
    operator's requests are harder; `shift_sd` is how much the models differ in that.
    """

    shift: float
    shift_sd: float
    models: Mapping[str, Measured]

    def __post_init__(self) -> None:
        """Refuse a category in which nothing was measured."""
        if not (isfinite(self.shift) and 0.0 <= self.shift_sd < float("inf")):
            raise ValueError(
                f"a shift is in logits, with an sd: {self.shift!r} +- {self.shift_sd!r}"
            )
        if not self.models:
            raise ValueError("a calibrated category has at least one measured model")

    def ability(self, model_id: str, shipped: Ability) -> Ability:
        """The ability of a model in this category, given the shipped one."""
        measured = self.models.get(model_id)
        if measured is None:
            return moved(shipped, self.shift, self.shift_sd)
        source = f"local: {measured.answers:,} answers of your own"
        return Ability(measured.p, measured.sd, source, EstimateSource.LOCAL)


class LocalQuality(Struct, frozen=True):
    """Local evidence: the calibrated categories, and which models were measured.

    `names` are their upstreams' names by their ids: another model under the same id was not measured.
    `version` identifies the calibration. `cascades` are in force in categories of their own.
    """

    version: str
    names: Mapping[str, str]
    categories: Mapping[Category, LocalCategory]
    cascades: LocalCascades = NO_LOCAL_CASCADES

    def __post_init__(self) -> None:
        """Refuse cascades of models without a name."""
        if unnamed := set(self.cascades.models) - set(self.names):
            raise ValueError(f"cascades of models without a name: {sorted(unnamed)}")

    def applied(self, model: Model) -> Model:
        """`model`, and each of its replicas, with the abilities that local evidence gives it."""
        own = {
            category: local.ability(model.id, model.abilities[category])
            for category, local in self.categories.items()
        }
        return _with_abilities(model, {**model.abilities, **own})

    def strangers(self, models: Mapping[str, Model]) -> Iterator[str]:
        """Where this evidence does not fit `models`: a clause for each model that is gone or not what it was."""
        for model_id, name in self.names.items():
            if model_id not in models:
                yield f"there is no model '{model_id}' any more"
            elif models[model_id].name != name:
                yield f"'{model_id}' was {name} and is {models[model_id].name} now"


def moved(ability: Ability, shift: float, shift_sd: float) -> Ability:
    """An ability that is `shift` logits better, and less certain by `shift_sd`.

    Towards the middle, where a logit is worth most, it gets less certain as well: 0.98 within 0.01 becomes 0.8 within
    0.08, and not 0.8 within 0.01.
    """
    p, kept = sigmoid(logit(ability.p) + shift), _kept(ability.p)
    own_sd = ability.sd * max(1.0, p * (1 - p) / (kept * (1 - kept)))
    sd = min(sqrt(p * (1 - p)), hypot(own_sd, p * (1 - p) * shift_sd))
    source = f"{ability.source}, moved by {shift:+.2f} logits"
    return replace(ability, p=p, sd=sd, source=source, is_moved=True)


def logit(p: float) -> float:
    """The log-odds of `p`, which is first brought within 0.01 to 0.99."""
    kept = _kept(p)
    return log(kept / (1 - kept))


def _kept(p: float) -> float:
    return min(_MOST, max(_LEAST, p))


def _with_abilities(model: Model, abilities: Mapping[Category, Ability]) -> Model:
    replicas = tuple(replace(each, abilities=abilities) for each in model.replicas)
    return replace(model, abilities=abilities, replicas=replicas)
