"""Our own forwarder."""

import sys

from benchmarks.overhead.contestant import OUR_CODE, Contestant, Launch, Place


def _launched(place: Place) -> Launch:
    where = (str(place.port), place.upstream)
    return Launch((sys.executable, "-m", "benchmarks.overhead.bare", *where), OUR_CODE)


BARE = Contestant("bare", "aiohttp and uvloop, the body read and written anew", _launched)
