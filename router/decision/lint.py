"""What is allowed in a policy but is probably a mistake: rules that never apply, models that never answer.

Every finding is certain: what merely could be wrong is not reported.
"""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import combinations

from msgspec import Struct

from router.decision.lint_cascade import of_cascade
from router.decision.policy import REFERENCE_ASKED, REFERENCE_BEST, Policy, Rule, Terms
from router.decision.predicates import AllOf, AtLeast, AtMost, OneOf, is_covered
from router.decision.resolve import PolicyBook, is_of_policy
from router.domain.category import Category
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.few import few
from router.domain.model import Model
from router.domain.money import Money
from router.domain.nearest import nearest


class Surroundings(Struct, frozen=True):
    """What surrounds a policy: the models, the names of all keys, and whether there are budgets.

    `keys` is None if it is not known which keys there are. `goes_by_prompts` says that an artefact adjusts what is
    predicted of a model to each prompt. `deadlines` are the server's own.
    """

    catalog: Mapping[str, Model]
    keys: Collection[str] | None = None
    has_budgets: bool = True
    goes_by_prompts: bool = False
    deadlines: Deadlines = NO_DEADLINES


class Finding(Struct, frozen=True):
    """Something about a policy, or about one of its rules (by name, "" for the policy itself)."""

    policy: str
    rule: str
    text: str

    def __str__(self) -> str:
        """As it is told to whoever wrote the policy."""
        rule = f", rule '{self.rule}'" if self.rule else ""
        return f"policy {self.policy}{rule}: {self.text}"


