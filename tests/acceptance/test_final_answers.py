"""Transcripts of answers, and what each of them comes to in the end."""

import pytest

from router.acceptance.finding.found import AnswerKind, Found, NotFound, agree
from tests.acceptance.answers import final

TRAIN = "A train goes 60 km in 1 hour and 24 km in 20 minutes. How far is that together?"


@pytest.mark.parametrize(
    "text",
    [
        "84",
        "84 km",
        "84.0 kilometres",
        "The answer is 84.",
        "The answer is: 84 km.",
        "The answer is **84 km**. Let me know if you need more!",
        "**Answer:** 84",
        "**Answer**: 84 km",
        "Answer: $84$",
        "### Final Answer\n\n84 km",
        "## Answer\n**84 km**",
        "Final answer = 84",
        "The final answer is $\\boxed{84}$.",
        "60 + 24 = \\boxed{84\\text{ km}}",
        "\\[ \\boxed{84 \\, \\mathrm{km}} \\]",
        "60 + 24 = 84\n#### 84",
        "<answer>84</answer>",
        "<think>The answer is 85? No.</think>\n\nThe answer is 84.",
        "Thinking ... so the answer is 85.\n</think>\nThe answer is 84.",
        "The answer is 85. Wait, I forgot a step.\n\nThe correct answer is 84.",
        "The answer is not 85, as it may seem.\n\nSo the distance is 84 km.",
        "First come 60 km, then 24 km.\n\n60 + 24 = 84",
        "First come 60 km, then 24 km.\n60 km + 24 km = **84 km**",
        "In 1 hour it goes 60 km, in 20 minutes 24 km, so together 84 km.",
        "| part | km |\n|---|---|\n| first | 60 |\n| then | 24 |\n\nTherefore, the total distance is 84 km.",
        "The answer to the question is 84 km.",
        "The answer (rounded) is:\n84",
        "Die Antwort lautet 84 km.",
        "Ergebnis: 84 Kilometer",
        "La réponse est 84 km.",
        "La respuesta correcta es 84 kilómetros.",
        "A resposta é 84 km.",
        "La risposta è 84 chilometri.",
        "Het antwoord is 84 km.",
        "Svaret är 84 km.",
        "Odpowiedź: 84 km",
        "Odpověď: 84",
        "Ответ: 84 километра",
        "Відповідь: 84",
        "Η απάντηση είναι 84.",
        "Cevap: 84 km",
        "Jawaban: 84 km",
        "Đáp án: 84",
        "答案是84公里。",
        "答案：８４",
        "最终答案为84",
        "答え:84",
        "答えは84です。",
        "정답은 84입니다.",
        "الجواب هو ٨٤",
        "उत्तर: ८४",
        "उत्तर 84 है",
        "תשובה: 84",
        "คำตอบคือ 84",
        '{"answer": 84}',
        '{"reasoning": "60 and 24 make 85, no, 84", "answer": "84 km"}',
        '```json\n{"thought": "60 and 24", "final_answer": 84.0}\n```',
        'Here it is:\n```json\n{"steps": ["60", "24"], "result": "84"}\n```\nDone.',
    ],
)
def test_a_number_is_found_wherever_a_text_says_that_it_is_the_answer(text: str) -> None:
    found = final(text, TRAIN)
    assert isinstance(found, Found)
    assert (found.kind, found.value) == (AnswerKind.NUMBER, "84")
    assert found.unit in ("", "km")


METALS = (
    "Which of these is a metal?\nA. Oxygen\nB. Neon gas\nC. Iron\nD) 4 km\n\nAnswer with a letter."
)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "C",
            "c",
            "(C)",
            "C.",
            "**C**",
            "$C$",
            "C) Iron",
            "C. Iron",
            "**C. Iron**",
            "Iron",
            "iron.",
        ),
        *("Option C", "The answer is C.", "The answer is (C) Iron.", "The answer is **C**: Iron."),
        *(
            "Answer: C",
            "**Answer:** (C)",
            "\\boxed{C}",
            "\\boxed{\\text{(C)}}",
            "#### C",
            '{"answer": "C"}',
        ),
        "A gas is no metal, so A is out. B is out too.\n\nThe correct answer is option C because iron is one.",
        "Oxygen is a gas. The answer is Iron.",
        "The correct option is C: Iron.",
        "A: a gas\nB: a gas\nC: a metal\nD: a length\n\nAnswer: C",
        "C. Iron\n\nIron is a metal, whereas all the others are gases, or something else altogether.",
        "Iron is a metal, whereas all the others are gases, or something else altogether.\n\n**C**",
        "Die richtige Antwort ist C.",
        "La bonne réponse est (C).",
        "La respuesta correcta es la opción C.",
        "答案是C",
        "正解はCです。",
        "Правильный ответ: C",
    ],
)
def test_an_option_is_found_by_its_letter_or_its_text(text: str) -> None:
    assert final(text, METALS) == Found(AnswerKind.OPTION, "C")


