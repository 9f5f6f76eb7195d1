"""An upstream's account of what it used, read into exclusive buckets.

The vendors agree on little but that tokens are counted: each has its own names, and its own idea of
what includes what. A layout is a row of data that says so (`router.wire.usage.layouts`), and one
reader reads them all (`router.wire.usage.reading`). A new layout is a file and a row.
"""

from router.domain.usage import Usage
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read

_CHAT = LAYOUTS["openai-chat"]


def read_usage(usage: object) -> Usage | None:
    """The buckets of a chat completion's usage object; None when it is absent or makes no sense."""
    return read(_CHAT, usage)
