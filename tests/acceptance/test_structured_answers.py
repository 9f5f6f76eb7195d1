"""Tool calls, JSON and code: which differences matter, and which do not."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import AnswerKind, Final, Found, NotFound, agree
from router.acceptance.said import Said, read
from tests.acceptance.answers import Answer, asks, calls, final, says

WEATHER: dict[str, Any] = {
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "city": {"type": "string"},
                        "days": {"type": "integer", "default": 1},
                        "unit": {"type": "string"},
                    },
                    "required": ["city"],
                },
            },
        }
    ]
}
JSON: dict[str, Any] = {"response_format": {"type": "json_object"}}


def came_to(answer: Answer, request: dict[str, Any]) -> Final:
    said = read(answer)
    assert isinstance(said, Said)
    return final_answer(asked(request), said)


def of_calls(*named: tuple[str, Any]) -> Final:
    return came_to(calls(*named), asks("How is the weather?", **WEATHER))


@pytest.mark.parametrize(
    "arguments",
    [
        {"city": "Oslo", "unit": "C", "days": 1},
        {"unit": "C", "city": " Oslo "},
        {"city": "Oslo", "days": 1.0, "unit": "C"},
        '{ "city": "Oslo",\n "unit": "C" }',
    ],
)
def test_arguments_are_the_same_in_any_order_and_with_or_without_defaults(arguments: Any) -> None:
    assert agree(
        of_calls(("weather", arguments)), of_calls(("weather", {"city": "Oslo", "unit": "C"}))
    )


@pytest.mark.parametrize(
    "arguments",
    [{"city": "Oslo"}, {"city": "oslo", "unit": "C"}, {"city": "Oslo", "unit": "C", "days": 2}],
)
def test_other_arguments_are_another_call(arguments: Any) -> None:
    mine = of_calls(("weather", {"city": "Oslo", "unit": "C"}))
    assert isinstance(mine, Found)
    assert not agree(of_calls(("weather", arguments)), mine)


def test_a_null_is_said_for_not_every_tool_takes_one() -> None:
    with_null = of_calls(("weather", {"city": "Oslo", "unit": None}))
    assert isinstance(with_null, Found)
    assert not agree(with_null, of_calls(("weather", {"city": "Oslo"})))


def test_a_default_of_one_is_not_true() -> None:
    assert not agree(
        of_calls(("weather", {"city": "Oslo", "days": True})),
        of_calls(("weather", {"city": "Oslo"})),
    )


def test_parallel_calls_have_no_order_and_each_counts() -> None:
    oslo, rome = ("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})
    assert agree(of_calls(oslo, rome), of_calls(rome, oslo))
    assert not agree(of_calls(oslo, rome), of_calls(oslo))
    assert not agree(of_calls(oslo, oslo), of_calls(oslo))


def test_who_calls_and_who_speaks_do_not_agree_whatever_is_said_beside_the_call() -> None:
    calling = calls(("weather", {"city": "Oslo"}))
    beside = {**calling["choices"][0]["message"], "content": "Let me look."}
    talkative = {"choices": [{"message": beside, "finish_reason": "tool_calls"}]}
    request = asks("How is the weather?", **WEATHER)
    assert agree(came_to(calling, request), came_to(talkative, request))
    assert not agree(came_to(calling, request), came_to(says('weather(city="Oslo")'), request))


def test_nested_arguments_are_compared_to_their_depth() -> None:
    one = {"city": "Oslo", "where": {"at": [{"x": 1, "y": [1, 2]}], "near": None}}
    other = {"where": {"near": None, "at": [{"y": [1.0, 2], "x": 1}]}, "city": "Oslo"}
    assert agree(of_calls(("weather", one)), of_calls(("weather", other)))
    one["where"]["at"][0]["y"].reverse()  # type: ignore[index]
    assert not agree(of_calls(("weather", one)), of_calls(("weather", other)))


@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", '{"a": 1', "{" * 5000])
def test_arguments_that_are_no_object_agree_with_nothing(arguments: str) -> None:
    found = of_calls(("weather", arguments))
    assert isinstance(found, NotFound) or arguments == ""


def test_a_tool_that_takes_any_text_is_given_the_same_text_or_not() -> None:
    def shell(text: str) -> Final:
        call = {"id": "c", "type": "custom", "custom": {"name": "shell", "input": text}}
        return came_to(says(None, tool_calls=[call]), asks("List all files."))

    assert agree(shell("ls -a"), shell("ls -a\n"))
    assert not agree(shell("ls -a"), shell("ls -A"))


# ------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": [1, 2]}', '{"b":[1.0,2],"a":1}'),
        ('{"a": 1}', '```json\n{"a": 1}\n```'),
        ('{"a": 1}', 'Here you are:\n\n```\n{"a": 1.0}\n```\nAnything else?'),
        ('{"reasoning": "this", "label": "spam"}', '{"label": "spam", "explanation": "that"}'),
        ('{"label": "spam", "confidence": 0.9}', '{"label": "spam", "confidence": 0.7}'),
        ('{"answer": "Paris"}', '{"thoughts": ["x"], "final_answer": "paris."}'),
    ],
)
def test_json_is_the_same_whatever_its_order_dress_and_reasoning(one: str, other: str) -> None:
    assert agree(final(one, **JSON), final(other, **JSON))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": [1, 2]}', '{"a": [2, 1]}'),
        ('{"a": null}', "{}"),
        ('{"label": "spam"}', '{"label": "Spam"}'),
        ('{"answer": "Paris", "country": "France"}', '{"answer": "Paris"}'),
        ('{"reasoning": "this"}', '{"reasoning": "that"}'),
        ('{"answer": ""}', '{"answer": ""}'),
        ('{"answer": null}', '{"answer": null}'),
    ],
)
def test_json_that_says_other_things_is_not(one: str, other: str) -> None:
    assert not agree(final(one, **JSON), final(other, **JSON))


def test_where_json_was_asked_for_words_are_no_answer() -> None:
    assert isinstance(final("The answer is 42.", **JSON), NotFound)
    assert final('{"answer": 42}') == final("The answer is 42.")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text("ab \\\"'{", max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner)
        ),
        max_leaves=10,
    )
)
def test_any_json_is_the_same_with_its_keys_turned_round(value: Any) -> None:
    def turned(each: Any) -> Any:
        if isinstance(each, dict):
            return {key: turned(each[key]) for key in reversed(each)}
        return list(map(turned, each)) if isinstance(each, list) else each

    one, other = (orjson.dumps({"x": each}).decode() for each in (value, turned(value)))
    assert agree(final(one), final(other))


# ------------------------------------------------------------------------------------- code

ADD = "def add(a, b):\n    return a + b"


def fenced(code: str, language: str = "python") -> Final:
    return final(f"Here it is:\n\n```{language}\n{code}\n```\n\nHope it helps!", "Add two numbers.")


@pytest.mark.parametrize(
    "code",
    [
        "def add(a,b):\n  return (a+b)  # the sum",
        'def add(a, b):\n    """Adds."""\n    return a + b\n',
        '"""A module."""\n\n\ndef add(a, b):\n\n    return a + b',
    ],
)
def test_python_is_the_same_by_its_tree(code: str) -> None:
    assert fenced(ADD).__class__ is Found
    assert agree(fenced(ADD), fenced(code))
    assert agree(fenced(ADD), fenced(code, "py"))


@pytest.mark.parametrize(
    "code",
    [
        "def add(a, b):\n    return b + a",
        "def add(x, y):\n    return x + y",
        "def add(a, b):\n    return a - b",
        "def add(a, b):\n    if a:\n        return a\n    return a + b",
    ],
)
def test_other_trees_are_other_code(code: str) -> None:
    assert not agree(fenced(ADD), fenced(code))


def test_python_of_more_than_a_few_pages_is_compared_by_its_lines() -> None:
    long = "x = 1\n" * 1000
    assert agree(fenced(long), fenced(f"\n{long}"))
    assert not agree(fenced(long), fenced(f"{long}# the end"))


def test_what_is_no_python_is_compared_by_its_lines() -> None:
    assert agree(fenced("for (;;) {\n  x++;\n}", "c"), fenced("for (;;)  {\n\n    x++;\n}", "c"))
    assert not agree(fenced("x = 1", "js"), fenced("x = 2", "js"))
    broken = "if a\n    b\nc"
    assert agree(fenced(broken), fenced(f"{broken}\n"))
    assert not agree(fenced(broken), fenced("if a\n    b\n    c"))


YAML = "server:\n  port: 80\ntls: true"


@pytest.mark.parametrize("language", ["yaml", "haskell", "makefile", "nim", "coffeescript", "ruby"])
def test_indentation_counts_except_where_blocks_have_braces(language: str) -> None:
    assert not agree(fenced(YAML, language), fenced(f"{YAML[:-9]}  tls: true", language))
    assert agree(fenced(YAML, language), fenced(f"{YAML}  \n", language))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("log('a  b');", "log('a b');"),
        ('log("a  b");', 'log("a b");'),
        ("x = `a\n  b`;", "x = `a\n    b`;"),
        ("x = `a\n  b  c`;", "x = `a\n  b c`;"),
        ("log('a', ` b`);", "log('a', `  b`);"),
    ],
)
def test_blanks_inside_of_quoted_texts_count(one: str, other: str) -> None:
    assert not agree(fenced(one, "js"), fenced(other, "js"))
    assert agree(fenced(one, "js"), fenced(f"  {one}" if "\n" not in one else one, "js"))


def test_all_blocks_of_code_count() -> None:
    two = f"```python\n{ADD}\n```\nand\n```bash\npip install add\n```"
    assert not agree(final(two, "Add two numbers."), fenced(ADD))
    assert agree(final(two, "Add two numbers."), final(f"So:\n{two}", "Add two numbers."))


def test_code_that_is_quoted_or_leads_to_an_answer_is_not_the_answer() -> None:
    text = f"The function is\n```python\n{ADD}\n```\nSo the output is {{}}."
    question = "What comes out of add(1, 2)?"
    assert final(text.format(3), question) == Found(AnswerKind.NUMBER, "3")
    assert not agree(final(text.format(3), question), final(text.format(4), question))
    quoted = f"You said\n```python\n{ADD}\n```\nwhich adds numbers, and does nothing else at all."
    assert isinstance(final(quoted, f"Explain this:\n{ADD}"), NotFound)


@pytest.mark.parametrize(
    "code",
    [
        "(" * 4000,
        "-" * 4000 + "1",
        "a" + ".b" * 1900,
        "not " * 1000 + "a",
        "lambda: " * 500 + "1",
        "[" * 90 + "]" * 90,
        "\n".join(" " * depth + "if a:" for depth in range(90)),
        "a = '\\d'",
        "a = 1if b else 2",
        "\x00",
        "x = '\ud800'",
    ],
)
def test_no_code_makes_it_stumble(code: str) -> None:
    assert agree(fenced(code), fenced(code)) or isinstance(fenced(code), NotFound)
