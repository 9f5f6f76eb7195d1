"""The shipped artefact, and the digest that identifies it."""

from pathlib import Path

from router.config.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = "258b5cc3c119ade304c570e717685ad52b224d197d5c1e7b511c69358445cf54"
"""Of router/artefacts/quality/SHA256SUMS; updated here whenever the artefact is fitted anew."""


def shipped_folder() -> Path:
    """Its folder in the package."""
    return Path(__file__).parents[1] / "artefacts" / "quality"


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    return read_artefact(shipped_folder(), SHIPPED_SHA256)
