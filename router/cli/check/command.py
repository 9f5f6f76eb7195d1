"""`farthing check`: is the configuration sound, and do the policies do what their examples say?"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from router.app import dry_pipeline, real_world
from router.cli.arguments.options import add_config, settings_of
from router.cli.check.doubts import doubts_about
from router.cli.check.examples import check_examples
from router.cli.output.saying import counted
from router.config.embeddings import embeddings_of
from router.config.policy.cascades import unknown_models
from router.config.policy.policies import LoadedPolicy, load_policies
from router.config.settings import Settings
from router.config.yaml_file import Place, shown
from router.decision.resolve import PolicyBook
from router.domain.errors import ConfigError, Problem
from router.domain.members import replace
from router.pipeline.judge import Judge


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
    _print_summary(settings, console)
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


def _print_summary(settings: Settings, console: Console) -> None:
    """How much there is in the files, and what is to be noted of it."""
    vectors = f" and {len(settings.vectors)} for embeddings" if settings.vectors else ""
    console.print(
        f"{escape(str(settings.file))}: {counted(len(settings.catalog), 'model')}{vectors},"
        f" {counted(len(settings.upstreams), 'upstream')},"
        f" {counted(len(settings.policies), 'policy', 'policies')}",
        soft_wrap=True,
    )
    for note in settings.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True)


def _failing(examples: int) -> str:
    return "1 example fails." if examples == 1 else f"{examples} examples fail."


def with_policies_of(folder: Path, settings: Settings) -> Settings:
    """The settings with other policies. Raises ConfigError that lists everything wrong in them."""
    policies, problems = load_policies(folder)
    if not policies and not problems:
        problems.append(Problem(str(folder), "", "has no policies, which are files named *.yaml"))
    for loaded in policies.values():
        problems.extend(unknown_models(loaded.file, settings.known))
    if settings.cache.embeddings is None:
        problems.extend(_vectors_missing(policies, settings))
    if problems:
        raise ConfigError(tuple(problems))
    named = {name: loaded.policy for name, loaded in policies.items()}
    book = PolicyBook(named, default=next(iter(named), ""))
    return replace(settings, policies=policies, book=book)


def _vectors_missing(policies: Mapping[str, LoadedPolicy], settings: Settings) -> Iterator[Problem]:
    found = list[tuple[Place, str]]()
    embeddings_of(None, settings.upstreams, policies, lambda place, why: found.append((place, why)))
    return (Problem(str(settings.file), shown(place), why) for place, why in found)


def judge_of(settings: Settings) -> Judge:
    """The judge for these settings; it takes a tenth of a second to make."""
    return dry_pipeline(settings, real_world()).judge
