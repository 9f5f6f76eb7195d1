"""The three APIs by name, and what a translator must know about the one that it translates to."""

from enum import StrEnum

from msgspec import Struct


class Dialect(StrEnum):
    """An API for conversations with a model."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"


class Target(Struct, frozen=True):
    """The upstream that a request is written for.

    `origin` says whose thoughts it can verify: sealed thoughts of another origin are left out; "" stands for the
    dialect's own name. `max_output_tokens` is the limit for Messages, which require one, if the client gave none. With
    `cache_marks` the OpenAI dialects carry the client's cache breakpoints; servers that are merely compatible may
    refuse them. With `manual_thinking` a Messages model gets a budget of tokens for an effort, as models before
    adaptive thinking want it; one that `hides_thoughts` is asked to tell them. With `seals_thoughts` Responses is asked
    for thoughts to be given back later; models that never think refuse that. `is_view` marks chat that is never sent as
    it is: it keeps all thoughts with the name of one of our upstreams, for whichever model is going to be asked.
    """

    dialect: Dialect
    origin: str = ""
    max_output_tokens: int | None = None
    cache_marks: bool = True
    manual_thinking: bool = False
    hides_thoughts: bool = False
    seals_thoughts: bool = True
    is_view: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit that leaves no room for an answer."""
        if self.max_output_tokens is not None and self.max_output_tokens < 1:
            raise ValueError(f"an answer may have at least one token: {self!r}")

    @property
    def own(self) -> str:
        """The origin whose sealed thoughts are kept."""
        return self.origin or self.dialect.value

    def keeps(self, origin: str) -> bool:
        """Whether thoughts of that origin are kept; the origins of our upstreams contain a slash."""
        return origin == self.own or (self.is_view and "/" in origin)
