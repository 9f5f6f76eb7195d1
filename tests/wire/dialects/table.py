"""The whole table of what becomes of requests."""

from collections.abc import Mapping

from tests.wire.dialects.conformance import Row
from tests.wire.dialects.rows_of_messages import MESSAGES_ROWS
from tests.wire.dialects.rows_of_settings import OTHER_ROWS, THOUGHT_ROWS
from tests.wire.dialects.rows_of_tools import TOOL_ROWS

REQUESTS: Mapping[str, tuple[Row, ...]] = {
    "Messages": MESSAGES_ROWS,
    "Tools": TOOL_ROWS,
    "Thoughts": THOUGHT_ROWS,
    "Everything else": OTHER_ROWS,
}
