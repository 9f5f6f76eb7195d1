"""Who takes part: a file each, and a row here."""

from benchmarks.overhead.contestant import Contestant
from benchmarks.overhead.peers.bare import BARE
from benchmarks.overhead.peers.farthing import FARTHING

CONTESTANTS: tuple[Contestant, ...] = (BARE, *FARTHING)
"""In the order of the tables; the first one is what the others are compared with."""
