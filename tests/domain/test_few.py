"""Lists in messages."""

from collections.abc import Iterable

import pytest

from router.decision.conditions import CONDITIONS
from router.domain.category import Category
from router.domain.few import few
from router.domain.nearest import nearest


def test_a_short_list_is_told_whole() -> None:
    assert few([]) == ""
    assert few(["a", "b"]) == "a, b"
    assert few("abcdefgh", "; ") == "a; b; c; d; e; f; g; h"


def test_of_hundreds_the_first_are_named_and_the_others_counted() -> None:
    assert few(map(str, range(500))) == "0, 1, 2, 3, 4, 5, 6, 7 and 492 more"
    assert nearest("x", (f"model-{n:03}" for n in range(500))).endswith("model-007 and 492 more")


@pytest.mark.parametrize("words", [Category, CONDITIONS])
def test_whoever_has_mistaken_a_word_of_ours_is_told_all_of_them(words: Iterable[str]) -> None:
    assert nearest("zzzz", words) == f"; available: {', '.join(sorted(words))}"
