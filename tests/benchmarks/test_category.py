"""The requests that were written to be learnt from, and those to judge by: their form, and that they stay apart."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.category.cases import Case, broad, cases
from benchmarks.category.written import Line, lines_of, written
from router.domain.category import Category
from router.features.turns import question_of

WORDS = re.compile(r"\w+")


def test_every_category_was_written_for_often() -> None:
    requests = written()
    counts = Counter(request.category for request in requests)

    assert set(counts) == set(Category)
    assert min(counts.values()) > 1500
    assert len({request.text for request in requests}) == len(requests)


def test_what_was_written_after_real_requests_counts_three_times() -> None:
    weights = {
        (request.family.startswith("written/manners"), request.weight) for request in written()
    }

    assert weights == {(True, 3.0), (False, 1.0)}


def test_the_test_has_fifty_requests_of_each_category() -> None:
    assert Counter(case.category for case in broad()) == dict.fromkeys(Category, 50)


@pytest.mark.parametrize("asked", [broad(), cases()], ids=["broad", "older"])
def test_nothing_to_judge_by_is_learnt_from(asked: tuple[Case, ...]) -> None:
    learnt = {tuple(WORDS.findall(request.text.lower())) for request in written()}

    assert [
        question
        for case in asked
        if tuple(WORDS.findall((question := question_of(case.body["messages"])).lower())) in learnt
    ] == []


def test_a_file_has_situations_and_a_request_in_each_line(tmp_path: Path) -> None:
    file = tmp_path / "some.txt"
    file.write_text("# en a bakery\nchat: hi\n# de\nmaths: 2\\n+ 2: wie viel?\n", "utf-8")

    assert list(lines_of(file)) == [
        Line(Category.CHAT, "en", 1, "hi"),
        Line(Category.MATHS, "de", 2, "2\n+ 2: wie viel?"),
    ]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("chat: hi\n", 1),
        ("# en\nsmalltalk: hi\n", 2),
        ("# en\nchat: hi\nchat:\n", 3),
        ("# en\nchat: hi\n\n", 3),
    ],
    ids=["no language", "no category", "no request", "nothing"],
)
def test_what_is_no_request_is_named_with_its_place(
    tmp_path: Path, content: str, place: int
) -> None:
    file = tmp_path / "some.txt"
    file.write_text(content, "utf-8")

    with pytest.raises(ValueError, match=rf"some\.txt:{place}: not a request"):
        list(lines_of(file))
