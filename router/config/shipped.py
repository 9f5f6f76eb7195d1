"""The shipped artefact, and the digest that identifies it."""

from pathlib import Path

from router.config.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = "4ce8079d07ab1e99f6e1be69e976b9411fb49bb4e8e65ca448b4aa0f2855a639"
"""Of router/artefacts/quality/SHA256SUMS; updated here whenever the artefact is fitted anew."""


def shipped_folder() -> Path:
    """Its folder in the package."""
    return Path(__file__).parents[1] / "artefacts" / "quality"


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    return read_artefact(shipped_folder(), SHIPPED_SHA256)
