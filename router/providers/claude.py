"""What each of Claude's models accepts and refuses, by name, and how a request is worded for it.

From https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting and
https://platform.claude.com/docs/en/about-claude/models/overview, as of November 2026. A name that is not
one of Claude's, on another server that speaks Messages, is treated as a model of the first generation: it
has a thinking budget in tokens and accepts what Messages began with.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.wire.chunks import text_in
from router.wire.dialects.shape import unsaid

_NAME = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?!\d)")
_ALWAYS_THINK = frozenset({"fable", "mythos"})
_FROM_ABOVE = ("system", "developer")
_FORCED = "required"
_SAMPLING = ("temperature", "top_p", "top_k")
_EITHER = ("temperature", "top_p")


class Claude(Struct, frozen=True):
    """What a model accepts, the same for all models of one family and version.

    `is_adaptive`: it thinks as it sees fit, within the bounds of an effort, not by a budget of tokens.
    `hides_thoughts`: it tells them only if it is asked to. `tries_harder`: it knows the effort `xhigh`.
    `samples`: it accepts a temperature and the like; `samples_in_one_way`: not a temperature and a `top_p` at once.
    `may_not_think`: thinking can be switched off.
    `hears_system_amid`: a system message may occur within the conversation. `may_be_forced`: to call a tool.
    `may_be_begun`: its answer, by a last message of the assistant.
    `binds_thoughts`: it takes its thoughts back only after exactly the same words.
    """

    is_adaptive: bool = False
    hides_thoughts: bool = False
    tries_harder: bool = False
    samples: bool = True
    samples_in_one_way: bool = False
    may_not_think: bool = True
    hears_system_amid: bool = False
    may_be_forced: bool = True
    may_be_begun: bool = True
    binds_thoughts: bool = False

    @classmethod
    def named(cls, name: str) -> "Claude":
        """The model that an upstream calls `name`; defaults if it is not one of Claude's."""
        found = _NAME.search(name)
        if found is None:
            return cls()
        family, version = found["family"], (int(found["major"]), int(found["minor"] or 0))
        is_deep = family in _ALWAYS_THINK or (family == "opus" and version >= (5, 0))
        is_latest = version >= (5, 5) or (family in _ALWAYS_THINK and version >= (5, 1))
        return cls(
            is_adaptive=version >= (4, 6),
            hides_thoughts=version >= (4, 7) or family in _ALWAYS_THINK,
            tries_harder=version >= (4, 7),
            samples=version < (4, 7),
            samples_in_one_way=version >= (4, 1),
            may_not_think=not is_deep and not (is_latest and family != "haiku"),
            hears_system_amid=version >= (4, 8),
            may_be_forced=not is_latest or family == "haiku",
            may_be_begun=version < (4, 6),
            binds_thoughts=is_latest,
        )

    def worded(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a chat request, without what this model refuses.

        Sampling hints are left out, "do not think" becomes "think little", and system messages within the
        conversation become the user's. Raises ApiError 400 for what cannot be worded differently.
        """
        worded = dict(fields)
        if not self.samples:
            worded.pop("temperature", None)
        if not self.samples or self._samples_twice(worded):
            worded.pop("top_p", None)
        if effort := self._effort(worded.get("reasoning_effort")):
            worded["reasoning_effort"] = effort
        if not self.hears_system_amid:
            worded["messages"] = _with_system_first(fields.get("messages"))
        if not self.may_be_forced and _is_forced(worded.get("tool_choice")):
            raise unsaid("tool_choice", "the model itself decides whether to call a tool; use auto")
        begun = text_in(_begun(fields.get("messages")).get("content"))
        if begun.strip() and not self.may_be_begun:  # without words it is left out
            raise unsaid(
                "messages", "the model begins its answers itself; end with a user's message"
            )
        return worded

    def takes(self, body: Mapping[str, Any]) -> bool:
        """Whether this model accepts, word for word, a Messages request that was meant for another one."""
        thinking, config = body.get("thinking"), body.get("output_config")
        return (
            self._may_be_told(thinking.get("type") if isinstance(thinking, dict) else None)
            and self._knows(config.get("effort") if isinstance(config, dict) else None)
            and (self.samples or not any(body.get(name) is not None for name in _SAMPLING))
            and not self._samples_twice(body)
            and (self.hears_system_amid or not _has_system_amid(body.get("messages")))
            and (self.may_be_forced or not _is_forcing(body.get("tool_choice")))
            and (self.may_be_begun or not _begun(body.get("messages")))
        )

    def _samples_twice(self, fields: Mapping[str, Any]) -> bool:
        both = all(fields.get(name) is not None for name in _EITHER)
        return both and self.samples_in_one_way

    def _may_be_told(self, thinking: object) -> bool:
        match thinking:
            case "enabled":
                return not self.is_adaptive
            case "adaptive":
                return self.is_adaptive
            case "disabled":
                return self.may_not_think
        return True

    def _knows(self, effort: object) -> bool:
        return effort is None or (self.is_adaptive and (effort != "xhigh" or self.tries_harder))

    def _effort(self, asked: object) -> str:
        """The nearest effort to one that the model does not know; "" if it knows it."""
        if asked == "none" and not self.may_not_think:
            return "low"
        return "high" if asked == "xhigh" and self.is_adaptive and not self.tries_harder else ""


def _is_forcing(choice: object) -> bool:
    """The same for the choice in Messages."""
    return isinstance(choice, dict) and choice.get("type") in ("any", "tool")


def _begun(messages: object) -> Mapping[str, Any]:
    """The last message, if the model is to go on with it."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    return last if isinstance(last, dict) and last.get("role") == "assistant" else {}


def _has_system_amid(messages: object) -> bool:
    return isinstance(messages, list) and any(map(_is_from_above, messages))


def _is_forced(choice: object) -> bool:
    if isinstance(choice, dict):
        allowed = choice.get("allowed_tools")
        return not isinstance(allowed, dict) or allowed.get("mode") == _FORCED
    return choice == _FORCED


def _with_system_first(messages: object) -> object:
    """The messages, with system ones only at the beginning."""
    if not isinstance(messages, list):
        return messages
    first = next((i for i, each in enumerate(messages) if not _is_from_above(each)), len(messages))
    return [*messages[:first], *(_as_the_users(each) for each in messages[first:])]


def _is_from_above(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in _FROM_ABOVE


def _as_the_users(message: Any) -> Any:
    return {**message, "role": "user"} if _is_from_above(message) else message
