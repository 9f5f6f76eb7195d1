"""The examples of policies: each is decided, and compared with what it expects."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from router.config.catalog import simulated_catalog
from router.config.policy.policies import LoadedPolicy
from router.config.policy.schema import ExampleFromSection, ExampleSection, ExpectSection
from router.config.settings import Settings
from router.decision.resolve import AUTO_PREFIX
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision
from router.domain.errors import ApiError
from router.domain.members import replace
from router.domain.turns import finished
from router.pipeline.judge import Judge
from router.pipeline.overriding import overriding
from router.pipeline.request_context import Caller
from router.wire.chat import parse_chat


class ExampleResult(Struct, frozen=True):
    """How an example went; `failure` is empty if it held."""

    name: str
    failure: str


def check_examples(settings: Settings, configured: Judge) -> Iterator[ExampleResult]:
    """Every example of every policy, decided and compared with what it expects; `configured` is for these settings.

    Examples on simulated models do not depend on what was learnt: neither own answers nor an artefact move them.
    """
    simulated = replace(configured, catalog=DatedCatalog.of(simulated_catalog()), quality=None)
    for loaded in settings.policies.values():
        for example in loaded.examples:
            judge = simulated if loaded.on_simulated else configured
            name = f"{loaded.policy.name}: {example.name}"
            yield ExampleResult(name, _failure(loaded, example, judge))


def _failure(loaded: LoadedPolicy, example: ExampleSection, judge: Judge) -> str:
    try:
        request = parse_chat(_request_of(loaded.policy.name, example.request))
        caller = overriding(request, _caller(example.sent))
        context = finished(judge.request_context(request, caller, loaded.policy, (), ()))
        decision = judge.judged(context)
    except ApiError as error:
        return "" if example.expect.reason == error.code else f": {error.message}"
    found = _facts(decision, example.expect)
    wrong = [
        f"expected {name} {want}, got {got}" for name, (want, got) in found.items() if want != got
    ]
    return f": {'; '.join(wrong)}" if wrong else ""


def _request_of(policy: str, sketch: Mapping[str, Any]) -> bytes:
    """A sketch (`prompt:` and any fields of a request) as a complete request to the policy."""
    fields = {name: value for name, value in sketch.items() if name != "prompt"}
    if "prompt" in sketch:
        fields["messages"] = [{"role": "user", "content": sketch["prompt"]}]
    # Not by orjson, which raises for what a client can send and YAML can state: a number of twenty digits.
    return json.dumps({"model": AUTO_PREFIX + policy, **fields}, default=str).encode()


def _facts(decision: Decision, expect: ExpectSection) -> dict[str, tuple[str, str]]:
    """What was expected and what came out, for everything that was expected."""
    chosen = decision.chosen.model
    tag = expect.tag if expect.tag in chosen.tags else f"none of {', '.join(sorted(chosen.tags))}"
    got = {
        "model": chosen.id,
        "category": decision.features.category.value,
        "rule": decision.rule,
        "reason": decision.reason.value,
        "tag": tag or "",
    }
    wanted = expect.model_dump(exclude_none=True)
    return {name: (want, got[name]) for name, want in wanted.items()}


def _caller(sent: ExampleFromSection) -> Caller:
    return Caller(
        "",
        sent.key,
        sent.tags,
        headers={name.lower(): text for name, text in sent.headers.items()},
        budget_left=sent.budget_left,
        unix_s=None if sent.time is None else sent.time.timestamp(),
    )
