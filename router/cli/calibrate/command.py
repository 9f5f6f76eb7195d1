"""`farthing calibrate`: scored answers of one's own become evidence, where they are the better evidence."""

import argparse
import json
import os
import time
from collections.abc import Mapping

from rich.console import Console

from router.app import real_world
from router.cli.arguments.options import config_path
from router.cli.calibrate.forms import Document, Provenance, card, document, heard_document
from router.cli.calibrate.labels import GatheredLabels, from_files
from router.cli.calibrate.options import add_arguments
from router.cli.calibrate.replay import from_requests
from router.cli.calibrate.served import Served, Understanding
from router.cli.calibrate.table import print_calibration, print_heard
from router.cli.calibrate.weak_labels import GatheredWeakLabels, WeakLabelSources, overheard
from router.cli.output.appearing import output
from router.cli.output.page import CALIBRATION, write_page
from router.config.evidence.local_install import install, undo, version_of
from router.config.load import load_settings
from router.config.settings import Settings
from router.domain.days import midnight_s
from router.domain.errors import FarthingError
from router.domain.local_quality import LocalQuality
from router.domain.members import replace
from router.domain.model import Model
from router.domain.nearest import nearest
from router.evaluation.calibration import Calibration, Shipped, calibrate
from router.evaluation.local import InstallRule

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Print what was found, and install what is better. Raises FarthingError that says what cannot be done."""
    console = Console()
    # What was learnt from these answers before must not be a prior for learning from them again.
    settings = load_settings(config_path(args), os.environ, uses_local=False)
    if args.undo:
        return _undone(settings, console)
    desk = _Desk(args, settings, _models(args.models, settings), console)
    if (args.feedback or args.feedback_file) and not (args.requests or args.outcomes):
        return desk.listen()
    gathered = desk.gathered()
    if gathered is not None:
        desk.calibrate(gathered)
    return 0


class _Desk:
    """Makes a calibration of what the arguments name."""

    def __init__(
        self,
        args: argparse.Namespace,
        settings: Settings,
        models: Mapping[str, Model],
        console: Console,
    ) -> None:
        self._args = args
        self._settings = settings
        self._models = models
        self._console = console
        self._asked = _asked(args)
        self._understanding = Understanding(settings, real_world())

    def gathered(self) -> GatheredLabels | None:
        """The gold labels; None if this was a dry run that only showed what they would cost. Raises FarthingError."""
        args, known = self._args, (self._models, self._understanding)
        if bool(args.requests) == bool(args.outcomes):
            raise FarthingError("calibrate needs either files of outcomes or --requests")
        if args.requests:
            return from_requests(args, self._settings, *known, self._console)
        return from_files(args.outcomes, *known)

    def listen(self) -> int:
        """Show what was heard, if there are no gold labels to judge by. Raises FarthingError."""
        if self._args.html:
            raise FarthingError("--html shows judged answers: add files of outcomes, or --requests")
        told = heard_document(self._overheard(None))
        print_heard(told, self._console)
        self._console.print(
            "Nothing is installed: this evidence alone decides nothing."
            " Add files of outcomes, or --requests."
        )
        _write_json(self._args, told)
        return 0

    def calibrate(self, gathered: GatheredLabels) -> None:
        """Judge, report and install."""
        known, served = self._overheard(gathered), self._served(gathered)
        abilities = {name: each.abilities for name, each in self._models.items()}
        shipped = Shipped(abilities, served, self._understanding.agreeing)
        rule = InstallRule(folds=self._args.folds, is_strict=self._args.strict)
        with Console(stderr=True).status("Judging own answers"):
            found = calibrate(gathered.labelled, shipped, rule, self._args.seed, known.weak_labels)
        outcomes = gathered.labelled.outcomes
        moved = served.goes_by_prompts(outcomes.prompts, outcomes.prompt_ids)
        about = Provenance(time.time(), gathered, known, goes_by_prompts=moved)
        told = document(found, about)
        print_calibration(told, self._console)
        if self._args.html:
            write_page(self._args.html, told, CALIBRATION)
        _write_json(self._args, told)
        self._install(found, about)

    def _overheard(self, gathered: GatheredLabels | None) -> GatheredWeakLabels:
        known = (self._settings, self._models, self._understanding)
        return overheard(self._asked, *known, gathered)

    def _served(self, gathered: GatheredLabels) -> Served:
        labelled = gathered.labelled
        categories = dict(zip(labelled.outcomes.prompt_ids, labelled.categories, strict=True))
        return Served(self._understanding, self._models, categories)

    def _install(self, found: Calibration, about: Provenance) -> None:
        listed = _listed(found)
        if not listed:
            self._console.print("Nothing is installed: the estimates in force stay.")
            return
        if self._args.dry_run:
            self._console.print(f"Dry run: own answers would be installed for {listed}.")
            return
        local = _as_evidence(found, self._models, about.unix_s)
        install(self._settings.local.folder, local, card(found, about))
        self._console.print(
            f"Installed for {listed}: {self._settings.local.folder / local.version}"
            "\nA running server loads it by itself; --undo reverts it.",
            highlight=False,
            soft_wrap=True,
        )


def _asked(args: argparse.Namespace) -> WeakLabelSources:
    """Where to look for what was heard. Raises FarthingError for options that have no effect."""
    if not args.feedback and (args.since or args.count_automatic):
        raise FarthingError("--since and --count-automatic are about the ledger: add --feedback")
    if args.twice and not args.requests:
        raise FarthingError("--twice is about recorded requests: add --requests")
    since_s = (midnight_s(args.since) if args.since else 0.0) if args.feedback else None
    return WeakLabelSources(since_s, args.feedback_file, args.count_automatic)


def _listed(found: Calibration) -> str:
    """What is better, in words; "" if nothing is."""
    taken, refuted = found.cascades.categories, found.cascades.refuted
    return ", ".join(
        [
            *(category.value for category in found.to_install),
            *(f"cascades in {category.value}" for category in taken),
            *(f"no cascade of {len(refuted[each])} in {each.value}" for each in refuted),
        ]
    )


def _as_evidence(found: Calibration, models: Mapping[str, Model], unix_s: float) -> LocalQuality:
    better, cascades = found.to_install, found.cascades
    measured = {model for each in better.values() for model in each.models}
    names = {each: models[each].name for each in sorted(measured | {*cascades.models})}
    local = LocalQuality("", names, better, cascades)
    return replace(local, version=version_of(local, unix_s))


def _undone(settings: Settings, console: Console) -> int:
    pointer = undo(settings.local.folder)
    now = pointer.current or "what is shipped"
    console.print(f"In force now: {now}. Another --undo reverts this.", highlight=False)
    return 0


def _models(wanted: str | None, settings: Settings) -> Mapping[str, Model]:
    """The models to look at. Raises FarthingError for unknown names."""
    if wanted is None:
        return settings.catalog
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in settings.catalog:
            raise FarthingError(
                f"--models: there is no model '{name}'{nearest(name, settings.catalog)}"
            )
    return {name: settings.catalog[name] for name in names}


def _write_json(args: argparse.Namespace, told: Document) -> None:
    """Write the JSON file, if one is asked for. Raises FarthingError."""
    if args.json is None:
        return
    with output("--json", args.json) as file:
        file.write(json.dumps(told, indent=2).encode())
