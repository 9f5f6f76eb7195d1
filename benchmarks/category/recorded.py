"""Print how well requests are categorised that people sent, of which you say yourself what they are.

    python -m benchmarks.category.recorded requests.jsonl [more.jsonl]

A line has a request and its category, as docs/categories.md defines them, and `or` where others would do as well:

    {"prompt": "books for somebody who liked Dune?", "category": "knowledge", "or": ["chat"]}

Say what they are before you see what Farthing says, and name each file after where its requests are from: with
several, each has a row of its own. Nothing is sent anywhere.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.category.cases import Case
from benchmarks.category.scores import Judged
from benchmarks.category.tables import (
    judged,
    show,
    show_confusion,
    show_head,
    show_sureness,
    trained_by,
)
from router.config.evidence.categories import shipped_categories
from router.config.prices.price_map import cl100k_ranks
from router.domain.category import Category
from router.features.classify import CATEGORIES
from router.features.tokenizer import cl100k


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request that somebody sent, what it could be called besides its category, and the name of its file."""

    case: Case
    others: frozenset[Category]
    file: str


def main(files: Sequence[Path]) -> int:
    """Print the figures; 0, or 2 without a file."""
    asked = [request for file in files for request in recorded(file)]
    if not asked:
        print("usage: python -m benchmarks.category.recorded requests.jsonl ...", file=sys.stderr)
        return 2
    said = judged(
        [each.case for each in asked], trained_by(shipped_categories(), cl100k(cl100k_ranks()))
    )
    either = forgiven(said, asked)
    print(
        f"{len(asked)} requests, {sum(bool(each.others) for each in asked)} of several categories"
    )
    show_head()
    show("its category", said)
    show("or another of it", either)
    _show_parts(asked, said, either)
    show_sureness(either)
    show_confusion(either)
    return 0


def recorded(file: Path) -> Iterator[Recorded]:
    """The requests of a file. Raises ValueError for what is not in its form, naming file and line."""
    for place, line in enumerate(file.read_text("utf-8").split("\n"), start=1):
        if line.strip():
            try:
                yield _request(orjson.loads(line), file.stem)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{file.name}:{place}: not a labelled request: {error}") from error


def _request(row: Mapping[str, Any], file: str) -> Recorded:
    prompt, category, others = row["prompt"], Category(row["category"]), row.get("or", [])
    if not isinstance(prompt, str):
        raise TypeError("its prompt is no text")
    return Recorded(
        Case(category, "", {"messages": [{"role": "user", "content": prompt}]}),
        frozenset(map(Category, [others] if isinstance(others, str) else others)),
        file,
    )


def forgiven(said: Judged, asked: Sequence[Recorded]) -> Judged:
    """The same verdicts, where another category that would do counts as the true one if it was said."""
    true = [
        number if CATEGORIES[number] in each.others else own
        for number, own, each in zip(said.said, said.true, asked, strict=True)
    ]
    return Judged(said.said, said.sure, np.array(true))


def _show_parts(asked: Sequence[Recorded], said: Judged, either: Judged) -> None:
    print(f"\n{'accuracy':22} requests  its category  or another of it")
    for name, mask in _parts(asked):
        shares = (each.at(mask).accuracy for each in (said, either))
        print(f"{name:22} {mask.sum():8}", *(f"{share:13.3f}" for share in shares))


def _parts(asked: Sequence[Recorded]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The requests of each category, and of each file where there are several."""
    for category in CATEGORIES:
        yield from _part(category.value, [each.case.category is category for each in asked])
    files = dict.fromkeys(each.file for each in asked)
    for file in files if len(files) > 1 else ():
        yield from _part(file, [each.file == file for each in asked])


def _part(name: str, rows: Sequence[bool]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    if any(rows):
        yield name, np.array(rows)


if __name__ == "__main__":
    sys.exit(main([*map(Path, sys.argv[1:])]))
