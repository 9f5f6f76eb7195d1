"""What is allowed in policies and routes, and probably a mistake."""

from collections.abc import Iterator

from router.cli.check.constancy import constant_policies
from router.config.settings import Settings
from router.config.stored_keys import may_have_keys
from router.decision.lint import Surroundings, findings, of_routes
from router.dispatch.plan import Effort
from router.domain.deadlines import Deadlines
from router.pipeline.judge import Judge


def doubts_about(settings: Settings, judge: Judge) -> Iterator[str]:
    """Each as a sentence that names its place; `judge` is for these settings."""
    yield from settings.learnt.troubles
    if settings.local.trouble:
        yield settings.local.trouble
    yield from of_routes(settings.book, settings.known)
    keys = _keys(settings)
    has_budgets = keys is None or _has_budgets(settings)
    around = Surroundings(
        settings.catalog,
        keys,
        has_budgets,
        goes_by_prompts=judge.quality is not None,
        deadlines=_deadlines(settings.serving.effort),
    )
    for loaded in settings.policies.values():
        yield from map(str, findings(loaded.policy, around))
    yield from constant_policies(settings, judge)


def _deadlines(effort: Effort) -> Deadlines:
    return Deadlines(effort.first_content_s, effort.stall_s, effort.total_s)


def _keys(settings: Settings) -> frozenset[str] | None:
    """The names of all keys; None if some are in the database."""
    if may_have_keys(settings.ledger):
        return None
    return frozenset(key.name for key in settings.keys)


def _has_budgets(settings: Settings) -> bool:
    """Whether anything configured has a budget; keys in the database may have one, too."""
    own = any(key.grants.budgets for key in settings.keys)
    return own or bool(settings.rulebook.budgets)
