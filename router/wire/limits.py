"""How much one request may ask for, whatever a model would give. A request that asks for nothing gets no bound."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.domain.answer_limit import LIMITS
from router.domain.errors import ApiError


class RequestLimits(Struct, frozen=True):
    """Bounds for what a request states: more `choices` are refused, a higher limit for the answer is lowered.

    `output_tokens` bounds no answer whose request states no limit: it may be as long as the model can write. None
    bounds none.
    """

    choices: int = 16
    output_tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that would admit nothing."""
        if self.choices < 1 or (self.output_tokens is not None and self.output_tokens < 1):
            raise ValueError(f"a request may ask for at least one choice and one token: {self!r}")

    def lowered(self, body: Mapping[str, Any]) -> dict[str, int]:
        """The members of `body` that ask for too much, lowered to what they may ask for.

        Raises ApiError 400 for too many choices: fewer would be a different answer.
        """
        if (body.get("n") or 1) > self.choices:
            raise ApiError.invalid("n", f"'n' must be at most {self.choices} at this proxy.")
        return {} if self.output_tokens is None else cut_down(body, self.output_tokens)


def cut_down(body: Mapping[str, Any], most: int) -> dict[str, int]:
    """The members of `body` that ask for an answer of more than `most` tokens, lowered to `most`."""
    return {name: most for name in LIMITS if (body.get(name) or 0) > most}


NO_REQUEST_LIMITS = RequestLimits(choices=2**64)
