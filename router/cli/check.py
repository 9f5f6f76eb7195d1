"""`farthing check`: is the configuration sound, and do the policies do what their examples say?"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from router.app import dry_pipeline, real_world
from router.cli.options import add_config, settings_of
from router.config.catalog import simulated_catalog
from router.config.policies import LoadedPolicy
from router.config.policy_schema import ExampleSection, ExpectSection
from router.config.problems import nearest
from router.config.settings import Settings
from router.decision.policy import REFERENCE_ASKED, REFERENCE_BEST, Terms
from router.decision.resolve import AUTO_PREFIX
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision
from router.domain.errors import ApiError
from router.pipeline.flow import Pipeline
from router.pipeline.visit import Caller
from router.wire.chat import parse_chat

HELP = "check the configuration and run every policy's examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 when an example fails. Problems of the files raise ConfigError."""
    settings = settings_of(args)
    console = Console()
    console.print(
        f"{escape(str(settings.file))}: {len(settings.catalog)} models,"
        f" {len(settings.upstreams)} upstreams, {len(settings.policies)} policies"
    )
    for note in (*settings.notes, *_remarks(settings)):
        console.print(f"  note: {escape(note)}", soft_wrap=True)
    failures = 0
    for result in check_examples(settings):
        failures += bool(result.failure)
        mark = "[red]wrong[/]" if result.failure else "[green]ok[/]"
        console.print(f"  {mark} {escape(result.name)}{escape(result.failure)}", soft_wrap=True)
    console.print("All examples hold." if not failures else f"{failures} examples fail.")
    return 1 if failures else 0


@dataclass(frozen=True, slots=True)
class Result:
    """How an example went; `failure` is empty when it held."""

    name: str
    failure: str


def check_examples(settings: Settings) -> Iterator[Result]:
    """Every example of every policy, decided and compared with what it expects."""
    pipeline = dry_pipeline(settings, real_world())
    judge = replace(pipeline.judge, catalog=DatedCatalog.of(simulated_catalog()))
    simulated = replace(pipeline, judge=judge)
    for loaded in settings.policies.values():
        for example in loaded.examples:
            within = simulated if loaded.on_simulated else pipeline
            name = f"{loaded.policy.name}: {example.name}"
            yield Result(name, _failure(loaded, example, within))


def _failure(loaded: LoadedPolicy, example: ExampleSection, pipeline: Pipeline) -> str:
    try:
        request = parse_chat(_request_of(loaded.policy.name, example.request))
        decision = pipeline.decide(request, Caller(""))
    except ApiError as error:
        return "" if example.expect.reason == error.code else f": {error.message}"
    found = _facts(decision, example.expect)
    wrong = [
        f"expected {name} {want}, got {got}" for name, (want, got) in found.items() if want != got
    ]
    return f": {'; '.join(wrong)}" if wrong else ""


def _request_of(policy: str, sketch: Mapping[str, Any]) -> bytes:
    """A sketch (`prompt:` and any fields of a request) as a whole request to the policy."""
    fields = {name: value for name, value in sketch.items() if name != "prompt"}
    if "prompt" in sketch:
        fields["messages"] = [{"role": "user", "content": sketch["prompt"]}]
    return orjson.dumps({"model": AUTO_PREFIX + policy, **fields})


def _facts(decision: Decision, expect: ExpectSection) -> dict[str, tuple[str, str]]:
    """What was expected beside what came out, for everything that was expected."""
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


def _remarks(settings: Settings) -> Iterator[str]:
    """What is allowed and yet probably not meant: models named by a policy that are not there."""
    for name, loaded in settings.policies.items():
        for terms in (loaded.policy.terms, *(rule.terms for rule in loaded.policy.rules)):
            for model_id in sorted(_named(terms) - set(settings.catalog)):
                hint = nearest(model_id, settings.catalog)
                yield f"policy {name} names the model '{model_id}', which is not in the catalog now{hint}"


def _named(terms: Terms) -> frozenset[str]:
    reference = {terms.reference} - {REFERENCE_ASKED, REFERENCE_BEST}
    return terms.pool.ids | reference
