"""A request as its client sent it, in an API other than chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.domain.errors import ApiError
from router.domain.model import Capability, Model
from router.wire.dialects.dialect import Dialect

_APIS: Mapping[Dialect, Capability] = {
    Dialect.MESSAGES: Capability.MESSAGES_API,
    Dialect.RESPONSES: Capability.RESPONSES_API,
}


_SHOWN = ("summary", "generate_summary")
_THINKING, _EFFORT = "thinking as the client has it", "effort as the client has it"
_SHORTENED = "what does not fit may be left out"
"""Names that no API has for a member of a request."""
_BEYOND_HIGH = ("xhigh", "max")
"""Efforts that are `high` in the chat view, since that is what all thinking models know."""


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes as they came, for an upstream of the same dialect; this proxy's limits are not applied to them.

    `body` is `raw`, parsed. `headers` are those that belong to the API, such as its betas. `unsaid` is what the chat
    view leaves out, as the error to raise if no upstream speaks the dialect; None if the view says it all.
    """

    dialect: Dialect
    raw: bytes
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    unsaid: ApiError | None = field(default=None, compare=False, repr=False)

    @property
    def api(self) -> Capability:
        """The capability that a model needs to speak this dialect. Raises KeyError for chat, which all models speak."""
        return _APIS[self.dialect]

    def is_meant_for(self, model: Model) -> bool:
        """Whether the request is meant for this very model: it is named, or no other API could express the request."""
        return self.unsaid is not None or self.body.get("model") in (model.id, model.name)

    @property
    def manner(self) -> Mapping[str, Any]:
        """What makes another answer of it and is not in the chat view: how to think, and what of it is to be shown."""
        if self.dialect is Dialect.MESSAGES:
            return self._manner_of_messages
        reasoning, include = self.body.get("reasoning"), self.body.get("include")
        shown = reasoning if isinstance(reasoning, dict) else {}
        told = [*(shown.get(name) for name in _SHOWN), include]
        shortened = {_SHORTENED: True} if self.may_be_shortened else {}
        return {**shortened, _THINKING: told} if any(told) else shortened

    @property
    def may_be_shortened(self) -> bool:
        """Whether the provider may leave out what does not fit into the model's context."""
        return self.dialect is Dialect.RESPONSES and self.body.get("truncation") == "auto"

    @property
    def _manner_of_messages(self) -> Mapping[str, Any]:
        thinking, config = self.body.get("thinking"), self.body.get("output_config")
        thinks = isinstance(thinking, dict) and thinking.get("type") != "disabled"
        effort = config.get("effort") if isinstance(config, dict) else None
        told = {_EFFORT: effort} if effort in _BEYOND_HIGH else {}
        return {**told, _THINKING: thinking} if thinks else told

    @property
    def needs(self) -> frozenset[Capability]:
        """What a model needs because of the dialect alone."""
        return frozenset() if self.unsaid is None else frozenset({self.api})
