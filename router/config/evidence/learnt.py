"""What was learnt offline and is in force: the classifier of categories, and the artefact of quality."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from router.decision.lengths import LengthPrior
from router.domain.errors import ConfigError
from router.domain.members import replace

if TYPE_CHECKING:  # numpy comes with them, and is loaded only where something was learnt
    from router.decision.agreement import AgreementModel
    from router.decision.quality import QualityModel
    from router.features.classify import CategoryModel
    from router.features.kinds import KindModel
    from router.pipeline.artefact import Artefact

SHIPPED, NONE = "shipped", "none"


class Learnt(Struct, frozen=True, eq=False):
    """None for what is not in force; `troubles` say why, if it should be.

    `version` identifies the artefact in force: the first digits of its SHA-256, "" for none.
    """

    categories: "CategoryModel | None" = None
    artefact: "Artefact | None" = None
    version: str = ""
    troubles: tuple[str, ...] = ()

    @property
    def kinds(self) -> "KindModel | None":
        """The model that distinguishes kinds of prompts."""
        return self.artefact.kinds if self.artefact else None

    @property
    def quality(self) -> "QualityModel | None":
        """How good models are on these kinds."""
        return self.artefact.quality if self.artefact else None

    @property
    def agreement(self) -> "AgreementModel | None":
        """How models agree on these kinds."""
        return self.artefact.agreement if self.artefact else None

    @property
    def lengths(self) -> LengthPrior:
        """The typical lengths of answers."""
        return self.artefact.lengths if self.artefact else LengthPrior()


NOTHING_LEARNT = Learnt()


def sums_in(folder: Path) -> bytes:
    """What identifies the artefact in a folder; empty if there is none."""
    try:
        return (folder / "SHA256SUMS").read_bytes()
    except OSError:
        return b""


def read_learnt(artefact: str, pinned: str | None, beside: Path) -> Learnt:
    """What `quality.artefact` names: 'shipped', 'none', or a folder, relative to `beside`.

    The classifier of categories is in force with any of these. What cannot be used is left out and
    reported: without the classifier, categories follow from word cues; without an artefact, the priors hold.
    """
    told_apart = _categories()
    return told_apart if artefact == NONE else _with_artefact(told_apart, artefact, pinned, beside)


def _categories() -> Learnt:
    from router.config.evidence.categories import shipped_categories  # noqa: PLC0415 - numpy

    try:
        return Learnt(shipped_categories())
    except ConfigError as error:
        return Learnt(troubles=(f"{error}; categories are recognised by word cues",))


def _with_artefact(learnt: Learnt, artefact: str, pinned: str | None, beside: Path) -> Learnt:
    from router.config.evidence.artefact_files import ArtefactRefused, digest_of, read_artefact  # noqa: PLC0415 - numpy
    from router.config.evidence.shipped import SHIPPED_SHA256, shipped_folder  # noqa: PLC0415 - as above

    folder = shipped_folder() if artefact == SHIPPED else beside / artefact
    try:
        found = read_artefact(folder, SHIPPED_SHA256 if artefact == SHIPPED else pinned)
        version = digest_of(folder)[:12]
    except ArtefactRefused as error:
        trouble = f"quality.artefact: {error}; models keep their priors"
        return replace(learnt, troubles=(*learnt.troubles, trouble))
    return replace(learnt, artefact=found, version=version)
