"""How often answers would be given wrongly, and how often rightly, under several rules.

    python -m benchmarks.semantic [--embedder wordllama|letters] [--half tuning|test] [--show]

Bounds are exact (Clopper and Pearson) for pairs that are drawn independently; those in a family are
not, so the last column, families with a wrong hit, says as much. `--show` lists the wrong hits.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.semantic import test_half, tuning_half
from benchmarks.semantic.measure import (
    Rule,
    Seen,
    above,
    both,
    families,
    gates,
    look,
    share,
    wording,
)
from benchmarks.semantic.pairs import Family, Pair, within_a_longer_text
from router.domain.semantic import DEFAULT_SIMILARITY
from router.ports import Embedded, Embedder
from router.providers.local_embeddings import load_wordllama
from router.providers.simulated.embedding import vector_of

_HALVES = {"tuning": tuning_half, "test": test_half}
_THRESHOLDS = (0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
_CONSOLE = Console(width=130)


class Letters:
    """The simulator's vectors: pieces of words, counted."""

    name = "letters"

    async def embed(self, text: str) -> Embedded | None:
        """The vector."""
        return Embedded(tuple(vector_of(text)))

    async def close(self) -> None:
        """Nothing to release."""


def _rules() -> dict[str, Rule]:
    rules: dict[str, Rule] = {f"near >= {each}": above(each) for each in _THRESHOLDS}
    rules["gates"] = gates
    rules |= {f"gates, near >= {each}": both(gates, each) for each in _THRESHOLDS}
    rules["gates, same words (by: wording)"] = wording
    rules |= {f"same words, near >= {each}": both(wording, each) for each in (0.8, 0.9)}
    return rules


def _rules_table(title: str, seen: Sequence[Seen]) -> Table:
    table = Table(title=title)
    for heading in ("rule", "right hits", "wrong hits", "families"):
        table.add_column(heading)
    wrong_families = [f for f in families(seen).values() if not f[0].pair.may_share]
    for name, rule in _rules().items():
        right, wrong = (share(seen, rule, may_share=may) for may in (True, False))
        hit = sum(any(map(rule, family)) for family in wrong_families)
        table.add_row(name, str(right), str(wrong), f"{hit}/{len(wrong_families)}")
    return table


def _families_table(title: str, seen: Sequence[Seen]) -> Table:
    by_meaning = both(gates, DEFAULT_SIMILARITY)
    table = Table(title=title)
    for heading in ("family", "pairs", f"near >= {DEFAULT_SIMILARITY}", "meaning", "wording"):
        table.add_column(heading)
    for name, family in families(seen).items():
        hits = [sum(map(r, family)) for r in (above(DEFAULT_SIMILARITY), by_meaning, wording)]
        mark = "may: " if family[0].pair.may_share else ""
        table.add_row(mark + name, str(len(family)), *map(str, hits))
    return table


def _show(seen: Sequence[Seen]) -> None:
    for each in seen:
        hit = "wording" if wording(each) else "meaning" if gates(each) else ""
        if hit and not each.pair.may_share:
            print(f"{hit} {each.similarity:.2f} | {each.pair.one} | {each.pair.other}")


def _pairs(half: str) -> list[Pair]:
    groups: tuple[Family, ...] = (*_HALVES[half].MUST_NOT, *_HALVES[half].MAY)
    return [pair for family in groups for pair in family.pairs()]


async def _measure(embedder: Embedder, halves: Sequence[str], *, show: bool) -> None:
    for half in halves:
        pairs = _pairs(half)
        longer = [within_a_longer_text(pair) for pair in pairs]
        began_s = perf_counter()
        seen = await look(pairs, embedder)
        took_us = (perf_counter() - began_s) / len(pairs) / 2 * 1e6
        _CONSOLE.print(_rules_table(f"{half} half, {len(pairs)} pairs", seen))
        _CONSOLE.print(_families_table(f"{half} half, hits by family", seen))
        print(f"{took_us:.0f} us a text, for its vector and two likenesses")
        title = f"{half} half, each within a longer text"
        _CONSOLE.print(_rules_table(title, await look(longer, embedder)))
        if show:
            _show(seen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic")
    parser.add_argument("--embedder", choices=("wordllama", "letters"), default="wordllama")
    parser.add_argument("--half", choices=tuple(_HALVES))
    parser.add_argument("--show", action="store_true", help="list the wrong hits")
    asked = parser.parse_args()
    embedder: Embedder = load_wordllama() if asked.embedder == "wordllama" else Letters()
    halves = (asked.half,) if asked.half else tuple(_HALVES)
    asyncio.run(_measure(embedder, halves, show=asked.show))
    return 0


if __name__ == "__main__":
    sys.exit(main())
