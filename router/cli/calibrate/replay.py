"""`farthing calibrate --requests`: says what it will cost, asks for a yes, and lets the models answer."""

import argparse
import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import shorten

from msgspec import Struct
from rich.console import Console
from rich.progress import Progress

from router.app import calling, real_world
from router.cli.calibrate.asking import Grading, Replay, ReplayTally
from router.cli.calibrate.costs import agreed, print_costs, total
from router.cli.calibrate.journal import Journal
from router.cli.calibrate.labels import GatheredLabels, from_rows
from router.cli.calibrate.pool import NAME, pool_beside, write_pool
from router.cli.calibrate.questions import Ask, RecordedQuestion, asks, questions, sampled
from router.cli.calibrate.served import Understanding, unrouted
from router.cli.output.tables import print_lines
from router.cli.traffic.files import read_file
from router.config.settings import Settings
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.model import Model
from router.domain.nearest import nearest
from router.domain.scored import ScoringTerms
from router.evaluation.scoring import HELP, JUDGE, ScoringRule, scorer_of
from router.pipeline.judge import Judge

_SHOWN_CHARS = 60


class ReplayPlan(Struct, frozen=True):
    """What is to be done: the questions, the asks, how answers are scored, and where they are kept."""

    questions: Sequence[RecordedQuestion]
    asks: Sequence[Ask]
    grading: Grading
    journal: Journal
    notes: tuple[str, ...]

    @property
    def sends(self) -> bool:
        """Whether anything is to be sent: an answer at hand may be rescored by a rule at no cost."""
        judged = self.grading.judge is not None
        return any(ask.calls or (judged and ask.judging is not None) for ask in self.asks)

    @property
    def held(self) -> int:
        """How many answers are at hand already."""
        ids = {each.id for each in self.questions}
        found = [row for row in self.journal.held.values() if row.prompt_id in ids]
        return len(found) + sum(row.was_asked_twice for row in found)


def from_requests(
    args: argparse.Namespace,
    settings: Settings,
    models: Mapping[str, Model],
    understanding: Understanding,
    console: Console,
) -> GatheredLabels | None:
    """The scored answers to recorded requests; None after a dry run if any are still to be paid for.

    Raises FarthingError without a yes, or if nothing can be asked.
    """
    plan = _plan(args, settings, models, understanding.judge)
    if plan.sends:
        grader = plan.grading.judge
        print_costs(plan.asks, grader.id if grader else "", plan.held, console)
        _warn_of_limit(args, plan, console)
        if args.dry_run:
            console.print("Dry run: nothing was sent.")
            return None
        if any(ask.whole.upper for ask in plan.asks):
            agreed(console, says_yes=args.yes)
    tally = _done(args, _quiet(settings), plan) if plan.asks else ReplayTally()
    plan.journal.close()
    write_pool(pool_beside(plan.journal.path), models.values())
    print_lines((*_told(plan, tally), *_all_alike(plan)), console)
    return _gathered(plan, tally, models, understanding)


def _quiet(settings: Settings) -> Settings:
    """Settings by which each model answers to its own name, and answers are not scored automatically.

    The same question goes to several models, which would look as if its user had not been satisfied.
    """
    return replace(unrouted(settings), scoring=ScoringTerms(automatic=False))


def _plan(
    args: argparse.Namespace, settings: Settings, models: Mapping[str, Model], judge: Judge
) -> ReplayPlan:
    grading = _grading(args.score, settings)
    found, left_out = questions(read_file(args.requests), args.expected, judge)
    chosen = sampled(found, args.limit)
    if not chosen:
        first = f" ({left_out[0].place}: {left_out[0].why})" if left_out else ""
        raise FarthingError(f"{args.requests} has no chat request in it{first}")
    _check_expected(grading.rule, chosen, args)
    journal = Journal(_outcomes_file(args))
    twice = _twice(args.twice, models)
    graded = (grading.name, (judge, grading.judge))
    todo = list(asks(chosen, [*models.values()], journal.held, *graded, twice))
    notes = tuple(f"{each.place} is left out: {each.why}" for each in left_out[:3])
    if (more := len(left_out) - 3) > 0:
        notes = (*notes, f"{more} more are left out.")
    return ReplayPlan(chosen, todo, grading, journal, (*notes, *_never_twice(chosen, twice)))


def _twice(wanted: Sequence[str], models: Mapping[str, Model]) -> frozenset[str]:
    """The models that are to be asked twice. Raises FarthingError for others than are asked."""
    for name in wanted:
        if name not in models:
            raise FarthingError(f"--twice: no model '{name}' is asked{nearest(name, models)}")
    return frozenset(wanted)


