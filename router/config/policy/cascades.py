"""What policies say about cascades: sections into terms, and the models that they name."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from router.config.policy.schema import CascadeSection, HedgeSection, TermsSection
from router.config.yaml_file import Place, YamlFile
from router.decision.policy import Terms
from router.domain.cascade import CascadeTerms, CascadeUse
from router.domain.errors import Problem
from router.domain.hedge import Hedge
from router.domain.members import replace
from router.domain.nearest import nearest

REFERENCE = "reference"
"""Written as the final model, this means whichever model is the reference."""


class Contradiction(ValueError):
    """Keys of a policy that make no sense together; `key` is the one to report."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


def strategy_of(base: Terms, section: TermsSection) -> dict[str, Any]:
    """The terms for how many models a request asks, as far as `section` states them.

    Hedge and cascade replace each other; the steps of an inactive cascade are kept for a rule that activates it.
    Raises Contradiction.
    """
    hedges = section.hedge is not None or section.strategy == "hedge"
    cascades = section.cascade is not None or section.strategy == "cascade"
    cascade = _off(base.cascade)
    if cascades:
        cascade = _cascade(base.cascade, section.cascade or CascadeSection())
    _check(section, is_wanted=cascades and cascade.use is not CascadeUse.NEVER)
    if hedges:
        return {"hedge": _hedge(base.hedge, section.hedge or HedgeSection()), "cascade": cascade}
    if section.strategy == "single" or cascade.use is not CascadeUse.NEVER:
        return {"hedge": None, "cascade": cascade}
    return {"cascade": cascade} if cascades else {}


def _check(section: TermsSection, *, is_wanted: bool) -> None:
    """Raise Contradiction if two strategies are stated at once."""
    stated = {"hedge": section.hedge is not None, "cascade": is_wanted}
    for name in (name for name, is_stated in stated.items() if is_stated):
        if section.strategy not in (None, name):
            raise Contradiction(
                "strategy", f"'strategy: {section.strategy}' does not go with '{name}'"
            )
    if all(stated.values()):
        raise Contradiction("hedge", "'hedge' does not go with 'cascade': write only one of them")


def unknown_models(file: YamlFile, known: Collection[str]) -> Iterator[Problem]:
    """Problems for models that the steps of a sound policy file name but that are not `known`."""
    for place, name in _named(file.data):
        if name not in known:
            yield file.problem(place, f"there is no model '{name}'{nearest(name, known)}")


def _hedge(base: Hedge | None, section: HedgeSection) -> Hedge:
    """What is stated, and else what held before, or the defaults where nothing did."""
    stated = section.model_fields_set
    if base is None:
        return Hedge(section.after_quantile, section.share)
    return Hedge(
        section.after_quantile if "after_quantile" in stated else base.quantile,
        section.share if "share" in stated else base.share,
    )


def _off(terms: CascadeTerms) -> CascadeTerms:
    return replace(terms, use=CascadeUse.NEVER)


def _cascade(base: CascadeTerms, section: CascadeSection) -> CascadeTerms:
    """`base` with what is stated; a rule may limit a cascade without repeating its steps."""
    stated = {name: getattr(section, name) for name in section.model_fields_set}
    if base.use is CascadeUse.NEVER:
        stated.setdefault("use", section.use)
    if "steps" in stated:
        stated["steps"] = tuple(step.as_recipe() for step in section.steps)
    if "final" in stated:
        stated["final"] = "" if section.final == REFERENCE else section.final
    if stated.get("use", base.use) is CascadeUse.ALWAYS and not stated.get("steps", base.steps):
        raise Contradiction("cascade", "'use: always' needs 'steps'")
    return replace(base, **stated)


def _named(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every model that a cascade in the file names, with its place."""
    yield from _named_by(data.get("cascade"), ("cascade",))
    for index, rule in enumerate(data.get("rules") or ()):
        yield from _named_by(rule["then"].get("cascade"), ("rules", index, "then", "cascade"))


def _named_by(cascade: Mapping[str, Any] | None, place: Place) -> Iterator[tuple[Place, str]]:
    stated = cascade or {}
    if (final := stated.get("final", REFERENCE)) != REFERENCE:
        yield (*place, "final"), final
    for index, step in enumerate(stated.get("steps") or ()):
        here = (*place, "steps", index)
        yield from (((*here, "models", n), name) for n, name in enumerate(step["models"]))
        accept = step.get("accept", ())
        for check in accept if isinstance(accept, list) else [accept]:
            if isinstance(check, dict) and "judge" in check:
                yield (*here, "accept"), check["judge"]
