"""Where Redis is, by URL: what each form means, and what is reported for a wrong one."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.stores.redis.address import RedisAddress, Topology, parsed

HOSTS = st.lists(
    st.tuples(
        st.text(string.ascii_lowercase, min_size=1, max_size=12).map(
            lambda name: f"{name}.example"
        ),
        st.integers(1, 65535),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache", RedisAddress(Topology.SERVER, (("cache", 6379),), {})),
        ("redis://[::1]:7000/2", RedisAddress(Topology.SERVER, (("::1", 7000),), {"db": 2})),
        (
            "redis://:p%40ss@h/0",
            RedisAddress(Topology.SERVER, (("h", 6379),), {"password": "p@ss", "db": 0}),
        ),
        (
            "rediss://me:x@h:1/?ssl_ca_certs=/ca.pem&ssl_check_hostname=false&db=3",
            RedisAddress(
                Topology.SERVER,
                (("h", 1),),
                {
                    "username": "me",
                    "password": "x",
                    "ssl": True,
                    "ssl_ca_certs": "/ca.pem",
                    "ssl_check_hostname": False,
                    "db": 3,
                },
            ),
        ),
        (
            "unix:///run/v.sock?db=1",
            RedisAddress(Topology.SERVER, (), {"path": "/run/v.sock", "db": 1}),
        ),
        ("redis+cluster://a:1,b/", RedisAddress(Topology.CLUSTER, (("a", 1), ("b", 6379)), {})),
        ("redis+cluster://a/0", RedisAddress(Topology.CLUSTER, (("a", 6379),), {})),
        ("rediss+cluster://a", RedisAddress(Topology.CLUSTER, (("a", 6379),), {"ssl": True})),
        (
            "redis+sentinel://:x@a,b:2/main/1?sentinel_password=y",
            RedisAddress(
                Topology.SENTINELS,
                (("a", 26379), ("b", 2)),
                {"password": "x", "db": 1},
                "main",
                {"password": "y"},
            ),
        ),
        (
            "rediss+sentinel://a/main?ssl_certfile=/c.pem",
            RedisAddress(
                Topology.SENTINELS,
                (("a", 26379),),
                {"ssl": True, "ssl_certfile": "/c.pem"},
                "main",
                {"ssl": True, "ssl_certfile": "/c.pem"},
            ),
        ),
    ],
)
def test_what_a_url_means(url: str, expected: RedisAddress) -> None:
    assert parsed(url) == expected


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", "it must begin with redis://"),
        ("unix+cluster:///run/v.sock", "it must begin with redis://"),
        ("redis+pigeon://h", "it must begin with redis://"),
        ("redis://", "it must name a host"),
        ("redis://a,,b", "it must name a host"),
        ("redis://h:0", "it must name a host"),
        ("redis://h:70000", "a port must be a number"),
        ("redis://h:x", "a port must be a number"),
        ("redis://[::1", "it is not a URL"),
        ("redis://h/one", "its path must be one database's number"),
        ("redis://h/1?db=1", "its path must be one database's number"),
        ("redis://h/\u0661", "its path must be one database's number"),
        ("redis://a,b/0", "several hosts are a cluster or sentinels"),
        ("redis+cluster://a/1", "a cluster has only database 0"),
        ("redis+sentinel://a", "its path must name the sentinels' service"),
        ("unix://run/v.sock", "a socket's path must be absolute"),
        ("unix://", "a socket's path must be absolute"),
        (
            "redis://h?socket_timeout=9",
            "it has no option of that name; available: client_name, db",
        ),
        ("redis://h?ssl_ca_certs=/ca.pem", "ssl_ca_certs needs rediss://"),
        ("rediss://h?ssl_check_hostname=perhaps", "ssl_check_hostname must be true or false"),
        ("rediss://h?ssl_cert_reqs=some", "ssl_cert_reqs must be none, optional or required"),
        ("rediss://h?ssl_keyfile=", "ssl_keyfile must not be empty"),
        ("redis://h?db=-1", "db must be a number"),
        ("redis://h?sentinel_username=a", "options of sentinels need redis+sentinel://"),
        ("unix:///v.sock?sentinel_username=a", "options of sentinels need redis+sentinel://"),
    ],
)
def test_a_url_that_names_no_redis_is_told_what_would_be_right(url: str, told: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is what is looked at
        parsed(url)
    assert str(refused.value).startswith(told)


@given(hosts=HOSTS, base=st.sampled_from(["redis", "rediss"]))
def test_the_nodes_of_a_cluster_are_those_of_its_url(
    hosts: list[tuple[str, int]], base: str
) -> None:
    written = ",".join(f"{host}:{port}" for host, port in hosts)

    assert parsed(f"{base}+cluster://{written}/").nodes == tuple(hosts)
    assert parsed(f"{base}+sentinel://{written}/main").nodes == tuple(hosts)


def refusal(url: str) -> ValueError | None:
    """What is reported for a URL, None for a valid one."""
    try:
        parsed(url)
    except ValueError as refused:
        return refused
    return None


@given(secret=st.text(min_size=4).map("\u00e9{}".format), rest=st.text(max_size=30))
def test_no_message_repeats_a_password(secret: str, rest: str) -> None:
    refused = refusal(f"redis://me:{secret}@{rest}")

    assert refused is None or secret not in str(refused)


@given(text=st.text())
def test_whatever_stands_there_is_an_address_or_a_value_error(text: str) -> None:
    for url in (text, f"redis://{text}", f"redis+sentinel://h/{text}", f"rediss://h?{text}"):
        refused = refusal(url)
        assert refused is None or str(refused)
