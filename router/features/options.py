"""How many answers a question offers to choose from: of few, wrong ones are often the same."""

import re

from router.features.text import containing

_LABELS = tuple(re.compile(rf"(?<![^\s(])([{letters}])[.):](?=\s)") for letters in ("A-J", "a-j"))
_has_second = containing("B.", "B)", "B:", "b.", "b)")
"""So has every text that labels two answers; this check takes a tenth of the search."""
_offers_two = containing("yes or no", "yes/no", "true or false", "true/false")
_TAIL_CHARS = 2000
"""Where the options of the question are; what is before may be examples with options of their own."""
_FIRST = ord("a") - 1


def options_in(question: str) -> int:
    """From 2 to 10; 0 if `question` does not end with labelled options, and asks for no yes or no.

    The longest series of labels counts: A., B., C., or (a), (b), wherever in a line. Answers may contain lists, too.
    """
    tail = question[-_TAIL_CHARS:]
    labelled = max(_longest(each.findall(tail)) for each in _LABELS) if _has_second(tail) else 0
    if labelled > 1:
        return labelled
    return 2 if _offers_two(tail.lower()) else 0


def _longest(labels: list[str]) -> int:
    longest = series = 0
    for label in labels:
        number = ord(label.lower()) - _FIRST
        series = number if number == series + 1 else int(number == 1)
        longest = max(longest, series)
    return longest
