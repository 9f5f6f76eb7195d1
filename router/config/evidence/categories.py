"""The shipped classifier of categories (router/artefacts/categories/), checked by its digest."""

from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import orjson

from router.domain.errors import ConfigError, Problem

if TYPE_CHECKING:  # numpy is loaded with the classifier only
    from router.features.classify import CategoryModel

_NUMBERS = "categories.npz"
_MANIFEST = "manifest.json"


def shipped_categories() -> "CategoryModel":
    """The classifier. Raises ConfigError if the file is not what its manifest says."""
    import numpy as np  # noqa: PLC0415  not before somebody asks for it

    from router.features.classify import CategoryModel  # noqa: PLC0415

    folder = files("router") / "artefacts" / "categories"
    written = (folder / _NUMBERS).read_bytes()
    promised = orjson.loads((folder / _MANIFEST).read_bytes())["sha256"][_NUMBERS]
    if sha256(written).hexdigest() != promised:
        raise _unusable(f"its SHA-256 is not the one in {_MANIFEST}")
    try:
        with np.load(BytesIO(written), allow_pickle=False) as arrays:
            return CategoryModel.from_arrays(arrays)
    except ValueError as reason:
        raise _unusable(str(reason)) from reason


def _unusable(why: str) -> ConfigError:
    return ConfigError((Problem(f"router/artefacts/categories/{_NUMBERS}", "", why),))
