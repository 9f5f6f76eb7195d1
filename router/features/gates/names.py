"""Links, addresses, paths, quotations, mentions and tags: names that are not words."""

import re

from router.features.reading import Reading, Words

_NAME = re.compile(
    r"""
      [a-z][a-z0-9+.-]*://[^\s<>"]+      # links
    | [\w.+-]+@[\w-]+\.[\w.-]+           # e-mail
    | (?<!\w)[@\#][\w-]+                 # mentions and tags
    | (?<![\w/])(?:~|\.{1,2})?/[\w./-]+  # paths
    | \b[\w-]+\.[a-z]{1,4}\b             # files and hosts
    | "[^"]+"|“[^”]+”|«[^»]+»|„[^“”]+[“”]|(?<!\w)'[^']+'(?!\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def reads(reading: Reading) -> Words:
    """The names, in order, as they are written, except for capitals."""
    return tuple(found[0].casefold().rstrip(".,;:!?") for found in _NAME.finditer(reading.prose))
