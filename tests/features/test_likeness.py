"""Two wordings share an answer only if nothing is found that could change it."""

from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.domain.semantic import Sameness
from router.features.gates import GATES
from router.features.likeness import Likeness, conflict, likeness_of
from router.features.reading import read
from router.features.ties import tie_of

KEY = b"of a tenant"
MORE = settings(max_examples=300)

PLAIN = (
    "river stone bread teacher violin harbour winter copper salt engine bridge lamp forest"
    " painting cloud sugar market train garden letter"
).split()
TEXTS = st.text() | st.lists(st.sampled_from([*PLAIN, "not", "5", "Paris", "x_y"])).map(" ".join)


def kept(text: str) -> Likeness:
    likeness = likeness_of(text, KEY)
    assert likeness is not None
    return likeness


def shut(one: str, other: str, by: Sameness = Sameness.WORDING) -> str | None:
    return conflict(kept(one), kept(other), by)


@pytest.mark.parametrize(
    ("one", "other", "gate"),
    [
        ("Name three rivers.", "Name four rivers.", "numbers"),
        ("Is 400 mg enough?", "Is 400 g enough?", "numbers"),
        ("What can I buy for £20?", "What can I buy for $20?", "numbers"),
        ("Is it safe to eat snow?", "Is it not safe to eat snow?", "negation"),
        ("Is it safe to eat snow?", "Is it unsafe to eat snow?", "negation"),
        ("Ist Schnee giftig?", "Ist Schnee nicht giftig?", "negation"),
        ("What is at https://a.example/x?", "What is at https://a.example/y?", "names"),
        ('What does "carpe diem" mean?', 'What does "memento mori" mean?', "names"),
        ("What does `x += 1` do?", "What does `x =+ 1` do?", "code"),
        ("When is useEffect called?", "When is useLayoutEffect called?", "code"),
        ("What does grep -v do?", "What does grep -V do?", "code"),
        ("What is C++?", "What is C#?", "code"),
        ("What is water?", "Что такое вода?", "language"),
        ("Explain entropy.", "Erkläre die Entropie.", "language"),
        ("How do cats purr?", "Why do cats purr?", "questions"),
        ("Who is the king?", "Who was the king?", "questions"),
        ("Explain the plot.", "Summarise the plot.", "questions"),
        ("List the planets.", "List the planets as JSON.", "form"),
        ("What comes before rain?", "What comes after rain?", "opposites"),
        ("Which metal is heavier?", "Which metal is heaviest?", "opposites"),
        ("Fix the commas: he said hi", "Fix the commas: he, said, hi", "verbatim"),
        ("Translate polish wine.", "Translate Polish wine.", "verbatim"),
        ("Which is right?\nShe left", "Which is right?\nshe left", "verbatim"),
    ],
)
def test_what_could_change_the_answer_shuts_a_gate_however_close_they_are(
    one: str, other: str, gate: str
) -> None:
    assert shut(one, other, Sameness.MEANING) == gate == shut(one, other)


@pytest.mark.parametrize("by", Sameness)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Do spiders eat birds?", "Do birds eat spiders?"),
        ("Convert euros to dollars.", "Convert dollars to euros."),
        ("Can a tenant sue a landlord?", "Can a landlord sue a tenant?"),
    ],
)
def test_the_same_words_in_another_order_share_nothing(one: str, other: str, by: Sameness) -> None:
    assert shut(one, other, by) == "order"


def test_other_words_share_nothing_but_by_meaning() -> None:
    hamsters, gerbils = "How do hamsters sleep?", "How do gerbils sleep?"

    assert shut(hamsters, gerbils) == "words"
    assert shut(hamsters, gerbils, Sameness.MEANING) is None


def test_among_many_words_no_vector_vouches_for_one_of_them() -> None:
    question, rest = "How do {} sleep", " and dream" * 5

    assert shut(question.format("cats"), question.format("cows"), Sameness.MEANING) is None
    long = question + rest
    assert shut(long.format("cats"), long.format("cows"), Sameness.MEANING) == "words"
    assert shut(long.format("cats"), long.format("cats"), Sameness.MEANING) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is a monad?", "  what is A monad ?!"),
        ("What is a monad?", "What's a monad?"),
        ("What is a monad?", "Tell me what a monad is."),
        ("What is a monad?", "Hello there, could you please tell me what a monad is? Thanks!"),
        ("What is osmosis?", "What exactly is osmosis?"),
        ("Explain the tides.", "Please explain the tides."),
        ("Explain the tides.", "Would you kindly explain the tides, thank you."),
        ("Why do not penguins fly?", "Why don't penguins fly?"),
        ("Why is it not legal?", "Why isn't it legal?"),
        ("How do I fold a shirt?", "How can one fold a shirt?"),
        ("How do I fold a shirt?", "How to fold a shirt"),
        ("How do I sort a list in Python?", "In Python, how do I sort a list?"),
        ("Summarise the rules.", "Summarize the rules."),
        ("What colour is tin?", "What color is tin?"),
        ("What is the capital of Peru?", "What is capital of Peru?"),
        ("Compare figs and dates.", "Compare dates and figs."),
        ("Erkläre die Relativität.", "Bitte erkläre die Relativität. Danke!"),
    ],
)
def test_courtesies_spelling_and_ways_to_begin_change_nothing(one: str, other: str) -> None:
    assert shut(one, other) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I say thanks?", "How do I say thank you?"),
        ("Can you freeze milk?", "Would you freeze milk?"),
        ("Is well water safe?", "Is water safe?"),
        ("Write the hello world program.", "Write the world program."),
        ("What is a hello?", "What is a hi?"),
        ("How do I sleep?", "How do you sleep?"),
        ("How can I save the rainforest?", "How can we save the rainforest?"),
        ("Dear Ann, who did it?", "Dear Bob, who did it?"),
    ],
)
def test_a_courtesy_that_is_the_subject_is_none(one: str, other: str) -> None:
    assert shut(one, other) is not None


