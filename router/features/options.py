"""How many answers a question offers to choose from: of few, wrong ones are often the same."""

import re
from collections.abc import Iterable

from router.features.text import containing

_LABEL = re.compile(r"[\s(]([A-Ja-j])[.):](?=\s)")
"""It begins with what is rare, not with a look behind, so that the search skips what lies between."""
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
    labels = _LABEL.findall(f"\n{tail}") if _has_second(tail) else []
    labelled = max(_longest(filter(is_case, labels)) for is_case in (str.isupper, str.islower))
    if labelled > 1:
        return labelled
    return 2 if _offers_two(tail.lower()) else 0


def _longest(labels: Iterable[str]) -> int:
    longest = series = 0
    for label in labels:
        number = ord(label.lower()) - _FIRST
        series = number if number == series + 1 else int(number == 1)
        longest = max(longest, series)
    return longest
