"""An artefact: what was learnt from outcomes, whole, as the server and the offline commands use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.decision.lengths import LengthPrior
from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.domain.estimate import QualityEstimate
from router.domain.model_names import plain_name
from router.features.kinds import KindModel

PRIORS, OWN_MEANS = "priors", "own means"
"""From where familiar prompts move a model: from its prior, or from its mean over all that was learnt."""


@dataclass(frozen=True, slots=True, eq=False)
class Artefact:
    """`kind_names` are what the kinds of `kinds` are called; `facts` what its card says of it, plain values.

    `lengths` are how long and how slow answers are, by category; `moves_from` is PRIORS or OWN_MEANS.
    """

    kind_names: tuple[str, ...]
    kinds: KindModel
    quality: QualityModel
    spending: SpendingModel
    lengths: LengthPrior
    moves_from: str = OWN_MEANS
    facts: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        kinds = {len(self.kind_names), self.kinds.kinds, self.quality.scores.shape[1]}
        kinds.add(self.spending.outputs.shape[1])
        if len(kinds) != 1 or self.quality.loadings.shape[1] != self.kinds.traits:
            raise ValueError(
                f"parts for {sorted(kinds)} kinds, {self.kinds.traits} traits, are none"
            )
        if self.spending.names != self.quality.names:
            raise ValueError("tokens and scores are of different models")
        if self.moves_from not in (PRIORS, OWN_MEANS):
            raise ValueError(f"models move from {PRIORS} or {OWN_MEANS}, not {self.moves_from!r}")

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose answers were learnt from."""
        return self.quality.names

    def scored_as(self, name: str) -> str | None:
        """The name under which a model was scored, None if it was not; vendors, case and dates do not matter."""
        rows = self.quality.rows
        row = rows.get(name, rows.get(plain_name(name)))
        return None if row is None else self.models[row]

    def usual(self, name: str) -> QualityEstimate | None:
        """A scored model's mean where models move from these; else None, for its prior says it."""
        scored_as = self.scored_as(name) if self.moves_from == OWN_MEANS else None
        return None if scored_as is None else self.quality.usual(scored_as)


@dataclass(frozen=True, slots=True)
class ParityCase:
    """What must come out of these token ids: the shares of the kinds, the traits and the familiarity."""

    tokens: tuple[int, ...]
    shares: tuple[float, ...]
    traits: tuple[float, ...]
    familiarity: float
