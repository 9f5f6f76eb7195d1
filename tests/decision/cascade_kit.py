"""Four models, what was learnt about cascades of them, and the decision on a request to them."""

from typing import Any

from router.decision.choose import choose
from router.decision.experience import Experience, ObservedAnswer
from router.decision.policy import Circumstances
from router.decision.verdicts import Observed
from router.domain.cascade import CascadeTerms, CascadeUse, Prospects, StepRecipe
from router.domain.category import Category
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.model import Model
from tests.decision.catalogs import NOBODY, policy
from tests.decision.prospects import Told, prospect, recognised
from tests.domain.builders import catalog, features, model

TOP = model("top", price=("3", "15"), p=0.90)
MIDDLE = model("middle", price=("0.6", "2.4"), p=0.80)
SMALL = model("small", price=("0.1", "0.2"), p=0.70)
TINY = model("tiny", price=("0.05", "0.1"), p=0.60)
ALL = catalog(TOP, MIDDLE, SMALL, TINY)
AUTO = CascadeTerms(use=CascadeUse.AUTO)
SETTLES = prospect(0.6, 0.01, p_accept_sd=0.02, gain_sd=0.005)
KNOWN = Told({("middle", "small"): SETTLES})


def deciding(
    known: Prospects | None = KNOWN,
    who: Circumstances = NOBODY,
    *,
    what: Features | None = None,
    models: dict[str, Model] = ALL,
    experience: Experience | None = None,
    seen: Observed | None = None,
    others: dict[str, Model] | None = None,
    stored: tuple[str, ...] = (),
    **terms: Any,
) -> Decision:
    return choose(
        recognised(what or features(), known),
        who,
        policy(**{"within": 0.02, "cascade": AUTO, **terms}),
        models,
        experience or Experience(),
        stored,
        known=others or {},
        verdicts=seen,
    )


def told(decision: Decision) -> str:
    """A decision as a line: the steps, the final model, who follows; or who answers alone, and why."""
    follow = " ".join(each.model.id for each in decision.fallbacks)
    if decision.cascade is None:
        return f"{decision.chosen.model.id} | {'; '.join(decision.no_cascade)}"
    steps = ["+".join(c.model.id for c in step.candidates) for step in decision.cascade.steps]
    return f"{' > '.join([*steps, decision.chosen.model.id])} | {follow}"


def always(*steps: StepRecipe, **terms: Any) -> CascadeTerms:
    return CascadeTerms(use=CascadeUse.ALWAYS, steps=steps, **terms)


def automatic(*steps: StepRecipe) -> CascadeTerms:
    return CascadeTerms(use=CascadeUse.AUTO, steps=steps)


def observed(**seconds: float) -> Experience:
    """Answers of a hundred tokens that took so long, a quarter of it until their first content."""
    experience = Experience()
    for name, total_s in seconds.items():
        for _ in range(20):
            experience.observe(
                ALL[name],
                Category.CHAT,
                ObservedAnswer(
                    output_tokens=100, first_content_s=total_s / 4, total_s=total_s, at_s=0.0
                ),
            )
    return experience