@pytest.mark.parametrize(
    "text",
    [
        "A metal is something else.",
        "The answer is a metal.",
        "A or C",
        "(A) or (C)",
        "A: a gas\nB: a gas\nC: a metal\nD: no metal",
        "Let us look at all of them, one after the other:\nA: a gas\nB: a gas\nD: a length",
        "G",
        "None of these",
        "I would have to look into it, for there is much to be said of each of them, and of all.",
    ],
)
def test_where_there_are_options_and_none_is_named_nobody_can_tell(text: str) -> None:
    assert final(text, METALS) == NotFound("no option is named")


def test_several_letters_are_one_answer_in_any_order() -> None:
    question = "Which are prime?\n(A) 3\n(B) 4\n(C) 5\n(D) 6"
    assert final("The answer is C, A.", question) == Found(AnswerKind.OPTION, "A,C")
    assert final("A and C", question) == Found(AnswerKind.OPTION, "A,C")
    assert final("(a), (c)", question) == Found(AnswerKind.OPTION, "A,C")


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Pick one: (A) red (B) green (C) blue", "B"),
        ("Pick one: A) red B) green C) blue", "B"),
        ("a) red\nb) green", "B"),
        ("Example:\nA. one\nB. two\nAnswer: A\n\nNow:\nA. red\nB. green\nC. blue", "B"),
    ],
)
def test_the_last_list_of_options_counts_however_it_is_written(question: str, value: str) -> None:
    assert final("Green", question) == Found(AnswerKind.OPTION, value)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Yes", AnswerKind.VERDICT, "yes"),
        ("**No.**", AnswerKind.VERDICT, "no"),
        ("The answer is Yes. I am sure of it.", AnswerKind.VERDICT, "yes"),
        ("True", AnswerKind.VERDICT, "true"),
        ("Die Antwort ist ja.", AnswerKind.VERDICT, "yes"),
        ("Oui.", AnswerKind.VERDICT, "yes"),
        ("Нет", AnswerKind.VERDICT, "no"),
        ("いいえ", AnswerKind.VERDICT, "no"),
        ("答案是: 不是", AnswerKind.VERDICT, "no"),
        ('{"answer": true}', AnswerKind.VERDICT, "true"),
        ("Paris", AnswerKind.TEXT, "paris"),
        ("**Paris**.", AnswerKind.TEXT, "paris"),
        ('"Paris"', AnswerKind.TEXT, "paris"),
        ("The answer is Paris.", AnswerKind.TEXT, "paris"),
        ("Answer: the Battle of Hastings", AnswerKind.TEXT, "battle of hastings"),
        ("The answer is Dr. Smith.", AnswerKind.TEXT, "dr smith"),
        ("José", AnswerKind.TEXT, "josé"),
        ("C++", AnswerKind.TEXT, "C++"),
        ("x + 1", AnswerKind.TEXT, "x+1"),
        ("aBc", AnswerKind.TEXT, "aBc"),
        ("12:30", AnswerKind.TEXT, "12:30"),
        ("[1, 2,3]", AnswerKind.JSON, "[1,2,3]"),
        ("The answer is [1,2, 3].", AnswerKind.JSON, "[1,2,3]"),
        ("(1,2)", AnswerKind.TEXT, "(1, 2)"),
        ("2024-01-05", AnswerKind.TEXT, "2024-01-05"),
        ("The answer is ['no!', 'what? this!'].", AnswerKind.JSON, '["no!","what? this!"]'),
        ("((d))", AnswerKind.TEXT, "((d))"),
        (".bashrc", AnswerKind.TEXT, ".bashrc"),
        ("ab2 c", AnswerKind.TEXT, "ab2 c"),
    ],
)
def test_short_answers_have_a_normal_form(text: str, kind: AnswerKind, value: str) -> None:
    assert final(text) == Found(kind, value)


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("What is the capital of Norway?", "The capital of Norway is Oslo.", "oslo"),
        ("What is the capital of Norway?", "Oslo is the capital of Norway.", "oslo"),
        ("Was ist die Hauptstadt von Norwegen?", "Die Hauptstadt ist Oslo.", "oslo"),
        ("Quelle est la capitale de la Norvège ?", "La capitale est Oslo", "oslo"),
        ("Who wrote Peer Gynt?", "The one who wrote Peer Gynt was Ibsen", "one who wrote peer gynt was ibsen"),
        ("Who is older, Ann or Bob?", "Ann is older.", "ann is older"),
        ("Which is no mammal?", "The trout is not a mammal.", "trout is not a mammal"),
        ("What is the capital of Norway?", "The capital of Norway is not Bergen.", "capital of norway is not bergen"),
        ("What is the capital of Norway?", "The capital of Sweden is Stockholm.", "capital of sweden is stockholm"),
        ("What is a and what is b?", "a is what b is", "is what b is"),
    ],
)  # fmt: skip
def test_a_sentence_that_repeats_the_question_is_what_it_adds(
    question: str, text: str, value: str
) -> None:
    assert final(text, question) == Found(AnswerKind.TEXT, value)


ESSAY = (
    "Abraham Lincoln was born in Kentucky, and became a lawyer before he went into politics.\n\n"
    "As a president he led the country through its civil war. **Note** that much has been left out.\n\n"
    "He was shot in 1865."
)


