"""Mistakes in a config: all reported at once, each with its line and the correction, without repeating a secret."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.load import load_settings
from router.config.yaml_file import parse_yaml
from router.domain.errors import ConfigError
from router.domain.key import digest_of
from router.stores.redis.address import parsed
from tests.config.files import NOTHING, SOUND, complaints, loaded, written

BROKEN = Path(__file__).with_name("broken.yaml")
GOLDEN = BROKEN.with_suffix(".txt")


def test_two_dozen_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = complaints(tmp_path, BROKEN.read_text())

    assert told == GOLDEN.read_text().splitlines()


def test_no_message_repeats_what_stands_where_a_secret_might(tmp_path: Path) -> None:
    told = "\n".join(complaints(tmp_path, BROKEN.read_text()))

    for secret in ("sk-live-4711", "abc-secret", "plain-text"):
        assert secret in BROKEN.read_text()
        assert secret not in told


def sole(folder: Path, text: str, environ: Mapping[str, str] = NOTHING) -> str:
    [told] = complaints(folder, text, environ)
    return told


NAME = (
    "must be a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon"
)
REFERENCE = "must be a reference, ${NAME} or ${file:/path}: secrets do not belong in this file"


def test_a_mistake_is_told_where_it_is_although_another_comes_before_it(tmp_path: Path) -> None:
    said = f"""{SOUND}keys:
  - {{name: one}}
  - {{name: two, key: "${{NONE}}"}}
budgets:
  - {{usd: five}}
  - {{usd: 5, policy: cheep}}
"""
    assert complaints(tmp_path, said) == [
        "config.yaml: keys[0].key (line 7): is missing",
        "config.yaml: budgets[0].usd (line 10): must be a number",
        "config.yaml: keys[1].key (line 8): the environment variable NONE is not set",
        "config.yaml: budgets[1].policy (line 11): there is no policy 'cheep'; did you mean 'cheap'?",
    ]


def test_a_policy_with_mistakes_is_no_policy_that_does_not_exist(tmp_path: Path) -> None:
    said = f"""{SOUND}policies: {{default: heir, routes: {{x: cheap}}}}
keys:
  - {{name: one, key: "${{KEY}}", policies: [cheap]}}
budgets:
  - {{usd: 5, policy: heir}}
