"""Failures of tools, for which only Messages have a flag."""

from router.wire.dialects.parts import Shown, Text, ToolResult

_SIGN = "Error: "


def told_error(result: ToolResult) -> tuple[Shown, ...]:
    """What a tool gave back, with words that say that it failed if only a flag did."""
    if not result.is_error:
        return result.content
    first = result.content[0] if result.content else None
    if not isinstance(first, Text):
        return (Text(_SIGN.strip()), *result.content)
    if first.text.lower().startswith("error"):
        return result.content
    return (Text(_SIGN + first.text, first.mark), *result.content[1:])
