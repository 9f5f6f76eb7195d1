"""An artefact: everything that was learnt from outcomes, as the server and the offline commands use it."""

from collections.abc import Mapping
from math import inf

from msgspec import Struct, field

from router.decision.agreement import AgreementModel
from router.decision.lengths import LengthPrior
from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.model_names import plain_name
from router.domain.resemblance import Resemblance
from router.features.kinds import KindModel

PRIORS, OWN_MEANS = "priors", "own means"
"""Where familiar prompts move a model's quality from: its prior, or its mean over all kinds that were learnt."""

TRIPLES = ((0.6, 0.7, 0.8), (0.9, 0.92, 0.97), (0.3, 0.5, 0.6), (0.5, 0.97, 0.4))
"""Qualities of two models and a final one: every parity case has what to expect of them."""
TRIPLE_SD = 0.05
"""The standard deviation of each of these qualities."""


class Artefact(Struct, frozen=True, eq=False):
    """`kind_names` are the names of the kinds of `kinds`; `facts` what its card says about it, as plain values.

    `lengths` are how long and how slow answers are, by category; `moves_from` is PRIORS or OWN_MEANS. `agreement`
    says how models agree, None if there were no answers to compare. `prices` are USD per 1,000,000 tokens of input
    and of output, of those of its models whose price was known.
    """

    kind_names: tuple[str, ...]
    kinds: KindModel
    quality: QualityModel
    spending: SpendingModel
    lengths: LengthPrior
    moves_from: str = OWN_MEANS
    facts: Mapping[str, object] = field(default_factory=dict)
    agreement: AgreementModel | None = None
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        kinds = {len(self.kind_names), self.kinds.kinds, self.quality.scores.shape[1]}
        kinds.add(self.spending.outputs.shape[1])
        if self.agreement is not None:
            kinds.add(len(self.agreement.habits))
        if len(kinds) != 1 or self.quality.loadings.shape[1] != self.kinds.traits:
            raise ValueError(
                f"parts for {sorted(kinds)} kinds, {self.kinds.traits} traits, do not fit together"
            )
        if self.spending.names != self.quality.names:
            raise ValueError("tokens and scores are for different models")
        if self.moves_from not in (PRIORS, OWN_MEANS):
            raise ValueError(f"models move from {PRIORS} or {OWN_MEANS}, not {self.moves_from!r}")
        if not set(self.prices) <= set(self.models):
            raise ValueError(f"prices of other models than {', '.join(self.models)}")
        if not all(0.0 <= usd < inf for price in self.prices.values() for usd in price):
            raise ValueError("a price is zero or more")

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose answers were learnt from."""
        return self.quality.names

    def on_own_means(self) -> "Artefact":
        """This artefact, but with familiar prompts moving a model from its mean over all kinds, not from its prior."""
        if self.moves_from == OWN_MEANS:
            return self
        means = self.quality.scores.mean(axis=1, keepdims=True)
        anchors = means.repeat(self.quality.scores.shape[1], axis=1)
        return replace(self, quality=replace(self.quality, anchors=anchors), moves_from=OWN_MEANS)

    def of_triples(self, resemblance: Resemblance) -> tuple[float, ...]:
        """What a ParityCase holds for the TRIPLES."""
        if self.agreement is None:
            return ()
        agreeing = self.agreement.prospects(resemblance)
        found = (
            agreeing.between(*(QualityEstimate(p, TRIPLE_SD) for p in triple)) for triple in TRIPLES
        )
        return tuple(
            number
            for each in found
            for number in (each.p_accept, each.p_accept_sd, each.gain, each.gain_sd)
        )

    def scored_as(self, name: str) -> str | None:
        """The name under which a model was scored, None if it was not; vendors, case and dates do not matter."""
        rows = self.quality.rows
        row = rows.get(name, rows.get(plain_name(name)))
        return None if row is None else self.models[row]

    def usual(self, name: str) -> QualityEstimate | None:
        """A scored model's mean, if models move from these; else None, since its prior holds."""
        scored_as = self.scored_as(name) if self.moves_from == OWN_MEANS else None
        return None if scored_as is None else self.quality.usual(scored_as)


class ParityCase(Struct, frozen=True):
    """The expected output for these token ids, the ends of a text of so many tokens: all that a Kinship says.

    `prospects` are for the TRIPLES: `p_accept`, its deviation, `gain` and its deviation, one triple after the other;
    none where nothing is known of agreement.
    """

    tokens: tuple[int, ...]
    prompt_tokens: int
    shares: tuple[float, ...]
    traits: tuple[float, ...]
    familiarity: float
    hardness: float
    prospects: tuple[float, ...] = ()
