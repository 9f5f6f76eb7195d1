"""Policies that decide nothing, judging by the ledger's recorded requests or the shipped sample."""

from collections.abc import Iterator

from router.cli.books import ledger_as_it_is
from router.cli.traffic.files import cases, known, sample, understanding
from router.cli.traffic.ledger import from_ledger
from router.config.presence import may_exist
from router.config.settings import Settings
from router.decision.compare import TrialRequest
from router.decision.constant import LEAST_REQUESTS, constant_choice
from router.domain.errors import FarthingError
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller

_MOST = 2000
"""How many of the newest requests are read: enough to tell, and quick to read."""


def constant_policies(settings: Settings, judge: Judge) -> Iterator[str]:
    """Findings about policies that would always choose the same model."""
    found, source = _recorded(settings, judge)
    if len(found) < LEAST_REQUESTS:
        found, source = _sampled(settings, judge), "the shipped sample"
    for loaded in settings.policies.values():
        model = constant_choice(loaded.policy, found, judge.models, judge.experience)
        if model is not None:
            yield (
                f"policy {loaded.policy.name}: decides nothing: of the {len(found)} requests of"
                f" {source} it would send every one that it answers to {model}"
            )


def _recorded(settings: Settings, judge: Judge) -> tuple[list[TrialRequest], str]:
    if not settings.ledger.url and not may_exist(settings.ledger.path):
        return [], ""
    try:
        gathered = from_ledger(settings, judge, "", _MOST, ledger_as_it_is)
    except FarthingError:
        return [], ""
    return [each for each in gathered.cases if isinstance(each, TrialRequest)], gathered.source


def _sampled(settings: Settings, judge: Judge) -> list[TrialRequest]:
    policies = [loaded.policy for loaded in settings.policies.values()]
    if not policies:
        return []
    every, _ = known(cases(sample(), understanding(judge, Caller(""), *policies)))
    return list(every)