@pytest.mark.parametrize(
    "text",
    [
        "What is the weather like today?",
        "Who is the current president?",
        "What is the latest version of Node?",
        "What is my name?",
        "What did I just say?",
        "Where were we?",
        "What happened last week?",
        "What is the exchange rate of the euro?",
        "Wie ist das Wetter heute?",
        "Quelle est la météo aujourd'hui ?",
    ],
)
def test_what_belongs_to_a_moment_or_to_a_person_is_never_compared(text: str) -> None:
    assert tie_of(read(text)) is not None
    assert likeness_of(text, KEY) is None


@pytest.mark.parametrize("text", ["?!", "A" * 2000, "see " + "a-" * 60])
def test_what_is_no_sentence_is_never_compared(text: str) -> None:
    assert likeness_of(text, KEY) is None


@pytest.mark.parametrize(
    "piece", ["'", "a ", " ", "`", "in a ", "hi, ", "1 ", "/ ", "@a ", "thanks, "]
)
def test_no_text_takes_long_to_read(piece: str) -> None:
    began_s = process_time()
    likeness_of((piece * 2000)[:2000], KEY)

    assert process_time() - began_s < 0.1


@given(one=TEXTS, other=TEXTS, by=st.sampled_from(Sameness))
def test_a_conflict_has_no_direction(one: str, other: str, by: Sameness) -> None:
    a, b = likeness_of(one, KEY), likeness_of(other, KEY)
    if a and b:
        assert conflict(a, b, by) == conflict(b, a, by)


@MORE
@given(text=TEXTS)
@example(text="A" * 2000)
@example(text="`" * 99)
@example(text="please please please")
def test_a_text_never_conflicts_with_itself_and_outlives_storing(text: str) -> None:
    likeness = likeness_of(text, KEY)
    if likeness:
        assert Likeness.unpacked(likeness.packed()) == likeness
        assert conflict(likeness, kept(text), Sameness.WORDING) is None


@MORE
@given(
    words=st.lists(st.sampled_from(PLAIN), min_size=2, max_size=8),
    before=st.sampled_from(["", "Please ", "Hi! ", "Hello there, please ", "  \n"]),
    after=st.sampled_from(
        ["", "?", " !", "...", ". Thanks!", ", please", ".\nThank you very much."]
    ),
    change=st.sampled_from([str.upper, str.title, str.lower]),
    gap=st.sampled_from([" ", "  ", "\t "]),
)
def test_a_kind_loud_or_untidy_wording_is_the_same_wording(
    words: list[str], before: str, after: str, change: object, gap: str
) -> None:
    assert callable(change)
    varied = f"{before}{change(gap.join(words))}{after}"

    assert shut(" ".join(words), varied) is None


@MORE
@given(
    words=st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8),
    other=st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8),
)
def test_by_wording_only_the_same_words_in_the_same_order_have_one_name(
    words: list[str], other: list[str]
) -> None:
    one, two = kept(" ".join(words)), kept(" ".join(other))

    assert (one.name() == two.name()) == (words == other)
    assert (conflict(one, two, Sameness.WORDING) is None) == (words == other)


def test_what_is_kept_tells_nothing_without_the_key() -> None:
    one, other = (
        kept("What is the capital of Peru?"),
        likeness_of("What is the capital of Peru?", b"?"),
    )

    assert other is not None
    assert not set(one.gates + one.words) & set(other.gates + other.words)
    assert b"peru" not in one.packed().lower()


@pytest.mark.parametrize("packed", [b"", b"x" * 5, b"x" * 12 * len(GATES), b"x" * 1001])
def test_bytes_of_another_form_are_no_likeness(packed: bytes) -> None:
    with pytest.raises(ValueError, match="likeness"):
        Likeness.unpacked(packed)
