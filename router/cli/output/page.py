"""A page of router/page/ with its figures as a self-contained file, as `--html` writes it."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Any

from msgspec import Struct

from router.cli.output.appearing import output

_PAGE: Traversable = files("router").joinpath("page")
_STYLE = re.compile(r'<link rel="stylesheet" href="dashboard/([\w./]+)">\n?')
_SCRIPT = re.compile(r'<script defer src="dashboard/([\w./]+)"></script>\n?')
_HEAD = '<meta charset="utf-8">'
_ESCAPED = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})
"""Characters that HTML or an old JavaScript would interpret, in an escaped form that JSON allows, too."""

DASHBOARD = "index.html"
"""A complete page, which the server sends as it is."""
TRIAL, CALIBRATION, EVALUATION = "trial", "calibration", "evaluation"
"""Folders with the content of reports, which all share a skeleton; each has a style and a script of the same name."""


class _Report(Struct, frozen=True):
    """The head of a report, and the script that draws its chart."""

    title: str
    heading: str
    picture: str


_REPORTS: Mapping[str, _Report] = {
    TRIAL: _Report("two policies compared", '<h1 id="names"></h1>', "flow"),
    CALIBRATION: _Report("a calibration", "<h1>Calibration</h1>", "plot"),
    EVALUATION: _Report("a router on known outcomes", '<h1 id="verdict"></h1>', "curves"),
}


def write_page(path: Path, document: Mapping[str, Any], name: str = DASHBOARD) -> None:
    """Write a page that shows `document` to `path`. Raises FarthingError if it cannot be written."""
    with output("--html", path) as file:
        file.write(page(document, name).encode())


def page(document: Mapping[str, Any], name: str = DASHBOARD) -> str:
    """The page `name` with its styles, scripts and figures inside.

    Its content security policy runs only the scripts that we put there, and fetches nothing: so names in the
    figures, which clients choose, remain text, whatever they contain.
    """
    source = _source(name)
    styles = [_read(name) for name in _STYLE.findall(source)]
    # An inline script ends at the first "</script", wherever that is.
    scripts = [_read(name).replace("</script", r"<\/script") for name in _SCRIPT.findall(source)]
    bare = _SCRIPT.sub("", _STYLE.sub("", source))
    policy = f'<meta http-equiv="content-security-policy" content="{_policy(styles, scripts)}">'
    styled = "".join(f"<style>{style}</style>\n" for style in styles)
    head, rest = bare.replace(_HEAD, f"{_HEAD}\n{policy}", 1).split("</head>", 1)
    body, end = rest.rsplit("</body>", 1)
    return f"{head}{styled}</head>{body}{''.join(_inside(document, scripts))}</body>{end}"


def _source(name: str) -> str:
    """The page without figures."""
    if (report := _REPORTS.get(name)) is None:
        return _read(name)
    return Template(_read("report/skeleton.html")).substitute(
        folder=name,
        title=report.title,
        heading=report.heading,
        picture=report.picture,
        main=_read(f"{name}/main.html"),
    )


def _inside(document: Mapping[str, Any], scripts: list[str]) -> Iterator[str]:
    """The figures, then the scripts that show them."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).translate(_ESCAPED)
    yield f'<script type="application/json" id="overview">{text}</script>\n'
    yield from (f"<script>{script}</script>\n" for script in scripts)


def _policy(styles: list[str], scripts: list[str]) -> str:
    return (
        f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none';"
        f" style-src {_hashes(styles)}; script-src {_hashes(scripts)}"
    )


def _hashes(texts: list[str]) -> str:
    digests = (sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def _read(name: str) -> str:
    return _PAGE.joinpath(name).read_text(encoding="utf-8")
