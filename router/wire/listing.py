"""`GET /v1/models` in the form for OpenAI's clients, and in that for Anthropic's.

https://platform.openai.com/docs/api-reference/models, https://platform.claude.com/docs/en/api/models-list
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from router.domain.errors import ApiError

_UNKNOWN_DATE = "1970-01-01T00:00:00Z"
"""What Anthropic itself says if a model's date is not known."""
_USUAL_LIMIT, _LARGEST_LIMIT = 20, 1000
"""Anthropic's default and maximum size of a page."""


class Page(Struct, frozen=True):
    """Which part of a list is wanted: at most `limit` after `after`, or just before `before`."""

    limit: int = _USUAL_LIMIT
    after: str = ""
    before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Page":
        """The part that a query asks for. Raises ApiError 400."""
        after, before = query.get("after_id", ""), query.get("before_id", "")
        if after and before:
            raise ApiError.invalid(
                "before_id", "Only one of 'after_id' and 'before_id' may be sent."
            )
        limit = query.get("limit", str(_USUAL_LIMIT))
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _LARGEST_LIMIT:
            raise ApiError.invalid("limit", f"'limit' must be a number from 1 to {_LARGEST_LIMIT}.")
        return cls(int(limit), after, before)

    def cut(self, names: Sequence[str]) -> tuple[Sequence[str], bool]:
        """That part of `names`, and whether there are more in the same direction. Raises ApiError 400."""
        if self.before:
            end = _place("before_id", self.before, names)
            start = max(0, end - self.limit)
            return names[start:end], start > 0
        start = _place("after_id", self.after, names) + 1 if self.after else 0
        return names[start : start + self.limit], start + self.limit < len(names)


def _place(param: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise ApiError.invalid(param, f"'{param}' must be the id of a model in the list.")
    return names.index(name)


def openai_model(name: str, owner: str) -> dict[str, Any]:
    """One model, for OpenAI's clients."""
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}


def openai_list(owners: Mapping[str, str]) -> dict[str, Any]:
    """All models with their owners, for OpenAI's clients."""
    return {"object": "list", "data": [openai_model(*each) for each in owners.items()]}


def anthropic_model(name: str) -> dict[str, Any]:
    """One model, for Anthropic's clients."""
    return {"type": "model", "id": name, "display_name": name, "created_at": _UNKNOWN_DATE}


def anthropic_list(names: Sequence[str], page: Page) -> dict[str, Any]:
    """A page of models, for Anthropic's clients. Raises ApiError 400 for an id that is not in the list."""
    shown, has_more = page.cut(names)
    return {
        "data": [anthropic_model(name) for name in shown],
        "has_more": has_more,
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }
