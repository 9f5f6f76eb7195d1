"""The shipped artefact, and the digest that identifies it."""

from pathlib import Path

from router.config.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = "e15e143625c77f48fa92dd48166445a2465ff1fea0b1167fcb0764a43ed6ced4"
"""Of router/artefacts/quality/SHA256SUMS; updated here whenever the artefact is fitted anew."""


def shipped_folder() -> Path:
    """Its folder in the package."""
    return Path(__file__).parents[1] / "artefacts" / "quality"


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    return read_artefact(shipped_folder(), SHIPPED_SHA256)
