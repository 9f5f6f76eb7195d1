"""An artefact: what was learnt from outcomes, whole, as the server and the offline commands use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.features.kinds import KindModel


@dataclass(frozen=True, slots=True, eq=False)
class Artefact:
    """`kind_names` are what the kinds of `kinds` are called; `facts` what its card says of it, plain values."""

    kind_names: tuple[str, ...]
    kinds: KindModel
    quality: QualityModel
    spending: SpendingModel
    facts: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        kinds = {len(self.kind_names), self.kinds.kinds, self.quality.scores.shape[1]}
        kinds.add(self.spending.outputs.shape[1])
        if len(kinds) != 1 or self.quality.loadings.shape[1] != self.kinds.traits:
            raise ValueError(f"parts for {sorted(kinds)} kinds, {self.kinds.traits} traits, are none")
        if self.spending.names != self.quality.names:
            raise ValueError("tokens and scores are of different models")
