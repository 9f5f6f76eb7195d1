"""`farthing check`: is the configuration sound, and do the policies do what their examples say?"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from router.app import dry_pipeline, real_world
from router.cli.arguments.options import add_config, settings_of
from router.cli.check.constancy import constant_policies
from router.cli.output.saying import counted
from router.config.catalog import simulated_catalog
from router.config.load import may_have_keys
from router.config.policies import LoadedPolicy, load_policies
from router.config.policy_schema import ExampleFromSection, ExampleSection, ExpectSection
from router.config.settings import Settings
from router.decision.lint import Surroundings, findings, of_routes
from router.decision.resolve import AUTO_PREFIX, PolicyBook
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision
from router.domain.errors import ApiError, ConfigError
from router.domain.members import replace
from router.domain.turns import finished
from router.pipeline.judge import Judge
from router.pipeline.visit import Caller
from router.wire.chat import parse_chat


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    add_config(parser)
    parser.add_argument(
        "--policies", metavar="FOLDER", type=Path, help="check the policies of this folder instead"
    )
    parser.add_argument(
        "--strict", action="store_true", help="also fail if something is allowed but doubtful"
    )


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if an example fails. Problems in the files raise ConfigError."""
    settings = settings_of(args)
    if args.policies is not None:
        settings = with_policies_of(args.policies, settings)
    console = Console()
    vectors = f" and {len(settings.vectors)} for embeddings" if settings.vectors else ""
    console.print(
        f"{escape(str(settings.file))}: {counted(len(settings.catalog), 'model')}{vectors},"
        f" {counted(len(settings.upstreams), 'upstream')},"
        f" {counted(len(settings.policies), 'policy', 'policies')}",
        soft_wrap=True,
    )
    for note in settings.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True)
    judge = judge_of(settings)
    doubts = list(doubts_about(settings, judge))
    for doubt in doubts:
        console.print(f"  [yellow]doubtful[/] {escape(doubt)}", soft_wrap=True)
    failures = 0
    for result in check_examples(settings, judge):
        failures += bool(result.failure)
        mark = "[red]wrong[/]" if result.failure else "[green]ok[/]"
        console.print(f"  {mark} {escape(result.name)}{escape(result.failure)}", soft_wrap=True)
    console.print("All examples pass." if not failures else _failing(failures))
    return 1 if failures or (doubts and args.strict) else 0


def _failing(examples: int) -> str:
    return "1 example fails." if examples == 1 else f"{examples} examples fail."


def with_policies_of(folder: Path, settings: Settings) -> Settings:
    """The settings with other policies. Raises ConfigError that lists everything wrong in them."""
    policies, problems = load_policies(folder)
    if problems:
        raise ConfigError(tuple(problems))
    named = {name: loaded.policy for name, loaded in policies.items()}
    book = PolicyBook(named, default=next(iter(named), ""))
    return replace(settings, policies=policies, book=book)


def judge_of(settings: Settings) -> Judge:
    """The judge for these settings; it takes a tenth of a second to make."""
    return dry_pipeline(settings, real_world()).judge


def doubts_about(settings: Settings, judge: Judge) -> Iterator[str]:
    """What is allowed in policies and routes but probably a mistake; `judge` is for these settings."""
    yield from settings.learnt.troubles
    if settings.local.trouble:
        yield settings.local.trouble
    yield from of_routes(settings.book, settings.known)
    keys = _keys(settings)
    has_budgets = keys is None or _has_budgets(settings)
    around = Surroundings(settings.catalog, keys, has_budgets, judge.quality is not None)
    for loaded in settings.policies.values():
        yield from map(str, findings(loaded.policy, around))
    yield from constant_policies(settings, judge)


def _keys(settings: Settings) -> frozenset[str] | None:
    """The names of all keys; None if some are in the database."""
    if may_have_keys(settings.ledger):
        return None
    return frozenset(key.name for key in settings.keys)


def _has_budgets(settings: Settings) -> bool:
    """Whether anything configured has a budget; keys in the database may have one, too."""
    own = any(key.grants.budgets for key in settings.keys)
    return own or bool(settings.rulebook.budgets)


@dataclass(frozen=True, slots=True)
class ExampleResult:
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
        visit = finished(judge.visiting(request, _caller(example.sent), loaded.policy, (), ()))
        decision = judge.judged(visit)
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
    return orjson.dumps({"model": AUTO_PREFIX + policy, **fields})


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
