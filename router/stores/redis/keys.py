"""The layout of keys in Redis: the only place that makes one.

| key                             | type       | fields                                | lifetime              |
|---------------------------------|------------|---------------------------------------|-----------------------|
| `farthing:2:cache:<request>`    | hash       | `<model>`: its answer's bytes         | its longest answer's  |
| `farthing:2:{budget}:<id>`      | hash       | `spent`, `reserved` in nano-dollars   | its period and a day  |
| `farthing:2:{budget}:<id>:holds`| sorted set | `<token>:<nano-dollars>`, by when it  | its account's         |
|                                 |            | lapses (Unix time by Redis)           |                       |
| `farthing:2:{limit}:<id>`       | hash       | `left`, `at_s` of a token bucket      | a minute after it is  |
|                                 |            |                                       | full again            |
| `farthing:2:{<flight>}:lead`    | string     | the leader's token, then `ended`      | 3 s, renewed; 1 s     |
| `farthing:2:{<flight>}:wanted`  | string     | that somebody follows                 | 5 s, renewed          |
| `farthing:2:{<flight>}:frames:<token>` | stream | `frame`: a piece; `over`: the end  | a minute              |
| `farthing:2:notices`            | hash       | `<about>:<name>`: until when (Unix    | ten minutes           |
|                                 |            | time by Redis), or `no longer`        |                       |
| `farthing:2:near:<scope>`       | list       | vectors, the newest first             | its longest answer's  |
| `farthing:2:vectors:<scope>`    | vector set | the same, from Redis 8.2 on           | its longest answer's  |
| `farthing:2:session:<id>`       | string     | the id of the session's model         | as long as it stays   |

The number is the version of the format: a newer Farthing never misreads what an older one stored.
`<request>` is a digest of the request, `<id>` of what the key is for: names of keys and projects occur
nowhere, but those of models and upstreams do, in notices. Keys that one script touches have the same braces,
so that a cluster keeps them together.
"""

from hashlib import sha256

VERSION = 2
_PREFIX = f"farthing:{VERSION}:"
_CACHE = f"{_PREFIX}cache:"
NOTICES = f"{_PREFIX}notices"
NOTHING = f"{_PREFIX}nothing"
"""A key that there never is: deleting it asks whether a server takes writes."""


def cached(request: str) -> str:
    """The stored answers to the request with this digest."""
    return f"{_CACHE}{request}"


def request(cached: str) -> str:
    """The digest of the request whose stored answers have this key."""
    return cached.removeprefix(_CACHE)


def account(*named: str) -> str:
    """A budget in one of its periods."""
    return f"{_PREFIX}{{budget}}:{_digest(named)}"


def holds(account: str) -> str:
    """What is set aside in an account."""
    return f"{account}:holds"


def bucket(*named: str) -> str:
    """One bound of a limit per minute."""
    return f"{_PREFIX}{{limit}}:{_digest(named)}"


def lead(flight: str) -> str:
    """Which process answers this request for all."""
    return f"{_PREFIX}{{{flight}}}:lead"


def wanted(flight: str) -> str:
    """The sign that a process waits for its answer."""
    return f"{_PREFIX}{{{flight}}}:wanted"


def frames(flight: str, token: str) -> str:
    """The pieces of its answer, by the leader with this token."""
    return f"{_PREFIX}{{{flight}}}:frames:{token}"


def session(name: str) -> str:
    """Which model a session is with."""
    return f"{_PREFIX}session:{_digest((name,))}"


def near(scope: bytes) -> str:
    """The vectors of a scope, in any Redis."""
    return f"{_PREFIX}near:{scope.hex()}"


def vectors(scope: bytes) -> str:
    """The vectors of a scope, in a Redis that has vector sets."""
    return f"{_PREFIX}vectors:{scope.hex()}"


def _digest(named: tuple[str, ...]) -> str:
    return sha256("\n".join(named).encode()).hexdigest()[:32]
