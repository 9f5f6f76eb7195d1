"""JSON of any shape from models for which litellm forgets that it was asked for (1.106.2).

It knows for them only JSON of a schema, and sends a request for any other as if nothing had been said. They are asked
in words instead, as in `router.wire.dialects.only_json`.
"""

from collections.abc import Mapping
from typing import Any

from router.domain.fault import AttemptFailed
from router.domain.usage import Usage
from router.providers.translated import no_json
from router.wire.dialects.answer import AnswerEnd
from router.wire.dialects.chat.read_answer import stop_of
from router.wire.dialects.only_json import IN_WORDS, FirstObject, NoJson
from router.wire.usage import read_usage

_OF_ALL = frozenset({"bedrock"})
_OF_CLAUDE = frozenset("anthropic azure_ai databricks vertex_ai vertex_ai_beta".split())
"""Providers for all of whose models litellm forgets it, and those for whose Claude models."""
_SYSTEM = ("system", "developer")


def is_forgotten(fields: Mapping[str, Any], provider: str, model_name: str) -> bool:
    """Whether the fields of a chat request ask for JSON of any shape, and the model would not be told."""
    if fields.get("response_format") != {"type": "json_object"}:
        return False
    return provider in _OF_ALL or (provider in _OF_CLAUDE and "claude" in model_name.lower())


def in_words(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the wish at the end of the system prompt."""
    said = fields["messages"]
    first = next((i for i, each in enumerate(said) if each.get("role") not in _SYSTEM), len(said))
    wish = {"role": "system", "content": IN_WORDS}
    asked = {name: value for name, value in fields.items() if name != "response_format"}
    return {**asked, "messages": [*said[:first], wish, *said[first:]]}


class OnlyJson:
    """What remains of an answer, or of the chunks of one: of each choice's words, the first JSON object."""

    def __init__(self) -> None:
        self._found: dict[int, FirstObject] = {}

    def of(self, answer: dict[str, Any], said: str) -> dict[str, Any]:
        """The answer, or the chunk, whose choices have their words in the member `said`.

        Raises AttemptFailed at the end of a choice in which no object has begun.
        """
        usage = read_usage(answer.get("usage"))
        for choice in answer["choices"]:
            self._shorten(choice, choice[said], usage)
        return answer

    def _shorten(self, choice: dict[str, Any], said: dict[str, Any], usage: Usage | None) -> None:
        found = self._found.setdefault(choice.get("index") or 0, FirstObject())
        if isinstance(words := said.get("content"), str):
            said["content"] = found.more(words) or None
        if not (reason := choice.get("finish_reason")):
            return
        end = AnswerEnd(stop_of(reason, calls=bool(said.get("tool_calls"))), usage)
        try:
            refused = found.ended(end, has_refused=bool(said.get("refusal")))
        except NoJson as error:
            raise AttemptFailed(no_json(error)) from None
        if refused:
            said["refusal"] = refused