"""
    written(tmp_path, said)
    policies = tmp_path / "policies"
    (policies / "cheap.yaml").write_text("policy: cheap\nintent: short\nadequate: 5\n")
    (policies / "heir.yaml").write_text(
        "policy: heir\nintent: as cheap, and more\nextends: cheap\n"
    )

    assert complaints(tmp_path, said, {"KEY": "a-secret-of-a-client"}) == [
        "policies/cheap.yaml: adequate (line 3): must be a mapping of keys to values",
        "policies/cheap.yaml: intent (line 2): must have at least 10 characters",
    ]


@pytest.mark.parametrize(
    ("upstream", "place"),
    [
        ('{base_url: "http://127.0.0.1:99999/v1"}', "base_url"),
        ('{base_url: "http://127.0.0.1:80 80/v1"}', "base_url"),
        ('{base_url: "http://:8000/v1"}', "base_url"),
        ('{base_url: "http://h:${KEY}/v1"}', "base_url"),
        ('{base_url: "http://h/v1", api_key: "${KEY}"}', "api_key"),
        ('{base_url: "http://h/v1", headers: {x-a: "${KEY}"}}', "headers.x-a"),
        ('{base_url: "http://h/v1", headers: {x-a: "one\\n"}}', "headers.x-a"),
        ('{base_url: "http://h/v1", headers: {"x a": b}}', 'headers."x a"'),
        ('{base_url: "http://h/v1", headers: {"x-a:": b}}', "headers.x-a:"),
    ],
)
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_what_no_call_can_carry_is_told_before_one_is_made(
    upstream: str, place: str, kind: str, tmp_path: Path
) -> None:
    said = SOUND.replace("models:", f"  box: {upstream[:1]}kind: {kind}, {upstream[1:]}\nmodels:")

    assert sole(tmp_path, said, {"KEY": "two\nlines"}).startswith(
        f"config.yaml: upstreams.box.{place} (line 4): "
    )


HERE = "must be the value itself: references are not resolved here, only in keys, addresses, headers and options"


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("ledger: {path: '${DATA}/farthing.db'}", "ledger.path (line 6)"),
        (
            "policies: {routes: {'${NAME}x': cheap, y: {policy: cheap, reference: '${NAME}'}}}",
            "policies.routes.y.reference (line 6)",
        ),
        (
            "  other: {upstream: sim, name: sim-mid, tags: ['${NAME}']}",
            "models.other.tags[0] (line 6)",
        ),
    ],
)
def test_a_reference_where_none_is_resolved_is_not_taken_for_the_value(
    said: str, place: str, tmp_path: Path
) -> None:
    environ = {"NAME": "x", "DATA": "/data"}

    assert sole(tmp_path, f"{SOUND}{said}\n", environ) == f"config.yaml: {place}: {HERE}"


@pytest.mark.parametrize(
    "key",
    [
        "ledger: {path",
        "ledger: {spool",
        "policies: {directory",
        "quality: {artefact",
        "quality: {local",
    ],
)
def test_a_path_of_a_shell_is_not_taken_for_a_folder_of_that_name(key: str, tmp_path: Path) -> None:
    place = key.replace(": {", ".")

    assert complaints(tmp_path, f"{SOUND}{key}: ~/here}}\n")[0] == (
        f"config.yaml: {place} (line 6): must be a path, relative to this file or whole, that does not begin with ~"
    )


def test_a_key_has_no_more_tags_than_a_request(tmp_path: Path) -> None:
    tags = ", ".join(f"t{n}" for n in range(17))
    said = f'{SOUND}keys:\n  - {{name: one, key: "${{KEY}}", tags: [{tags}]}}\n'

    assert sole(tmp_path, said, {"KEY": "a-secret-of-a-client"}) == (
        "config.yaml: keys[0].tags (line 7): must be a list of at most 16"
    )


def test_a_secret_that_no_client_could_present_is_told(tmp_path: Path) -> None:
    said = f"""{SOUND}server: {{admin_key: "${{KEY}}"}}
keys:
  - {{name: one, key: "${{KEY}}"}}
"""
    why = "has a line break or another control character, which no header can carry"

    assert sorted(complaints(tmp_path, said, {"KEY": "# made today\na-secret"})) == [
        f"config.yaml: keys[0].key (line 8): {why}",
        f"config.yaml: server.admin_key (line 6): {why}",
    ]


def test_two_keys_have_different_secrets(tmp_path: Path) -> None:
    said = f"""{SOUND}keys:
  - {{name: one, key: "${{KEY}}"}}
  - {{name: two, key: "${{KEY}}"}}
"""
    assert complaints(tmp_path, said, {"KEY": "a-secret-of-a-client"}) == [
        "config.yaml: keys[1].key (line 8): has the same secret as the key 'one'"
    ]


def test_a_budget_of_a_tag_that_no_request_can_have_is_refused(tmp_path: Path) -> None:
    said = f"""{SOUND}budgets:
  - {{usd: 5, tag: "a,b"}}
  - {{usd: 5, tag: "team-*"}}
  - {{usd: 5, key: "team-*"}}
  - {{usd: 5, key: "*"}}
