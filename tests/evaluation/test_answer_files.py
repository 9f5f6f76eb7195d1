"""Files of scored answers, in each of their three forms, and what is reported about bad ones."""

import csv
from pathlib import Path

import pytest

from router.cli.calibrate.journal import Journal
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.evaluation.answer_files import read_rows, write_rows
from router.evaluation.answered import ScoredAnswer, id_of, labelled

WHOLE = ScoredAnswer(
    prompt_id="p1",
    prompt="What is it?",
    model="m",
    score=0.5,
    answer="that",
    input_tokens=3,
    output_tokens=5,
    cost_usd=0.0025,
    latency_s=1.5,
    category="chat",
    scored_by="exact",
    response="It is that.",
    second_answer="this",
    second_response="It is this.",
    second_cost_usd=0.003,
)
BARE = ScoredAnswer(prompt_id="p2", prompt="And now?", model="m", score=None)


def test_what_is_written_as_parquet_is_read_again(tmp_path: Path) -> None:
    write_rows(tmp_path / "own.parquet", [WHOLE, BARE])

    assert read_rows(tmp_path / "own.parquet") == [WHOLE, BARE]
    assert [each.name for each in tmp_path.iterdir()] == ["own.parquet"]


def test_json_lines_and_csv_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(
        '{"prompt": "Why?", "model": "m", "score": 1, "more": []}\n\n'
        '{"prompt": "Why?", "model": "n", "score": 0.5, "cost_usd": 0.01, "category": "maths"}\n'
    )
    (tmp_path / "own.csv").write_text(
        "prompt,model,score,cost_usd,category,more\nWhy?,m,1,,,x\nWhy?,n,0.5,0.01,maths,\n",
        encoding="utf-8-sig",
    )
    rows = read_rows(tmp_path / "own.jsonl")

    assert rows == read_rows(tmp_path / "own.csv")
    assert [row.prompt_id for row in rows] == [id_of("Why?")] * 2
    assert (rows[1].cost_usd, rows[1].category) == (0.01, "maths")


def test_numbers_and_truth_values_are_texts_and_whole_numbers_may_have_a_point(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.jsonl").write_text(
        '{"prompt": "Why?", "model": "m", "answer": 42, "dataset": 7, "request_id": true}',
        encoding="utf-8-sig",
    )
    (tmp_path / "own.csv").write_text(
        "prompt,model,answer,dataset,request_id,input_tokens,output_tokens\n"
        "Why?,m,42,7,true,12.0,nan\n"
    )
    (told,), (row,) = (read_rows(tmp_path / f"own.{form}") for form in ("jsonl", "csv"))

    assert (told.answer, told.dataset, told.request_id) == ("42", "7", "true")
    assert row == replace(told, input_tokens=12)


def test_a_prompt_in_csv_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(f"prompt,model,score\n{'why ' * 100_000},m,1\n")

    assert len(read_rows(tmp_path / "own.csv")[0].prompt) == 400_000


def test_what_others_may_read_of_csv_stays_as_it_was(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    (tmp_path / "own.csv").write_text("prompt,model,score\nWhy?,m,1\n")
    read_rows(tmp_path / "own.csv")

    assert csv.field_size_limit() == before


def test_a_second_answer_may_stand_in_every_form_of_file(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(
        '{"prompt": "Why?", "model": "m", "score": 1, "second_answer": "so", "second_cost_usd": 1}\n'
        '{"prompt": "Why?", "model": "n", "score": 1, "second_cost_usd": 0.5}\n'
        '{"prompt": "Why?", "model": "o", "score": 1, "answer": "so"}\n'
    )
    (tmp_path / "own.csv").write_text(
        "prompt,model,score,answer,second_answer,second_cost_usd\n"
        "Why?,m,1,,so,1\nWhy?,n,1,,,0.5\nWhy?,o,1,so,,\n"
    )
    rows = read_rows(tmp_path / "own.jsonl")

    assert rows == read_rows(tmp_path / "own.csv")
    assert [row.was_asked_twice for row in rows] == [True, True, False]
    assert (rows[0].second_answer, rows[0].second_cost_usd) == ("so", 1.0)
    found = labelled(rows, ["m", "n", "o"], lambda _: Category.CHAT).outcomes.second
    assert found
    assert found.answers.tolist() == [["so", "", None]]


def test_a_score_that_is_nan_is_none(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("prompt,model,score\nWhy?,m,nan\n")

    assert read_rows(tmp_path / "own.csv")[0].score is None


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("own.csv", "prompt,score\nWhy?,1\n", "row 1 has no model"),
        ("own.csv", "prompt,model,score\nWhy?,m,2\n", r"row 1: a score is from 0 to 1, not 2\.0"),
        ("own.csv", "prompt,model,score\nWhy?,m,good\n", "row 1: could not convert"),
        (
            "own.csv",
            "prompt,model,latency_s\nWhy?,m,-1\n",
            r"row 1: latency_s is from 0 to .*, not -1\.0",
        ),
        (
            "own.jsonl",
            '{"prompt": "a", "model": "m", "input_tokens": -1}',
            "input_tokens is from 0",
        ),
        (
            "own.jsonl",
            '{"prompt": "a", "model": "m", "output_tokens": 3000000000}',
            "not 3000000000",
        ),
        ("own.jsonl", '{"prompt": "a", "model": "m", "answer": [1]}', "row 1: answer must be text"),
        ("own.jsonl", '{"prompt": "Why?"', "line 1 is not JSON"),
        ("own.jsonl", "[]", "line 1 is not a JSON object"),
        (
            "own.jsonl",
            '{"prompt": "a", "model": "m", "category": "math"}',
            "row 1: 'math' is not a category; did you mean 'maths'",
        ),
        ("own.parquet", "no parquet", "is not a file of outcomes"),
        ("own.txt", "", r"must end with \.parquet, \.jsonl, \.csv"),
    ],
)
def test_a_bad_row_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FarthingError, match=complaint):
        read_rows(tmp_path / name)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FarthingError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")


def test_a_journal_that_was_cut_off_by_a_crash_keeps_all_whole_answers(tmp_path: Path) -> None:
    Journal(tmp_path / "own.parquet").add(WHOLE)
    with (tmp_path / "own.parquet.journal").open("ab") as file:
        file.write(b'\n{"prompt_id": "p9", "pro')
    again = Journal(tmp_path / "own.parquet")
    assert [*again.held.values()] == [WHOLE]

    again.add(BARE)
    assert [*Journal(tmp_path / "own.parquet").held.values()] == [WHOLE, BARE]
    again.close()
    assert [each.name for each in tmp_path.iterdir()] == ["own.parquet"]
    assert [*Journal(tmp_path / "own.parquet").held.values()] == [WHOLE, BARE]


def test_two_who_ask_at_once_keep_the_answers_of_both(tmp_path: Path) -> None:
    one, other = (Journal(tmp_path / "own.parquet") for _ in range(2))
    one.add(WHOLE)
    one.close()
    other.add(BARE)
    other.close()

    assert [*Journal(tmp_path / "own.parquet").held.values()] == [WHOLE, BARE]
