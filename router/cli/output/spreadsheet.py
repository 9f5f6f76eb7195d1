"""CSV for spreadsheets, in which a name is never a formula."""

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

_FORMULA = re.compile(r"[=+@\t\r\n\uff1d\uff0b\uff0d\uff20]|-(?!\d+(?:\.\d+)?\Z)")
"""What a cell begins with that a spreadsheet would run, full-width signs included (https://owasp.org/www-community/attacks/CSV_Injection);
clients choose their tags, and models where calls are passed through, and so what names begin with.
A negative number is none, but `-2+3` is."""


def print_csv(columns: Sequence[str], lines: Iterable[Mapping[str, object]]) -> None:
    """Write lines to standard output, with an apostrophe before any text that would be taken for a formula."""
    writer = csv.DictWriter(sys.stdout, columns)
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in line.items()} for line in lines)


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