def findings(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    """All findings about `policy` in these surroundings."""
    for text in _of_terms(policy.terms, around):
        yield Finding(policy.name, "", text)
    for place, rule in enumerate(policy.rules):
        for text in _of_rule(rule, policy, policy.rules[:place], around):
            yield Finding(policy.name, rule.name, text)


# ------------------------------------------------------------------------------------- rules


def _of_rule(
    rule: Rule, policy: Policy, earlier: tuple[Rule, ...], around: Surroundings
) -> Iterator[str]:
    if why := _why_never(rule, earlier, around):
        yield f"never applies: {why}"
        return
    if rule.terms == policy.terms:
        yield "changes nothing: it asks for what the policy asks for anyway"
    said = frozenset(_of_terms(policy.terms, around))
    yield from (text for text in _of_terms(rule.terms, around) if text not in said)
    yield from _incapable(rule, around)


def _why_never(rule: Rule, earlier: tuple[Rule, ...], around: Surroundings) -> str:
    for first, second in combinations(rule.conditions, 2):
        if first.clashes(second):
            return "no request can meet all of its conditions"
    for before in earlier:
        if all(any(c.covers(own) for own in rule.conditions) for c in before.conditions):
            return f"rule '{before.name}' comes before it and matches every request that it would"
    return _why_not_here(rule, around)


def _why_not_here(rule: Rule, around: Surroundings) -> str:
    """Why no request can meet the rule in these surroundings, "" if one can."""
    for condition in rule.conditions:
        match condition:
            case OneOf(about="key", wanted=wanted) if _is_nobody(condition, around.keys):
                return f"there is no key '{min(wanted)}'{nearest(min(wanted), around.keys or ())}"
            case AtMost(about="budget_left", most=most) if most < 1 and not around.has_budgets:
                return "there are no budgets"
    return ""


def _is_nobody(condition: OneOf, keys: Collection[str] | None) -> bool:
    return keys is not None and not any(condition.is_met(key) for key in keys)


def _incapable(rule: Rule, around: Surroundings) -> Iterator[str]:
    """Findings about models that the rule allows but its own conditions rule out."""
    allowed = _allowed(rule.terms, around)
    for condition in rule.conditions:
        match condition:
            case AllOf(about="needs", wanted=wanted):
                lacking = [m.id for m in allowed if not wanted <= m.capabilities]
                yield from _ruled_out(lacking, allowed, f"do not offer {', '.join(sorted(wanted))}")
            case AtLeast(about="prompt_tokens", least=least):
                short = [m.id for m in allowed if m.context_tokens <= least]
                yield from _ruled_out(short, allowed, f"have no room for {least:.0f} tokens")


def _ruled_out(out: list[str], allowed: list[Model], why: str) -> Iterator[str]:
    if out and len(out) == len(allowed):
        yield f"no model may answer: all models that it allows {why}"
    elif out:
        yield f"of the models that it allows {few(out)} {why}, and are never chosen there"


# ------------------------------------------------------------------------------------- terms


def _of_terms(terms: Terms, around: Surroundings) -> Iterator[str]:
    fallbacks = terms.fall_back_to if isinstance(terms.fall_back_to, tuple) else ()
    named = terms.pool.ids | {terms.reference, *fallbacks}
    for model_id in sorted(named - {REFERENCE_ASKED, REFERENCE_BEST}):
        if model_id not in around.catalog:
            hint = nearest(model_id, around.catalog)
            yield f"names the model '{model_id}', which is not in the catalog now{hint}"
    yield from _unknown_tags(terms, around)
    yield from _too_late(terms, around.deadlines)
    allowed = _allowed(terms, around)
    if not allowed:
        yield f"allows none of the models ({_pool_in_words(terms)})"
        return
    if kept_out := [each for each in fallbacks if each not in {model.id for model in allowed}]:
        yield f"falls back to models that it does not allow: {few(kept_out)}"
    floor = None if around.goes_by_prompts else terms.floor
    if floor is not None and not _is_ever_reached(floor, allowed):
        yield f"no model that it allows is ever predicted to reach its floor of {floor:g}"
    if terms.ceiling is not None and all(_least_cost(m) > terms.ceiling for m in allowed):
        yield f"no model that it allows can answer even one token below its ceiling of {terms.ceiling} USD"
    yield from of_cascade(terms, allowed, around.catalog)


def _too_late(terms: Terms, servers: Deadlines) -> Iterator[str]:
    """Deadlines and targets that nothing reaches: milliseconds may have been taken for seconds."""
    targets = Deadlines(terms.first_content_s, total_s=terms.total_s)
    for what, own in (("deadlines", terms.deadlines), ("latency", targets)):
        for name in ("first_content_s", "stall_s", "total_s"):
            stated, most = getattr(own, name), getattr(servers, name)
            if stated is not None and most is not None and stated > most:
                yield (
                    f"'{what}: {{{name}: {stated:g}}}' has no effect: the {most:g} s of"
                    f" 'server.timeouts.{name}' end earlier"
                )


def _unknown_tags(terms: Terms, around: Surroundings) -> Iterator[str]:
    """Tags that rule out no model: with a misspelt one, those that it was to rule out may answer."""
    places = (place for model in around.catalog.values() for place in (model, *model.replicas))
    known = frozenset[str]().union(*(place.tags for place in places))
    for tag in sorted(terms.pool.without_tags - known):
        yield f"rules out the tag '{tag}', which no model has now{nearest(tag, known)}"


def _allowed(terms: Terms, around: Surroundings) -> list[Model]:
    usable = (terms.pool.within(model) for _, model in sorted(around.catalog.items()))
    return [model for model in usable if terms.pool.allows(model)]


def _pool_in_words(terms: Terms) -> str:
    pool = terms.pool
    parts = {"ids": pool.ids, "with tags": pool.with_tags, "without tags": pool.without_tags}
    return "; ".join(f"{name} {', '.join(sorted(words))}" for name, words in parts.items() if words)


def _is_ever_reached(floor: float, models: list[Model]) -> bool:
    return any(model.abilities[each].p >= floor for model in models for each in Category)


def _least_cost(model: Model) -> Money:
    return model.price.charge_uncached(1, 1)


# ------------------------------------------------------------------------------------ routes


def of_routes(book: PolicyBook, catalog: Mapping[str, Model]) -> Iterator[str]:
    """Findings about the routes for the names that clients send."""
    patterns = list(book.routes)
    for place, (pattern, route) in enumerate(book.routes.items()):
        if is_of_policy(pattern):
            yield f"route '{pattern}' is never taken: 'auto' is the default policy, 'auto:NAME' a named one"
            continue
        before = next((p for p in patterns[:place] if is_covered(pattern, (p,))), None)
        if before is not None:
            yield f"route '{pattern}' is never taken: '{before}' comes before it and matches the same names"
        if route.reference and route.reference not in catalog:
            hint = nearest(route.reference, catalog)
            yield f"route '{pattern}' stands for '{route.reference}', which is not in the catalog now{hint}"
        if not route.reference and not any(fnmatchcase(model_id, pattern) for model_id in catalog):
            yield (
                f"route '{pattern}' names no model in the catalog, so the best model that may answer is"
                f" the reference; write {{policy: {route.policy}, reference: ...}} to set another"
            )
