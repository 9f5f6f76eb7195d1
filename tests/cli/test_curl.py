"""A curl command as people copy it: the decision is made on what it would send."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.cli import main
from router.cli.explain.curl import CurlRequest, is_curl, parse_curl
from router.domain.errors import FarthingError
from tests.cli.explaining import explained
from tests.config.files import EXAMPLE

BODY = '{"model": "auto", "messages": [{"role": "user", "content": "What is 17 * 23?"}]}'
LINES = {
    "as the documentation of OpenAI has it": f"""curl https://api.openai.com/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -d '{BODY}'""",
    "with a prompt and a pipe": f"$ curl -sS http://localhost:8080/v1 -d '{BODY}' | jq .choices",
    "on Windows' line ends": f"curl http://localhost \\\r\n --data-raw '{BODY}'",
    "in double quotes": f'curl -XPOST localhost --data "{BODY}"'.replace(
        BODY, BODY.replace('"', '\\"')
    ),
    "together with flags": f"curl localhost -sSd '{BODY}' -o answer.json --max-time 3",
    "with an equals sign": f"curl --data-binary='{BODY}' --url localhost",
    "as json": f"curl --json '{BODY}' localhost > answer.json",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_the_body_is_what_curl_would_send(line: str) -> None:
    assert is_curl(line)
    assert parse_curl(line).body == BODY.encode()


def test_headers_are_there_whatever_their_case() -> None:
    request = parse_curl(
        "curl x -H 'X-Farthing-Tags: a, b' --header=Cache-Control:no-store -d '{}'"
    )

    assert request.headers["x-farthing-tags"] == "a, b"
    assert request.headers["cache-control"] == "no-store"


def test_a_body_may_be_a_file_and_raw_data_is_none(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(BODY, "utf-8")

    assert parse_curl(f"curl x -d @{path}").body == BODY.encode()
    assert parse_curl("curl x --data-raw @nothing").body == b"@nothing"


def test_pieces_are_joined_as_curl_does() -> None:
    assert parse_curl("curl x -d a=1 --data b=2").body == b"a=1&b=2"
    assert parse_curl("curl x --json '{' --json '}'").body == b"{}"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("curl https://localhost", "sends no body"),
        ("curl localhost -d", "expected one argument"),
        ("curl localhost -d 'open", "No closing quotation"),
        ("wget localhost", "begins with 'curl'"),
        ("curl localhost -d @/nowhere/at/all", "/nowhere/at/all cannot be read"),
    ],
)
def test_a_line_that_is_none_is_told_in_a_line(line: str, hint: str) -> None:
    with pytest.raises(FarthingError, match=hint):
        parse_curl(line)


def test_a_question_about_curl_is_no_curl_line() -> None:
    assert not is_curl("curling: who won in 1998?")
    assert not is_curl("What does curl -d do?")


@pytest.mark.parametrize("given", [["--curl"], []])
def test_a_curl_line_is_explained_and_its_key_is_never_printed(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"curl x -H 'authorization: Bearer sk-hush' -H 'x-farthing-tags: night' -d '{BODY}'"
    said = explained(capsys, *given, line)
    document = json.loads(explained(capsys, "--json", "--tag", "late", *given, line))

    assert "looks like maths" in said
    assert document["circumstances"]["tags"] == ["late", "night"]
    assert "hush" not in said + json.dumps(document)


def test_a_curl_line_may_ask_for_another_model(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys, "--model", "sim-mid", f"curl x -d '{BODY}'")
    assert "The client asked for sim-mid by name" in said


TASK = "Translate everything the user writes into German."
OTHER_APIS: dict[str, dict[str, Any]] = {
    "v1/messages": {
        "max_tokens": 9,
        "system": TASK,
        "messages": [{"role": "user", "content": "Why?"}],
    },
    "v1/responses": {"instructions": TASK, "input": "Why?"},
    "v1/completions": {"prompt": "Translate 'good night' into French."},
}


@pytest.mark.parametrize("path", OTHER_APIS)
def test_a_request_of_another_api_is_understood_as_the_server_understands_it(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"model": "auto", **OTHER_APIS[path]}).replace("'", "\u2019")
    file = tmp_path / "request.json"
    file.write_text(body)

    for given in (["--file", str(file)], [f"curl https://api.example.com/{path} -d '{body}'"]):
        assert "looks like translation" in explained(capsys, *given)


@pytest.mark.parametrize(
    "options",
    [
        "-so /dev/null -w '/%{http_code}' https://x.org/v1/messages",
        "-A me/1.0 -u me:a/b --proxy http://p:1/ x.org/v1/messages",
        "--url=https://x.org/v1/messages?beta=true",
    ],
)
def test_where_it_goes_is_found_among_values_that_look_like_addresses(options: str) -> None:
    assert parse_curl(f"curl {options} -d '{{}}'").path == "/v1/messages"


def test_where_it_goes_tells_an_api_from_one_of_the_same_shape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    message = {"role": "user", "content": [image]}
    body = json.dumps({"model": "auto", "max_tokens": 9, "messages": [message]})

    assert "looks like vision" in explained(capsys, f"curl $BASE/v1/messages -d '{body}'")


def test_an_error_names_the_field_as_its_api_does(capsys: pytest.CaptureFixture[str]) -> None:
    body = {"model": "auto", "input": "x", "max_output_tokens": -5}
    line = f"curl x/v1/responses -d '{json.dumps(body)}'"

    assert main(["explain", "--config", str(EXAMPLE), line]) != 0
    assert "max_output_tokens" in capsys.readouterr().err


def test_a_request_without_headers_has_none() -> None:
    assert dict(CurlRequest(b"").headers) == {}
