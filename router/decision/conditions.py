"""The conditions that `when:` may name. A new one is a row of `CONDITIONS`.

A row says what the condition means, what may be written (as JSON Schema, for editors), and turns
the value written in YAML into a test of one request. It raises ValueError with what would be right
when the value makes no sense. The reference page and the schema are made from these rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from router.decision.condition_values import (
    HOURS_SCHEMA,
    LANGUAGE_SCHEMA,
    SHARE_SCHEMA,
    WHOLE_SCHEMA,
    hours,
    key_names,
    labels,
    labels_schema,
    language_codes,
    share,
    tag_names,
    whole,
    words,
    words_from,
    words_schema,
)
from router.decision.policy import Asks, Condition, Fact
from router.decision.predicates import AllOf, AnyOf, AtLeast, AtMost, Labelled, OneOf
from router.domain.category import Category
from router.domain.model import Capability


class ConditionKind(Struct, frozen=True):
    """A condition by its name in YAML: its meaning, what may be written, and what comes of it."""

    meaning: str
    schema: Mapping[str, Any]
    make: Callable[[object], Condition]

    def __call__(self, value: object) -> Condition:
        """The test that `value` asks for. Raises ValueError with what would be right."""
        return self.make(value)


def _header(value: object) -> Condition:
    wanted = {name.lower(): patterns for name, patterns in labels(value, secret=True).items()}
    asks = Asks(headers=frozenset(wanted))
    return Labelled("header", lambda _, c: c.headers, wanted, asks=asks)


def _metadata(value: object) -> Condition:
    wanted = labels(value)
    asks = Asks(metadata=frozenset(wanted))
    return Labelled("metadata", lambda _, c: c.metadata, wanted, asks=asks)


def _language(value: object) -> Condition:
    return OneOf(
        "language", lambda f, _: f.language or None, language_codes(value), asks=Asks(language=True)
    )


def _difficulty(bound: type[AtLeast] | type[AtMost]) -> Callable[[object], Condition]:
    asks = Asks(difficulty=True)
    return lambda value: bound("difficulty", lambda f, _: f.difficulty, share(value), asks=asks)


def _at_least(about: str, fact: Fact) -> Callable[[object], Condition]:
    return lambda value: AtLeast(about, fact, whole(value))


def _at_most(about: str, fact: Fact) -> Callable[[object], Condition]:
    return lambda value: AtMost(about, fact, whole(value))


CONDITIONS: Mapping[str, ConditionKind] = {
    "category": ConditionKind(
        "the request's category is one of these",
        words_schema(Category),
        lambda value: OneOf("category", lambda f, _: f.category, words_from(value, Category)),
    ),
    "min_confidence": ConditionKind(
        "the confidence in the category, from 0 to 1, is at least this; below 0.5 it is a guess",
        SHARE_SCHEMA,
        lambda value: AtLeast("confidence", lambda f, _: f.category_confidence, share(value)),
    ),
    "min_difficulty": ConditionKind(
        "the request's estimated difficulty, from 0 to 1, is at least this",
        SHARE_SCHEMA,
        _difficulty(AtLeast),
    ),
    "max_difficulty": ConditionKind(
        "the request's estimated difficulty, from 0 to 1, is at most this",
        SHARE_SCHEMA,
        _difficulty(AtMost),
    ),
    "min_prompt_tokens": ConditionKind(
        "the prompt has at least this many tokens",
        WHOLE_SCHEMA,
        _at_least("prompt_tokens", lambda f, _: f.prompt_tokens),
    ),
    "max_prompt_tokens": ConditionKind(
        "the prompt has at most this many tokens",
        WHOLE_SCHEMA,
        _at_most("prompt_tokens", lambda f, _: f.prompt_tokens),
    ),
    "min_turns": ConditionKind(
        "the conversation has at least this many messages from the user, not counting reminders of programs",
        WHOLE_SCHEMA,
        _at_least("turns", lambda f, _: f.turns),
    ),
    "max_turns": ConditionKind(
        "the conversation has at most this many messages from the user, not counting reminders of programs",
        WHOLE_SCHEMA,
        _at_most("turns", lambda f, _: f.turns),
    ),
    "needs": ConditionKind(
        "the request needs all of these: tools, pictures (`vision`), a schema ...",
        words_schema(Capability),
        lambda value: AllOf("needs", lambda f, _: f.needs, words_from(value, Capability)),
    ),
    "language": ConditionKind(
        "the user's last message is written in one of these, by its ISO 639-1 code: `de`, `fr`",
        LANGUAGE_SCHEMA,
        _language,
    ),
    "key": ConditionKind(
        "the client's key has one of these names; `team-*` is a pattern",
        words_schema(),
        lambda value: OneOf("key", lambda _, c: c.key, key_names(value), patterns=True),
    ),
    "tag": ConditionKind(
        "the request carries one of these tags, from its key or its `x-farthing-tags` header",
        words_schema(),
        lambda value: AnyOf("tag", lambda _, c: c.tags, tag_names(value)),
    ),
    "metadata": ConditionKind(
        "the request's own `metadata` has these entries: `{team: [search, ads]}`; `*` is any text",
        labels_schema(),
        _metadata,
    ),
    "header": ConditionKind(
        "the request has these headers, written like `metadata`; headers with secrets are refused",
        labels_schema(),
        _header,
    ),
    "asked": ConditionKind(
        "the client sent one of these as `model`; `claude-*` is a pattern",
        words_schema(),
        lambda value: OneOf("asked", lambda _, c: c.asked, words(value), patterns=True),
    ),
    "time": ConditionKind(
        "it is one of these `days`, `from` one hour `until` another, in this `timezone`",
        HOURS_SCHEMA,
        lambda value: hours("time", lambda _, c: c.unix_s, value),
    ),
    "max_budget_left": ConditionKind(
        "at most this share (0 to 1) of the tightest budget that the request draws on is left; 1"
        " without budgets",
        SHARE_SCHEMA,
        lambda value: AtMost("budget_left", lambda _, c: c.budget_left, share(value)),
    ),
}
