"""The benchmark of recorded requests: whoever labels their own reads how many are right, also where two labels fit."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.category.recorded import forgiven, main, recorded
from benchmarks.category.scores import Judged
from router.domain.category import Category
from router.features.classify import CATEGORIES

CAPITAL = '{"prompt": "What is the capital of Portugal?", "category": "knowledge"}\n'
POEM = (
    '{"prompt": "Write a poem about rain.", "category": "translation", "or": ["chat", "writing"]}\n'
)


def test_a_line_has_a_request_its_category_and_what_else_it_could_be_called(tmp_path: Path) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_text(CAPITAL + "\n" + POEM.replace('["chat", "writing"]', '"writing"'), "utf-8")

    capital, poem = recorded(file)

    assert (capital.case.category, capital.others) == (Category.KNOWLEDGE, frozenset())
    assert (poem.case.category, [*poem.others]) == (Category.TRANSLATION, [Category.WRITING])
    assert poem.case.body["messages"] == [{"role": "user", "content": "Write a poem about rain."}]
    assert {capital.file, poem.file} == {"shop"}


def test_a_request_may_have_breaks_of_lines_that_json_lines_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_text(CAPITAL.replace("capital", "capital\u2028\u0085") + POEM, "utf-8")

    assert len(list(recorded(file))) == 2


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        '["a list"]',
        '{"category": "chat"}',
        '{"prompt": "hi"}',
        '{"prompt": 7, "category": "chat"}',
        '{"prompt": "hi", "category": "smalltalk"}',
        '{"prompt": "hi", "category": "chat", "or": ["smalltalk"]}',
    ],
)
def test_what_is_no_labelled_request_is_named_with_its_place(tmp_path: Path, line: str) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_text(CAPITAL + line, "utf-8")

    with pytest.raises(ValueError, match=r"shop\.jsonl:2: not a labelled request"):
        list(recorded(file))


def test_another_category_that_would_do_is_right_only_if_it_was_said(tmp_path: Path) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_text(CAPITAL + POEM * 2, "utf-8")
    knowledge, writing, translation, maths = (
        CATEGORIES.index(Category(name))
        for name in ("knowledge", "writing", "translation", "maths")
    )
    said = Judged(
        np.array([writing, writing, maths]),
        np.array([0.9, 0.9, 0.9]),
        np.array([knowledge, translation, translation]),
    )

    either = forgiven(said, list(recorded(file)))

    assert either.true.tolist() == [knowledge, writing, translation]
    assert said.accuracy == 0
    assert either.accuracy == pytest.approx(1 / 3)


def test_the_tables_tell_requests_by_their_category_and_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, office = tmp_path / "shop.jsonl", tmp_path / "office.jsonl"
    shop.write_text(CAPITAL, "utf-8")
    office.write_text(POEM, "utf-8")

    assert main([shop, office]) == 0

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert "2 requests, 1 of several categories".split() in rows
    assert ["knowledge", "1", "1.000", "1.000"] in rows
    assert ["translation", "1", "0.000", "1.000"] in rows
    assert ["office", "1", "0.000", "1.000"] in rows


def test_without_a_file_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: python -m benchmarks.category.recorded" in capsys.readouterr().err
