"""`farthing try`: which decisions another policy would change, and at what cost and quality. Nothing is sent."""

import argparse
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from router.app import dry_pipeline, real_world
from router.cli.arguments.named_key import named_key
from router.cli.arguments.options import add_caller, add_config, day, dry_settings_of
from router.cli.arguments.reading import expects, whole
from router.cli.output.documents import print_json
from router.cli.output.page import TRIAL, write_page
from router.cli.traffic.files import (
    GatheredRequests,
    cases,
    known,
    read_file,
    sample,
    understanding,
)
from router.cli.traffic.ledger import MOST, first_day, from_ledger
from router.cli.trial.forms import Trial, document
from router.cli.trial.table import print_trial
from router.config.policy.drafts import load_draft
from router.config.settings import Settings
from router.decision.compare import TrialTotals, compared, totals
from router.decision.policy import Policy
from router.domain.errors import FarthingError
from router.domain.nearest import nearest
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller

SAMPLE = "the shipped sample"

Item = TypeVar("Item")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `try`."""
    add_config(parser)
    for name, what in (("old", "the policy to compare with"), ("new", "the policy to try")):
        parser.add_argument(name, metavar=name.upper(), help=f"{what}: its name, or a policy file")
    _add_source(parser)
    add_caller(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, with every change")
    form.add_argument("--html", type=Path, metavar="FILE", help="also write a page, as one file")
    _add_guards(parser)


def _add_source(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--file",
        "-f",
        metavar="FILE",
        help="chat requests as JSON lines, as a JSON list or as a batch file of OpenAI's"
        " ('-' reads standard input; default: the shipped sample)",
    )
    source.add_argument(
        "--ledger", action="store_true", help="the requests whose decisions the ledger has kept"
    )
    parser.add_argument(
        "--since",
        type=_since,
        metavar="WHEN",
        help="with --ledger: from this day on (YYYY-MM-DD, UTC), or the last N days, today's included: 7d",
    )
    parser.add_argument(
        "--most",
        type=whole(1, 999_999_999),
        metavar="N",
        help=f"with --ledger: at most this many, newest first (default: {MOST:,})",
    )


def _add_guards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-if-quality-drops",
        type=_amount,
        metavar="BY",
        help="exit with 1 if mean predicted quality falls by more than this: 0.01",
    )
    parser.add_argument(
        "--fail-if-cost-rises",
        type=_amount,
        metavar="BY",
        help="exit with 1 if the expected cost rises by more than this share: 0.05",
    )


def _amount(text: str) -> float:
    with suppress(ValueError):
        if 0.0 <= (amount := float(text)) < inf:
            return amount
    raise argparse.ArgumentTypeError(f"must be a number >= 0, not {text!r}")


@expects("a day, YYYY-MM-DD, or a number of days, 7d")
def _since(text: str) -> str:
    """A day, or a number of days as `7d`."""
    return text if re.fullmatch(r"[1-9]\d{0,4}d", text) else day(text)


def run(args: argparse.Namespace) -> int:
    """Print what changes; 1 if that is more than the guards allow."""
    trial = _tried(args)
    if args.json:
        print_json(document(trial))
    else:
        print_trial(trial, Console())
    if args.html:
        write_page(args.html, document(trial, most_changes=1000), TRIAL)
    complaints = tuple(_complaints(totals(trial.pairs), args))
    for complaint in complaints:
        Console(stderr=True).print(f"farthing: {complaint}", highlight=False, soft_wrap=True)
    return 1 if complaints else 0


def _tried(args: argparse.Namespace) -> Trial:
    settings, world = dry_settings_of(args), real_world()
    old, new = (_policy(name, settings) for name in (args.old, args.new))
    judge = dry_pipeline(settings, world).judge
    if args.ledger:
        gathered = _from_ledger(args, settings, judge, world.unix_s())
    else:
        gathered = _from_file(args, settings, judge, old, new)
    understood, left_out = known(_watched(gathered.cases, "Reading", gathered.count))
    pairs = compared(understood, old, new, judge.models, judge.experience)
    return Trial(
        names=_names(args, old, new),
        policies=(old, new),
        source=gathered.source,
        pairs=tuple(_watched(pairs, "Deciding", len(understood))),
        left_out=tuple(left_out),
    )


def _from_file(
    args: argparse.Namespace, settings: Settings, judge: Judge, *policies: Policy
) -> GatheredRequests:
    """The requests of `--file`, or the sample. Raises FarthingError."""
    if args.since or args.most:
        raise FarthingError("--since and --most go with --ledger")
    found = read_file(args.file) if args.file else sample()
    key = named_key(args.key, settings)
    caller = Caller("", key.name, (*key.tags, *args.tag), grants=key.grants, key_tags=key.tags)
    understand = understanding(judge, caller, *policies)
    return GatheredRequests(_about(args.file), len(found), cases(found, understand))


def _from_ledger(
    args: argparse.Namespace, settings: Settings, judge: Judge, now_s: float
) -> GatheredRequests:
    """The requests of `--ledger`. Raises FarthingError."""
    if args.key or args.tag:
        raise FarthingError("--key and --tag go with a file: the ledger's requests have their own")
    since = first_day(args.since, now_s) if args.since else ""
    return from_ledger(settings, judge, since, args.most or MOST)


def _watched(items: Iterable[Item], doing: str, count: int) -> Iterator[Item]:
    """`items`, with a progress bar on a terminal."""
    console = Console(stderr=True)
    return iter(
        track(
            items,
            doing,
            total=count,
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
    )


def _about(file: str | None) -> str:
    return {None: SAMPLE, "-": "standard input"}.get(file, file or "")


def _policy(name: str, settings: Settings) -> Policy:
    """A policy by its name, or by the path of its file. Raises FarthingError, or ConfigError for a bad file."""
    if name in settings.policies:
        return settings.policies[name].policy
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load_draft(path, settings.policies, settings.known)
    hint = nearest(name, settings.policies)
    raise FarthingError(f"'{name}' is neither a file nor a policy{hint}")


def _names(args: argparse.Namespace, old: Policy, new: Policy) -> tuple[str, str]:
    """The names of the policies; if both have the same one, as a draft may, what was typed."""
    return (args.old, args.new) if old.name == new.name else (old.name, new.name)


def _complaints(found: TrialTotals, args: argparse.Namespace) -> Iterator[str]:
    """What exceeds the guards."""
    drop, rise = -found.quality_change, found.cost_change_share
    if (most := args.fail_if_quality_drops) is not None and drop > most:
        yield f"mean predicted quality falls by {drop:.4f}, more than {most:g}"
    if (most := args.fail_if_cost_rises) is None or found.cost_change.pico <= 0:
        return
    if rise is None or rise > most:
        by = "from nothing" if rise is None else f"by {rise:.2%}"
        yield f"the expected cost rises {by}, more than {most:.2%}"