@pytest.mark.parametrize(
    "text",
    [
        ESSAY,
        "Yes! I can help with that. " + ESSAY,
        "## Overview\n\n- It depends on your goals.\n- There are 3 ways to go about it.",
        "The answer is that one has to look at many things before one may dare to say anything at all.",
        "The answer is not 42. It could be many other things, such as 43, and maybe even 44 or so.",
        "The answer is ''.",
        f"#### Conclusion\n\n{ESSAY}",
    ],
)
def test_of_free_text_nobody_can_tell(text: str) -> None:
    assert isinstance(final(text, "Write about Lincoln."), NotFound)


def test_two_boxes_that_differ_say_nothing() -> None:
    assert isinstance(final("\\boxed{2} ... \\boxed{3}"), NotFound)
    assert final("\\boxed{2} ... so \\boxed{2.0}") == Found(AnswerKind.NUMBER, "2")


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("Is 7 a prime? Answer yes or no.", f"Yes, it is. {ESSAY}", "yes"),
        ("Ist 7 prim, ja oder nein?", f"**Nein**, denn {ESSAY}", "no"),
        ("7 is a prime. True/false?", f"True. {ESSAY}", "true"),
        ("¿Es 7 primo, sí o no?", f"Sí: {ESSAY}", "yes"),
    ],
)
def test_a_yes_or_no_that_was_asked_for_may_be_explained(
    question: str, text: str, value: str
) -> None:
    assert final(text, question) == Found(AnswerKind.VERDICT, value)
    assert isinstance(final(text, "Tell me all about 7."), NotFound)


@pytest.mark.parametrize(
    ("text", "value"),
    [("Yes, it is.", "yes"), ("**No.** It is not.", "no"), ("Yes: 7 has no divisors.", "yes")],
)
def test_a_yes_or_no_that_was_asked_for_may_be_explained_in_a_few_words(
    text: str, value: str
) -> None:
    assert final(text, "Is 7 a prime? Answer yes or no.") == Found(AnswerKind.VERDICT, value)


@pytest.mark.parametrize(
    "text", ["No idea.", "No one knows.", "Yes and no.", "Yes, and no.", "No. Well, yes."]
)
def test_a_few_words_that_only_begin_like_a_yes_or_no_are_none(text: str) -> None:
    found = final(text, "Is 7 a prime? Answer yes or no.")
    assert isinstance(found, Found)
    assert found.kind is AnswerKind.TEXT


def test_where_a_number_is_asked_for_the_only_new_one_of_the_last_line_is_it() -> None:
    question = "She has 12 apples and gives 5 away. How many apples has she left?"
    text = "She begins with a basket of apples, of which some are given away to her brother.\nOf 12 apples {} are left."
    assert final(text.format(7), question) == Found(AnswerKind.NUMBER, "7")
    assert isinstance(final(text.format("7 or 8"), question), NotFound)
    assert isinstance(final(text.format(7), "Write a story."), NotFound)


def test_where_the_question_has_code_each_sign_counts() -> None:
    question = "What is printed?\n```python\nprint(f('hello'))\n```"
    assert final("Hello", question) != final("hello", question)
    assert final("Hello, you", question) != final("Hello you", question)
    assert final("Output: `Hello`", question) == final("Hello", question)


def test_a_number_that_something_is_said_of_is_not_the_number() -> None:
    question = "Which is bigger, 13.9 or 13.11?"
    assert final("13.9 is bigger", question) != final("13.9", question)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is 6 * 7? What is 8 + 9?", "6 * 7 = {}\n8 + 9 = 17"),
        ("Find x and y.", "1. x = {}\n2. y = 17"),
        ("Find x and y.", "x = {}, y = 17"),
        ("Find x and y.", "x = {}\ny = 17"),
        ("Find x and y.", "So we have:\n- **x** = {}\n- **y** = 17"),
        ("Find x and y.", "x is {} and y is 17"),
        (
            "How many apples and how many pears are there?",
            "There are {} apples.\nThere are 17 pears.",
        ),
        ("a) What is x? b) What is y?", "a) The answer is {}.\n\nb) The answer is 17."),
        ("Find x and y.", "For x we go on, and the answer is {}.\n\nFor y the answer is 17."),
        ("Find x and y.", "\\boxed{{{}}} and \\boxed{{17}}"),
    ],
)
def test_of_several_answers_the_last_one_does_not_stand_for_all(question: str, text: str) -> None:
    one, other = final(text.format(42), question), final(text.format(43), question)
    assert not agree(one, other), one


def test_words_after_a_cue_in_the_middle_of_a_long_text_are_said_in_passing() -> None:
    middle = f"{ESSAY}\n\nThe result is a strong country.\n\n{ESSAY * 3}"
    assert isinstance(final(middle), NotFound)
    assert isinstance(final(f"The answer is simple. {ESSAY * 3}"), NotFound)
    assert final(f"The answer is Kentucky. {ESSAY * 3}") == Found(AnswerKind.TEXT, "kentucky")
    assert final(f"{ESSAY * 3} The answer is Kentucky.") == Found(AnswerKind.TEXT, "kentucky")
