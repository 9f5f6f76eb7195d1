"""The gates between two wordings: each extracts from a text what must be the same in both.

A new gate is a file with `reads`, and a row here. A gate may see too much, never too little: what it
reads needlessly costs an answer from the cache, what it overlooks gives a wrong one.
"""

from collections.abc import Callable, Mapping

from router.features.gates import (
    code,
    form,
    language,
    names,
    negation,
    numbers,
    opposites,
    questions,
    verbatim,
)
from router.features.reading import Reading, Words

Gate = Callable[[Reading], Words]

GATES: Mapping[str, Gate] = {
    "numbers": numbers.reads,
    "names": names.reads,
    "code": code.reads,
    "language": language.reads,
    "negation": negation.reads,
    "questions": questions.reads,
    "form": form.reads,
    "opposites": opposites.reads,
    "verbatim": verbatim.reads,
}
"""In the order in which they are asked: the first that is shut gives the reason."""