def _never_twice(found: Sequence[RecordedQuestion], twice: Collection[str]) -> Iterator[str]:
    if twice and (same := sum(not each.features.answers_vary for each in found)):
        yield (
            f"{same:,} of the requests are not asked twice: with their temperature of 0, top_k of 1 or seed, a model"
            " would say the same again."
        )


def _grading(score: str | None, settings: Settings) -> Grading:
    """The way of scoring that `score` names. Raises FarthingError if there is none."""
    if score is None:
        raise FarthingError(f"--requests needs --score: {HELP}")
    if not score.startswith(JUDGE):
        return Grading.by_rule(scorer_of(score))
    name = score.removeprefix(JUDGE)
    if name not in settings.catalog:
        raise FarthingError(f"--score: there is no model '{name}'{nearest(name, settings.catalog)}")
    return Grading.by_judge(settings.catalog[name])


def _check_expected(
    rule: ScoringRule | None, found: Sequence[RecordedQuestion], args: argparse.Namespace
) -> None:
    if rule and rule.needs_expected and not any(each.expected for each in found):
        raise FarthingError(
            f"--score {args.score} needs the right answers: no record has a member '{args.expected}'"
        )


def _outcomes_file(args: argparse.Namespace) -> Path:
    stated: Path | None = args.outcomes_file
    if stated is not None:
        if stated.suffix != ".parquet":
            raise FarthingError(f"--outcomes-file: {stated} must end with .parquet")
        return stated
    if args.requests == "-":
        raise FarthingError("--requests - needs --outcomes-file, where to keep the answers")
    return Path(args.requests).with_suffix(".outcomes.parquet")


def _warn_of_limit(args: argparse.Namespace, plan: ReplayPlan, console: Console) -> None:
    if args.max_cost is not None and total(plan.asks) > args.max_cost:
        console.print(
            f"That is more than --max-cost {args.max_cost}: calls will stop before it is reached.",
            highlight=False,
        )


def _done(args: argparse.Namespace, settings: Settings, plan: ReplayPlan) -> ReplayTally:
    """Ask everything, with a progress bar on a terminal. Whatever ends it, answers are kept."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Asking", total=len(plan.asks))

        async def ask() -> ReplayTally:
            world = real_world()
            async with calling(settings, world) as pipeline:
                replay = Replay(pipeline, world, plan.journal, plan.grading, args.max_cost)
                return await replay.run(plan.asks, args.parallel, lambda: progress.advance(bar))

        try:
            return asyncio.run(ask())
        except KeyboardInterrupt:
            console.print(
                f"Stopped: {len(plan.journal.held):,} answers are kept; run the same command to continue."
            )
            raise


def _gathered(
    plan: ReplayPlan, tally: ReplayTally, models: Mapping[str, Model], understanding: Understanding
) -> GatheredLabels:
    requests = {each.id: each.request_id for each in plan.questions}
    rows = [
        replace(row, request_id=row.request_id or requests[row.prompt_id])
        for row in plan.journal.held.values()
        if row.prompt_id in requests and row.scored_by == plan.grading.name
    ]
    bodies = {each.id: each.body for each in plan.questions}
    found = from_rows(rows, (str(plan.journal.path),), models, understanding, bodies)
    notes = (*plan.notes, *found.notes)
    return replace(found, notes=notes, spent_usd=str(tally.spent))


def _told(plan: ReplayPlan, tally: ReplayTally) -> Iterator[str]:
    """How the asking went."""
    if tally.answers:
        path = plan.journal.path
        yield f"{tally.answers:,} new answers for {tally.spent} USD, kept in {path}."
        yield f"farthing evaluate and fit read them: {path} --pool {pool_beside(path)}:{NAME}"
    if tally.unscored:
        yield f"{tally.unscored:,} answers could not be scored by {plan.grading.name}."
    for model, count in tally.failures.items():
        yield f"{count:,} calls of {model} failed ({tally.reasons[model]}): run the same command to try again."
    if plan.grading.name in tally.reasons:
        yield f"The judge has failed: {tally.reasons[plan.grading.name]}"
    if tally.is_at_limit:
        yield "Stopped by --max-cost: run the same command with a higher one to continue."


def _all_alike(plan: ReplayPlan) -> Iterator[str]:
    """A warning if the rule finds not one answer good, which says more about the rule; with an example."""
    expected = {each.id: each.expected for each in plan.questions}
    scored = [row for row in plan.journal.held.values() if row.prompt_id in expected]
    if not any(row.score == 0.0 for row in scored) or any(row.score for row in scored):
        return
    example = next(row for row in scored if row.score == 0.0)
    wanted = expected[example.prompt_id] or "-"
    yield (
        f"By {plan.grading.name}, no answer is good. Is it the right rule? Expected: {_short(wanted)};"
        f" {example.model} said: {_short(example.response or '')}"
    )


def _short(text: str) -> str:
    return shorten(text, _SHOWN_CHARS, placeholder=" ...")
