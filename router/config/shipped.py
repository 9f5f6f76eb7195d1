"""The artefact that comes with Farthing, and the digest by which it is known."""

from importlib.resources import as_file, files

from router.config.artefact_files import read_artefact
from router.pipeline.artefact import Artefact

SHIPPED_SHA256 = ""
"""Of router/artefacts/quality/SHA256SUMS; written down here whenever it is fitted anew."""


def shipped_artefact() -> Artefact:
    """The artefact inside the package. Raises ArtefactRefused if it is not the pinned one."""
    with as_file(files("router") / "artefacts" / "quality") as folder:
        return read_artefact(folder, SHIPPED_SHA256)
