"""The conditions that `when:` may name. A new one is a function and a row of `CONDITIONS`.

Each entry turns the value written in YAML into a test of one request, and raises ValueError with
what would be right when the value makes no sense.
"""

from collections.abc import Callable, Iterable, Mapping

from router.decision.policy import Condition
from router.domain.category import Category
from router.domain.model import Capability


def _words(value: object) -> frozenset[str]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise ValueError(f"must be a word or a list of words, not {value!r}")
    return frozenset(words)


def _words_from(value: object, known: Iterable[str]) -> frozenset[str]:
    words, allowed = _words(value), sorted(known)
    if unknown := words - set(allowed):
        raise ValueError(f"knows no {', '.join(sorted(unknown))}; there is {', '.join(allowed)}")
    return words


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"must be a whole number >= 0, not {value!r}")
    return value


def _category(value: object) -> Condition:
    wanted = _words_from(value, Category)
    return lambda features, _: features.category in wanted


def _min_confidence(value: object) -> Condition:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {value!r}")
    return lambda features, _: features.category_confidence >= value


def _min_prompt_tokens(value: object) -> Condition:
    least = _count(value)
    return lambda features, _: features.prompt_tokens >= least


def _max_prompt_tokens(value: object) -> Condition:
    most = _count(value)
    return lambda features, _: features.prompt_tokens <= most


def _needs(value: object) -> Condition:
    wanted = _words_from(value, Capability)
    return lambda features, _: wanted <= features.needs


def _key(value: object) -> Condition:
    wanted = _words(value)
    return lambda _, circumstances: circumstances.key in wanted


def _tag(value: object) -> Condition:
    wanted = _words(value)
    return lambda _, circumstances: bool(wanted & circumstances.tags)


def _asked(value: object) -> Condition:
    wanted = _words(value)
    return lambda _, circumstances: circumstances.asked in wanted


def _min_turns(value: object) -> Condition:
    least = _count(value)
    return lambda features, _: features.turns >= least


def _max_budget_left(value: object) -> Condition:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"must be a share from 0 to 1, not {value!r}")
    return lambda _, circumstances: circumstances.budget_left <= value


CONDITIONS: Mapping[str, Callable[[object], Condition]] = {
    "category": _category,
    "min_confidence": _min_confidence,
    "min_prompt_tokens": _min_prompt_tokens,
    "max_prompt_tokens": _max_prompt_tokens,
    "min_turns": _min_turns,
    "needs": _needs,
    "key": _key,
    "tag": _tag,
    "asked": _asked,
    "max_budget_left": _max_budget_left,
}
