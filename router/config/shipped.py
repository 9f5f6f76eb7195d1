"""The artefact that comes with Farthing, and the digest by which it is known."""

from pathlib import Path

from router.config.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = "5ad9e9d0b5baab2b4c53cee26a18d84860ec5a2190217004187d3d4b7de3baab"
"""Of router/artefacts/quality/SHA256SUMS; written down here whenever it is fitted anew."""


def shipped_folder() -> Path:
    """Where it lies in the package."""
    return Path(__file__).parents[1] / "artefacts" / "quality"


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    return read_artefact(shipped_folder(), SHIPPED_SHA256)
