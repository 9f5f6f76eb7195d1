"""Where Redis is, by URL: one server, a cluster, or whichever server some sentinels say.

    redis://name:password@host:6379/0                    rediss://...           with TLS
    unix:///run/valkey.sock?db=0
    redis+cluster://host:6379,host:6380/                 rediss+cluster://...
    redis+sentinel://host:26379,host:26380/service/0     rediss+sentinel://...

Options follow after a question mark; they have redis-py's names and meanings.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct


class Topology(Enum):
    """What answers at an address."""

    SERVER = auto()
    CLUSTER = auto()
    SENTINELS = auto()


class RedisAddress(Struct, frozen=True):
    """Where Redis is and how to come in; `options` are arguments of redis-py's connections.

    `nodes` are hosts and ports: of the server, of some nodes of the cluster, or of the sentinels, which
    are then asked for `service`, with `sentinel_options`. A Unix socket has none: it is an option.
    """

    kind: Topology
    nodes: tuple[tuple[str, int], ...]
    options: Mapping[str, Any]
    service: str = ""
    sentinel_options: Mapping[str, Any] | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a connection reads: certificates and keys."""
        return tuple(str(self.options[name]) for name in _FILES if name in self.options)


_KINDS = {"": Topology.SERVER, "cluster": Topology.CLUSTER, "sentinel": Topology.SENTINELS}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TEXTS = ("username", "password", "client_name")
_OF_SENTINELS = "sentinel_"
_BEGINNING = (
    "it must begin with redis://, rediss:// or unix://, or with redis+cluster://,"
    " redis+sentinel:// or similar"
)
_PORT = 6379
_SENTINEL_PORT = 26379


def parsed(url: str) -> RedisAddress:
    """The address that `url` names. Raises ValueError, with what would be right, if it names none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # its message would reveal the password
        raise ValueError("it is not a URL") from None
    base, _, word = parts.scheme.partition("+")
    if base not in ("redis", "rediss", "unix") or word not in _KINDS or (base == "unix" and word):
        raise ValueError(_BEGINNING)
    options = _credentials(parts) | _options(parts, uses_tls=base == "rediss")
    if word != "sentinel" and any(name.startswith(_OF_SENTINELS) for name in options):
        raise ValueError("options of sentinels need redis+sentinel://")
    if base == "unix":
        return RedisAddress(Topology.SERVER, (), options | {"path": _socket(parts)})
    return _FORMS[_KINDS[word]](parts, options)


def _server(parts: SplitResult, options: Mapping[str, Any]) -> RedisAddress:
    nodes = _nodes(parts, _PORT)
    if len(nodes) > 1:
        raise ValueError(
            "several hosts are a cluster or sentinels: redis+cluster://, redis+sentinel://"
        )
    return RedisAddress(Topology.SERVER, nodes, _with_database(options, parts.path.strip("/")))


def _cluster(parts: SplitResult, options: Mapping[str, Any]) -> RedisAddress:
    own = dict(_with_database(options, parts.path.strip("/")))
    if own.pop("db", 0) != 0:
        raise ValueError("a cluster has only database 0")
    return RedisAddress(Topology.CLUSTER, _nodes(parts, _PORT), own)


def _sentinels(parts: SplitResult, options: Mapping[str, Any]) -> RedisAddress:
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("its path must name the sentinels' service, as in /mymaster/0")
    theirs = {
        name.removeprefix(_OF_SENTINELS): value
        for name, value in options.items()
        if name.startswith((_OF_SENTINELS, "ssl"))
    }
    own = {name: each for name, each in options.items() if not name.startswith(_OF_SENTINELS)}
    nodes = _nodes(parts, _SENTINEL_PORT)
    own = dict(_with_database(own, database))
    return RedisAddress(Topology.SENTINELS, nodes, own, unquote(service), theirs)


_FORMS = {Topology.SERVER: _server, Topology.CLUSTER: _cluster, Topology.SENTINELS: _sentinels}


def _credentials(parts: SplitResult) -> dict[str, Any]:
    before, at, _ = parts.netloc.rpartition("@")
    name, _, password = before.partition(":")
    both = {"username": unquote(name), "password": unquote(password)} if at else {}
    return {key: value for key, value in both.items() if value}


def _nodes(parts: SplitResult, usual_port: int) -> tuple[tuple[str, int], ...]:
    hosts = parts.netloc.rpartition("@")[2]
    return tuple(_node(host, usual_port) for host in hosts.split(","))


def _node(text: str, usual_port: int) -> tuple[str, int]:
    try:
        one = urlsplit(f"//{text}")
        port = usual_port if one.port is None else one.port
    except ValueError:
        raise ValueError("a port must be a number from 1 to 65535") from None
    if not one.hostname or port == 0:
        raise ValueError("it must name a host, as in redis://127.0.0.1:6379/0")
    return one.hostname, port


def _socket(parts: SplitResult) -> str:
    if parts.netloc.rpartition("@")[2] or not parts.path.strip("/"):
        raise ValueError("a socket's path must be absolute: unix:///run/valkey.sock")
    return unquote(parts.path)


def _with_database(options: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """`options` with the database that the path names, which must be a number."""
    if not text:
        return options
    if "db" in options or not text.isascii() or not text.isdigit():
        raise ValueError("its path must be one database's number, as in /0")
    return {**options, "db": int(text)}


# ---------------------------------------------------------------------------------- options


def _options(parts: SplitResult, *, uses_tls: bool) -> dict[str, Any]:
    read: dict[str, Any] = {"ssl": True} if uses_tls else {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _READERS:
            known = ", ".join(sorted(_READERS))
            raise ValueError(f"it has no option of that name; available: {known}")
        if name.startswith("ssl_") and not uses_tls:
            raise ValueError(f"{name} needs rediss:// instead of redis://")
        read[name] = _READERS[name](name, text)
    return read


def _text(name: str, text: str) -> str:
    if not text:
        raise ValueError(f"{name} must not be empty")
    return text


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} must be a number")
    return int(text)


def _yes(name: str, text: str) -> bool:
    if (word := text.lower()) not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    return word == "true"


def _strictness(name: str, text: str) -> str:
    if text not in ("none", "optional", "required"):
        raise ValueError(f"{name} must be none, optional or required")
    return text


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "db": _number,
    "ssl_cert_reqs": _strictness,
    "ssl_check_hostname": _yes,
    "ssl_ciphers": _text,
    **dict.fromkeys((*_FILES, *_TEXTS, "sentinel_username", "sentinel_password"), _text),
}
