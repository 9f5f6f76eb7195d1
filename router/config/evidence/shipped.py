"""The shipped artefact, and the digest that identifies it."""

from pathlib import Path

from router.config.evidence.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = "6a538a1447245d495a5b63fde2ac6687dce183994dacddce4c9ca10610642c8c"
"""Of router/artefacts/quality/SHA256SUMS; updated here whenever the artefact is fitted anew."""


def shipped_folder() -> Path:
    """Its folder in the package."""
    return Path(__file__).parents[2] / "artefacts" / "quality"


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    return read_artefact(shipped_folder(), SHIPPED_SHA256)
