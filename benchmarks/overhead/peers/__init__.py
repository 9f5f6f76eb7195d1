"""The contestants: a file each, and a row here."""

from benchmarks.overhead.contestant import Contestant
from benchmarks.overhead.peers.bare import BARE
from benchmarks.overhead.peers.envoy import ENVOY
from benchmarks.overhead.peers.farthing import FARTHING
from benchmarks.overhead.peers.litellm_proxy import LITELLM
from benchmarks.overhead.peers.nginx import NGINX
from benchmarks.overhead.peers.portkey import PORTKEY
from benchmarks.overhead.peers.switchyard import SWITCHYARD
from benchmarks.overhead.peers.tensorzero import TENSORZERO

CONTESTANTS: tuple[Contestant, ...] = (
    BARE,
    *FARTHING,
    LITELLM,
    PORTKEY,
    *SWITCHYARD,
    ENVOY,
    NGINX,
    TENSORZERO,
)
"""In the order of the tables; the first one is what the others are compared with."""
