"""How many answers a question offers to choose from: of few, wrong ones are often the same."""

import re

_LABELS = tuple(re.compile(rf"(?<![^\s(])([{letters}])[.):](?=\s)") for letters in ("A-J", "a-j"))
_SECONDS = ("B.", "B)", "B:", "b.", "b)")
"""One of these is in every text that labels two answers; looking for them takes a tenth of the search."""
_EITHER = ("yes or no", "yes/no", "true or false", "true/false")
_TAIL_CHARS = 2000
"""Where the options of the question are; what is before may be examples with options of their own."""
_FIRST = ord("a") - 1


def options_in(question: str) -> int:
    """From 2 to 10; 0 if `question` does not end with labelled options, and asks for no yes or no.

    The longest series of labels counts: A., B., C., or (a), (b), wherever in a line. Answers may contain lists, too.
    """
    tail = question[-_TAIL_CHARS:]
    if (
        any(second in tail for second in _SECONDS)
        and (labelled := max(_longest(each.findall(tail)) for each in _LABELS)) > 1
    ):
        return labelled
    low = tail.lower()
    return 2 if any(either in low for either in _EITHER) else 0


def _longest(labels: list[str]) -> int:
    longest = series = 0
    for label in labels:
        number = ord(label.lower()) - _FIRST
        series = number if number == series + 1 else int(number == 1)
        longest = max(longest, series)
    return longest
