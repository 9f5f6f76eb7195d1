"""What is allowed in a policy's cascade but is probably a mistake: steps that are never asked, or cannot pay."""

from collections.abc import Iterator, Mapping, Sequence

from router.decision.policy import REFERENCE_ASKED, REFERENCE_BEST, Terms
from router.domain.cascade import CascadeTerms, CascadeUse, StepRecipe
from router.domain.model import Model
from router.domain.money import Money
from router.domain.nearest import nearest
from router.domain.objective import Aim

_TYPICAL = (1000, 500)
"""Tokens of the prompt and the answer for which prices are compared."""


def of_cascade(
    terms: Terms, allowed: Sequence[Model], catalog: Mapping[str, Model]
) -> Iterator[str]:
    """Findings about the cascade that `terms` want, where only the `allowed` models may answer."""
    cascade = terms.cascade
    if cascade.use is CascadeUse.NEVER:
        return
    usable = {model.id: model for model in allowed}
    yield from _of_final(cascade, usable, catalog)
    for number, recipe in enumerate(cascade.steps, 1):
        yield from (f"step {number} {told}" for told in _of_step(recipe, terms, usable, catalog))
    if cascade.use is CascadeUse.AUTO and terms.objective.aim in (Aim.FASTEST, Aim.FASTEST_START):
        yield "wants the fastest answer, and so never uses the cascade that it allows"


def _of_final(
    cascade: CascadeTerms, usable: Mapping[str, Model], catalog: Mapping[str, Model]
) -> Iterator[str]:
    final = cascade.final
    if final and final not in catalog:
        hint = nearest(final, catalog)
        yield f"ends cascades with the model '{final}', which is not in the catalog now{hint}"
    elif final and final not in usable:
        yield f"ends cascades with {final}, which it does not allow"


def _of_step(
    recipe: StepRecipe, terms: Terms, usable: Mapping[str, Model], catalog: Mapping[str, Model]
) -> Iterator[str]:
    names = tuple(dict.fromkeys(recipe.models))
    judges = [check.judge for check in recipe.checks if check.judge]
    for name in (*names, *judges):
        if name not in catalog:
            yield f"names the model '{name}', which is not in the catalog now{nearest(name, catalog)}"
    asked = dict.fromkeys((*names, *judges))
    if kept_out := [name for name in asked if name in catalog and name not in usable]:
        yield f"is never asked: it names models that the policy does not allow, {', '.join(kept_out)}"
    final = _final_of(terms, usable)
    if final is None or any(name not in usable for name in names):
        return
    if final.id in names:
        yield f"asks {final.id}, which is the final model anyway"
    together = sum((_cost(usable[name]).pico for name in recipe.models), 0)
    if together >= _cost(final).pico:
        yield f"costs no less than {final.id} alone, at the prices of a typical answer"


def _final_of(terms: Terms, usable: Mapping[str, Model]) -> Model | None:
    """The model behind the steps, where the policy itself says which."""
    named = terms.cascade.final or terms.reference
    return None if named in (REFERENCE_ASKED, REFERENCE_BEST) else usable.get(named)


def _cost(model: Model) -> Money:
    return model.price.charge_uncached(*_TYPICAL)
