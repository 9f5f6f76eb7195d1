"""What a server says on standard error, only a few lines: loading rich for them would take a fiftieth of a start."""

import os
import sys
from contextlib import suppress
from errno import EADDRINUSE

from router.config.settings import Settings

BOLD, DIM, ALARM = "1", "2", "1;31"
"""Terminal codes: https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters."""


def say(line: str) -> None:
    """Print a line on standard error, if anybody reads it and there is room: nobody must, for a server to serve."""
    with suppress(OSError):
        print(line, file=sys.stderr)  # noqa: T201 - a command line speaks by printing


def styled(style: str, text: str) -> str:
    """`text` in a style; unchanged if standard error is not a terminal, or colours are not wanted."""
    wants = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{style}m{text}\x1b[0m" if wants and sys.stderr.isatty() else text


def counted(number: int, thing: str, things: str = "") -> str:
    """`number` and what it counts, such as `1 policy` and `3 policies`; the plural is `thing` and an s by default."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def not_listening(host: str, port: int, error: OSError) -> str:
    """Why nothing can listen there, as a clause for the end of an error message."""
    taken = "the address is in use already; stop what listens there, or choose another --port"
    reason = taken if error.errno == EADDRINUSE else error.strerror or error
    return f"cannot listen on {host}:{port}: {reason}"


def tell_notes(settings: Settings) -> None:
    """Say what was left out, and what is wrong with what was learnt."""
    for note in settings.notes:
        say(styled(DIM, note))
    for trouble in settings.unused:
        say(styled(ALARM, trouble))
