"""Whether nine tenths of the answers are as short and as fast as predicted, on unseen data.

    python -m benchmarks.lengths ../shared/data

Offline: lengths learnt from four fifths of the prompts, for the other fifth; from four fifths of the models;
from one source, for another. Online: every answer is predicted from those before it, in random order, by
data set, and when answers become twice as long or half as long midway. Prints for each the share of
answers below P10 and below P90, the width of what lies between, the pinball loss, and how far the mean
was off. Takes about three minutes.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.lengths.offline import another_source, held_out_models, held_out_prompts
from benchmarks.lengths.online import latencies, prequential, unseen_latencies
from benchmarks.lengths.tables import read
from benchmarks.lengths.tally import HEADER, Tally
from router.decision.lengths import to_json
from router.training.lengths import fit_lengths

_FILES = ("zeroeval", "mmlu_pro", "bfcl_basic", "routellm")


def main(folder: Path) -> int:
    """Print the figures; 0, even if there is no data."""
    if not all((folder / f"{name}.parquet").exists() for name in _FILES):
        print(f"skipped: there is no outcome data in {folder}")
        return 0
    tables = {name: read(folder, name) for name in _FILES}
    for name in ("zeroeval", "mmlu_pro", "bfcl_basic"):
        _tell(f"{name}: prompts held out", held_out_prompts(tables[name]))
        _tell(f"{name}: models held out", held_out_models(tables[name]))
        size = len(to_json(fit_lengths(tables[name].outcomes, tables[name].categories)))
        print(f"{'size of the numbers':36}{size / 1024:9.0f} KB")
    zeroeval, mmlu_pro = tables["zeroeval"], tables["mmlu_pro"]
    _tell("mmlu_pro, learnt of zeroeval", another_source(zeroeval, mmlu_pro))
    _tell("zeroeval, learnt of mmlu_pro", another_source(mmlu_pro, zeroeval))
    for table in tables.values():
        for order, found in prequential(table):
            _tell(f"{table.name}: lengths online, {order}", found)
    for order, found in latencies(tables["bfcl_basic"]):
        _tell(f"bfcl_basic: latencies online, {order}", found)
    _tell("bfcl_basic: latencies of models never seen", unseen_latencies(tables["bfcl_basic"]))
    return 0


def _tell(title: str, found: Iterable[tuple[str, Tally]]) -> None:
    print(f"\n{title}\n{HEADER}")
    for name, tally in found:
        print(tally.row(name), flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")))