"""
    whole = "must be a whole name, or '*' for each of them: it is no pattern"

    assert complaints(tmp_path, said) == [
        (
            "config.yaml: budgets[0].tag (line 7): must be a tag of at most 64 characters, in ASCII, without spaces or"
            " commas"
        ),
        f"config.yaml: budgets[1].tag (line 8): {whole}",
        f"config.yaml: budgets[2].key (line 9): {whole}",
    ]


@pytest.mark.parametrize("expires", ["2027", "20270131", '"20270131"', "1.8e9", "90d", "31.1.2027"])
def test_a_number_is_no_date(expires: str, tmp_path: Path) -> None:
    said = f'{SOUND}keys:\n  - {{name: one, key: "${{KEY}}", expires: {expires}}}\n'

    assert sole(tmp_path, said, {"KEY": "a-secret-of-a-client"}) == (
        "config.yaml: keys[0].expires (line 7): must be a date and time such as 2027-01-31T12:00:00Z"
    )


BAD_NAMES = ('"é"', '"a b"', '"a\\nb: c"', '"a\\x00"', '"a\\x7f"', '":a"', '""', "x" * 129)
BAD_TAGS = ('"a,b"', '"a b"', '"a\\n"', '"ü"', '""', "x" * 65)


def test_a_name_that_could_forge_a_header_is_refused(tmp_path: Path) -> None:
    models = "".join(f"  {name}: {{upstream: sim, name: sim-mid}}\n" for name in BAD_NAMES)
    upstreams = "".join(f"  {name}: {{kind: simulated}}\n" for name in BAD_NAMES)
    keys = "".join(f"  - {{name: {name}, key: '${{KEY}}'}}\n" for name in BAD_NAMES)
    text = f"{SOUND.replace('models:', f'{upstreams}models:')}{models}keys:\n{keys}"
    told = complaints(tmp_path, text)

    assert sum(line.endswith(NAME) for line in told) == 2 * len(BAD_NAMES)
    assert sum(line.endswith("which are reserved") for line in told) == len(BAD_NAMES)
    assert len(told) == 3 * len(BAD_NAMES)
    assert all(line.isascii() and line.isprintable() for line in told)


def test_a_model_cannot_take_a_name_that_means_something_else(tmp_path: Path) -> None:
    names = ("auto", "auto:fast", "asked", "best")
    models = "".join(f"  {name}: {{upstream: sim, name: sim-mid}}\n" for name in names)

    assert [line.split(": ")[1] for line in complaints(tmp_path, SOUND + models)] == [
        f"models.{name} (line {6 + index})" for index, name in enumerate(names)
    ]


def test_names_as_providers_give_them_are_welcome(tmp_path: Path) -> None:
    names = ("gpt-6", "deepseek/deepseek-r1:free", "automatic", "bestest", "@x", "!" * 128)
    about = "{upstream: sim, name: sim-mid, tags: [own-gpu, a.b:c]}"
    catalog = loaded(tmp_path, SOUND + "".join(f'  "{n}": {about}\n' for n in names)).catalog

    assert set(catalog) == {"sim-mid", *names}
    assert all(catalog[name].tags > {"own-gpu", "a.b:c"} for name in names)


def test_a_tag_that_a_header_could_not_carry_is_refused(tmp_path: Path) -> None:
    tags = ", ".join(BAD_TAGS)
    told = complaints(tmp_path, SOUND.replace("upstream: sim}", f"upstream: sim, tags: [{tags}]}}"))

    assert [line.partition(": must be a tag of at most 64 characters")[0] for line in told] == [
        f"config.yaml: models.sim-mid.tags[{index}] (line 5)" for index in range(len(BAD_TAGS))
    ]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("api_key: sk-4711", "api_key (line 4)"),
        ("api_key: x${KEY}", "api_key (line 4)"),
        ("api_key: ${}", "api_key (line 4)"),
    ],
)
def test_a_key_of_a_provider_is_a_reference(line: str, place: str, tmp_path: Path) -> None:
    text = SOUND.replace(
        "{kind: simulated}", f"\n    {line}\n    kind: openai\n    base_url: http://127.0.0.1"
    )

    assert f"config.yaml: upstreams.sim.{place}: {REFERENCE}" in complaints(tmp_path, text)


def test_a_header_that_looks_secret_is_a_reference(tmp_path: Path) -> None:
    def upstreams(value: str) -> str:
        return "".join(
            f"  u{index}: {{kind: openai, base_url: 'http://127.0.0.1', headers: {{{name}: '{value}'}}}}\n"
            for index, name in enumerate(names)
        )

    names = ("Authorization", "x-api-key", "X-Secret", "token", "cookie")
    told = complaints(tmp_path, SOUND.replace("models:", upstreams("hush") + "models:"))
    sound = SOUND.replace("models:", upstreams("Bearer ${KEY}") + "models:")

    assert told == [
        f"config.yaml: upstreams.u{index}.headers (line {4 + index}): '{name}' must be a reference,"
        f" ${{NAME}}: it looks like a secret"
        for index, name in enumerate(names)
    ]
    assert len(loaded(tmp_path, sound, {"KEY": "hush"}).upstreams) == 6


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:hush@127.0.0.1/0", "must be written with the password as ${NAME}"),
        ("rediss://me:hush@127.0.0.1/0", "must be written with the password as ${NAME}"),
        ("redis+cluster://:hush@a:1,b:2/", "must be written with the password as ${NAME}"),
        ("unix:///run/redis?password=hush", "must be written with the password as ${NAME}"),
        (
            "redis+sentinel://h/main/0?sentinel_password=hush",
            "must be written with the password as ${NAME}",
        ),
        (
            "memcached://127.0.0.1",
            "must be memory, off, or a redis://, rediss:// or unix:// URL, also as redis+cluster:// or redis+sentinel://, or a reference to one",
        ),
        ("redis://:${NO_SUCH}@127.0.0.1/0", "the environment variable NO_SUCH is not set"),
        (
            "redis://127.0.0.1:port/0",
            "is not a Redis address: a port must be a number from 1 to 65535",
        ),
        (
            "${KEY}",
            "is not a Redis address: it must begin with redis://, rediss:// or unix://, or with redis+cluster://, redis+sentinel:// or similar",
        ),
        (
            "rediss://127.0.0.1/0?ssl_ca_certs=/no/such.pem",
            "there is no file /no/such.pem that can be read",
        ),
    ],
)
def test_a_wrong_cache_url_is_told_and_its_password_is_not(
    url: str, expected: str, tmp_path: Path
) -> None:
    assert sole(tmp_path, f"{SOUND}cache: {{url: '{url}'}}\n", {"KEY": "hush"}) == (
        f"config.yaml: cache.url (line 6): {expected}"
    )


def test_a_password_of_the_cache_may_have_any_characters(tmp_path: Path) -> None:
    text = f"{SOUND}cache: {{url: 'redis+cluster://me:${{KEY}}@a:1,b:2/'}}\n"
    settings = loaded(tmp_path, text, {"KEY": "p@ss/w%rd,:"})
    address = parsed(settings.cache.url)

    assert (address.options["password"], address.nodes) == ("p@ss/w%rd,:", (("a", 1), ("b", 2)))
    assert "p%40ss" not in repr(settings)


_ADDRESS = (
    "must be an address such as postgresql://me@db.internal:5432/farthing, or for several hosts"
    " postgresql://me@/farthing?host=one:5432&host=two:5432"
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:hush@db/books", "must be written with the password as ${NAME}"),
        ("postgresql://db/books?password=hush", "must be written with the password as ${NAME}"),
        ("mysql://db/books", "must be a postgresql:// URL, or a reference to one"),
        ("postgresql://me:${NO_SUCH}@db/books", "the environment variable NO_SUCH is not set"),
        ("${KEY}", "must lead to a postgresql:// URL"),
        ("postgresql://me:${KEY}@db:port/books", _ADDRESS),
        ("postgresql://me:${KEY}@/books?host=db&port=five", _ADDRESS),
        ("postgresql://me:${KEY}@/books?host=one&host=two&port=1,2,3", _ADDRESS),
    ],
)
def test_a_wrong_ledger_url_is_told_and_its_password_is_not(
    url: str, expected: str, tmp_path: Path
) -> None:
    assert sole(tmp_path, f"{SOUND}ledger: {{url: '{url}'}}\n", {"KEY": "hush"}) == (
        f"config.yaml: ledger.url (line 6): {expected}"
    )


def test_a_password_of_the_ledger_may_have_any_characters(tmp_path: Path) -> None:
    text = f"{SOUND}ledger: {{url: 'postgresql://me:${{KEY}}@db/books'}}\n"
    settings = loaded(tmp_path, text, {"KEY": "p@ss/w%rd"})

    assert settings.ledger.url == "postgresql://me:p%40ss%2Fw%25rd@db/books"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])  # noqa: S104
def test_an_open_proxy_is_refused(host: str, tmp_path: Path) -> None:
    assert sole(tmp_path, f"{SOUND}server: {{host: '{host}'}}\n") == (
        "config.yaml: server.host (line 6): without a key Farthing listens on loopback only;"
        " create one with 'farthing keys create NAME', or under 'keys:', or use 127.0.0.1"
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:80", "[::1]", "http://127.0.0.1"])
def test_a_host_has_no_port(host: str, tmp_path: Path) -> None:
    text = f"{SOUND}server: {{host: '{host}'}}\nkeys: [{{name: team, key: '${{KEY}}'}}]\n"

    (told,) = complaints(tmp_path, text, {"KEY": "k"})
    assert told == (
        "config.yaml: server.host (line 6): must be a host or an address alone, like 127.0.0.1 or ::1;"
        " the port has a key of its own, 'port'"
    )


def test_with_a_key_it_may_be_open(tmp_path: Path) -> None:
    text = f"{SOUND}server: {{host: 0.0.0.0}}\nkeys: [{{name: team, key: '${{KEY}}'}}]\n"

    assert loaded(tmp_path, text, {"KEY": "k"}).host == "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "0:0:0:0:0:0:0:1", "localhost"])
def test_loopback_needs_no_key(host: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, f"{SOUND}server: {{host: '{host}'}}\n").host == host


def test_the_overrides_of_the_command_line_are_held_to_the_same_rule(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SOUND)

    assert settings.listening_on("::1", 1).port == 1
    with pytest.raises(ConfigError, match="loopback only"):
        settings.listening_on("0.0.0.0", 1)  # noqa: S104


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must be a mapping of keys to values"),
        ("[]", "must be a mapping of keys to values"),
        ("just words", "must be a mapping of keys to values"),
        ("a: 1\na: 2", "line 2: the key 'a' is repeated here"),
        ("a: {b: 1, b: 2}", "line 1: the key 'b' is repeated here"),
        (
            "a: &x 1\nb: *x",
            "line 2: aliases are not allowed here; text that begins with * needs quotes",
        ),
        (
            "a: &x {b: *x}",
            "line 1: aliases are not allowed here; text that begins with * needs quotes",
        ),
        ("1: 2", "line 1: a key must be text, not 1"),
        ("true: 2", "line 1: a key must be text, not True"),
        ("[a]: 2", "line 1: a key must be text, not ['a']"),
        ("? {a: 1}\n: 2", "line 1: a key must be text, not {'a': 1}"),
        (
            "a: !!python/object/apply:os.system [ls]",
            "line 1: tags like tag:yaml.org,2002:python/object/apply:os.system are not allowed here",
        ),
        (
            "a: !!python/name:os.system x",
            "line 1: tags like tag:yaml.org,2002:python/name:os.system",
        ),
        ("a: !secret x", "line 1: tags like !secret are not allowed here"),
        ("a:\n  - !!str 5", "line 2: tags like tag:yaml.org,2002:str are not allowed here"),
        ("!!map {a: 1}", "line 1: tags like tag:yaml.org,2002:map are not allowed here"),
        ("a: ! x", "line 1: tags like ! are not allowed here"),
        ("<<: {a: 1}", "line 1: could not determine a constructor"),
        ("a: 2026-02-30", "line 1: there is no such date; text that looks like one needs quotes"),
        (
            "b: 1\na: 2026-13-45",
            "line 2: there is no such date; text that looks like one needs quotes",
        ),
        ("a: " + "9" * 5000, "line 1: a number has at most 64 digits here"),
        ("a: [", "line 1: expected the node content"),
        (
            "a: 1\n\tb: 2",
            "line 2: found character '\\t' that cannot start any token; indent with spaces, not with tabs",
        ),
        (
            "a: [*]",
            "line 1: expected alphabetic or numeric character, but found ']'; text that begins with * or & needs quotes",
        ),
        (
            "a: []\n  - b",
            (
                "line 2: expected <block end>, but found '<block sequence start>'; check how far it is indented, and that"
                " it is beneath no [] or {}"
            ),
        ),
        (
            "a: {}\n  b: 1",
            (
                "line 2: expected <block end>, but found '<block mapping start>'; check how far it is indented, and that it"
                " is beneath no [] or {}"
            ),
        ),
        (
            "a: 'b' c",
            "line 1: expected <block end>, but found '<scalar>'; a quotation mark ends the text before the line ends",
        ),
        (
            "a: @b",
            "line 1: found character '@' that cannot start any token; text that begins with this needs quotes",
        ),
        (
            "a: b: c",
            "line 1: mapping values are not allowed here; text with a colon and a space in it needs quotes",
        ),
        (
            "a: {b: ${C}}",
            "line 1: expected ',' or '}', but got '{'; within braces, ${NAME} needs quotes",
        ),
        ("--- a\n--- b", "line 2: but found another document; a file has only one"),
        ("[" * 2000, "line 1: is nested too deeply"),
        ("- " * 2000, "line 1: is nested too deeply"),
    ],
)
def test_what_is_no_strict_yaml_is_told_by_its_line(text: str, told: str, tmp_path: Path) -> None:
    assert sole(tmp_path, text).startswith(f"config.yaml: {told}")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"\xff\xfe\x00", "line 1: is not UTF-8 (byte 1)"),
        (b"b: 1\na: \xe9", "line 2: is not UTF-8 (byte 9)"),
        ("a: 1".encode("utf-16"), "line 1: is not UTF-8 (byte 1)"),
        (b"a: 1\nb: \x0c", "line 2: the character U+000C is not allowed in YAML"),
        (b"# " + b"x" * 2**20, "is larger than 1048576 bytes"),
    ],
)
def test_what_is_no_text_is_told(raw: bytes, told: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, raw) == [f"config.yaml: {told}"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(tmp_path / "none.yaml", {})


@pytest.mark.parametrize(
    ("upstream", "told"),
    [
        (
            "openai, base_url: 'http://box/v1/chat/completions'",
            "before /chat/completions, such as https",
        ),
        ("openai, base_url: 'http://box/v1/responses/'", "before /chat/completions, such as https"),
        ("anthropic, base_url: 'https://box/v1/messages'", "before /v1/messages, such as https"),
    ],
)
def test_an_address_with_the_path_of_a_call_is_told(
    upstream: str, told: str, tmp_path: Path
) -> None:
    text = SOUND.replace("{kind: simulated}", f"{{kind: {upstream}}}")
    assert told in complaints(tmp_path, text)[0]


def test_a_secret_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    text = SOUND + f"server: {{admin_key: '${{file:{tmp_path}/secret}}'}}\n"

    assert sole(tmp_path, text).endswith("/secret cannot be read (it is not text)")


def test_a_file_of_a_secret_is_looked_for_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "team").write_text("sk-secret\n")
    text = SOUND + "keys: [{name: team, key: '${file:secrets/team}'}]\n"
    monkeypatch.chdir("/")

    [key] = loaded(tmp_path, text).keys
    assert key.digest == digest_of("sk-secret")


@pytest.mark.parametrize("place", ["server: {admin_key: %s}", "keys: [{name: team, key: %s}]"])
@pytest.mark.parametrize("nothing", [b"", b"\r\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_no_secret(place: str, nothing: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(nothing)
    text = SOUND + place % f"'${{file:{tmp_path}/secret}}'" + "\n"

    assert sole(tmp_path, text).endswith("/secret is empty")


@pytest.mark.parametrize(
    "place",
    [
        "server: {admin_key: %s}",
        "keys: [{name: team, key: %s}]",
        "telemetry: {otlp: {headers: {authorization: %s}}}",
    ],
)
def test_a_secret_of_two_lines_is_none_that_a_header_could_carry(
    place: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("sk-old\nsk-new\n")
    reference = f"${{file:{tmp_path}/secret}}"
    text = SOUND + place % repr(reference) + "\n"

    (told,) = [each for each in complaints(tmp_path, text) if "control character" in each]
    assert told.endswith("has a line break or another control character, which no header can carry")


def test_credentials_of_many_lines_are_passed_to_litellm(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{\n  "type": "service_account"\n}\n')
    up = "{kind: litellm, provider: vertex_ai, options: {vertex_credentials: '${file:%s}'}}"
    text = SOUND.replace("{kind: simulated}", up % (tmp_path / "secret"))

    assert not any("control character" in each for each in complaints(tmp_path, text))


def test_a_secret_ends_before_its_line_does_and_begins_after_the_mark_of_an_editor(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfsk-secret\r\n")
    text = SOUND + f"keys: [{{name: team, key: '${{file:{tmp_path}/secret}}'}}]\n"

    [key] = loaded(tmp_path, text).keys
    assert key.digest == digest_of("sk-secret")


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", tmp_path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="is not a regular file"):
            load_settings(path, {})


@given(raw=st.binary(max_size=60) | st.text("ab:[]{}&*!|>-? \n\t'\"#%@,.0", max_size=60))
def test_any_bytes_are_yaml_or_a_problem(raw: bytes | str) -> None:
    try:
        assert parse_yaml(raw, "x").name == "x"
    except ConfigError as error:
        told = str(error)
        assert told.startswith("x: ")


def test_a_config_without_a_model_that_can_be_asked_says_why(tmp_path: Path) -> None:
    text = SOUND.replace(
        "{kind: simulated}",
        "{kind: openai, base_url: 'https://api.openai.com/v1', api_key: '${K}', enabled: with-key}",
    ).replace("sim-mid", "gpt-4o")

    assert sole(tmp_path, text) == (
        "config.yaml: models (line 4): no model has an active upstream"
        " (upstream sim: left out, the environment variable K is not set)"
    )


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("${EMPTY}", "EMPTY is not set"),
        ("${file:/no/such}", "/no/such cannot be read (No such file"),
    ],
)
def test_a_reference_to_nothing_is_told(reference: str, told: str, tmp_path: Path) -> None:
    text = f"{SOUND}keys: [{{name: team, key: '{reference}'}}]\n"
    [complaint] = complaints(tmp_path, text, {"EMPTY": " "})

    assert complaint.startswith("config.yaml: keys[0].key (line 6): ")
    assert told in complaint


@pytest.mark.parametrize("value", [".inf", ".nan", "-1"])
@pytest.mark.parametrize("place", ["server: {max_body_mb", "cache: {max_mb", "cache: {timeout_s"])
def test_a_size_and_a_time_are_finite(place: str, value: str, tmp_path: Path) -> None:
    assert "must be" in sole(tmp_path, f"{SOUND}{place}: {value}}}\n")
