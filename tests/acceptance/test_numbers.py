"""Numbers and their units, in the many ways in which they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.acceptance.finding.found import AnswerKind, Found, agree
from tests.acceptance.answers import final


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1234", "1,234"),
        ("1234567", "1,234,567"),
        ("1234567", "1.234.567"),
        ("1234567", "1 234 567"),
        ("1234567", "1\u202f234\u202f567"),
        ("1234567", "1'234'567"),
        ("1234567", "12,34,567"),
        ("1234.5", "1,234.50"),
        ("1234.5", "1.234,5"),
        ("3.5", "3,5"),
        ("0.5", "1/2"),
        ("0.5", ".5"),
        ("1/2", "\\frac{1}{2}"),
        ("1/2", "$\\dfrac12$"),
        ("1.5", "1 1/2"),
        ("1.5", "1½"),
        ("-3", "−3"),
        ("300000", "3e5"),
        ("300000", "3 × 10^5"),
        ("300000", "$3 \\times 10^{5}$"),
        ("300000", "3·10⁵"),
        ("3000000", "3 million"),
        ("3000000000", "3 Milliarden"),
        ("42", "x = 42"),
        ("42", "approximately 42"),
        ("42", "42, because six times seven is that"),
        ("42", "42 (rounded)"),
        ("42", "４２"),
        ("42", "٤٢"),
        ("42", "४२"),
        ("42 km", "42 kilometers"),
        ("42 km", "42 Kilometer"),
        ("42 km", "42 km."),
        ("42 km", "42"),
        ("42 km/h", "42 kilometres per hour"),
        ("42 m/s", "42 metres per second"),
        ("20 °C", "20 degrees Celsius".replace("degrees ", "")),
        ("20 °C", "$20^\\circ C$"),
        ("42 m²", "42 m^2"),
        ("$42", "42 dollars"),
        ("$42.50", "USD 42.5".removeprefix("USD ")),
        ("\\$42", "$42"),
        ("€42", "42 Euro"),
        ("50%", "50 percent"),
        ("50\\%", "50 %"),
        ("2\\pi", "2π"),
        ("$\\sqrt{2}$", "√(2)"),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert agree(final(one), final(other)), (final(one), final(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("42", "43"),
        ("42", "-42"),
        ("42", "4.2"),
        ("42", "42.0001"),
        ("5", ".5"),
        ("1.234", "1234"),
        ("1,234", "1.234"),
        ("0,234", "234"),
        ("42 km", "42 m"),
        ("42 km", "42 km/h"),
        ("5 MW", "5 mW"),
        ("$42", "€42"),
        ("3 million", "3"),
        ("5 dozen", "5"),
        ("5k", "5"),
        ("50%", "50"),
        ("50%", "0.5"),
        ("5 apples", "5 oranges"),
        ("5 apples", "5"),
        ("5 to 7", "5"),
        ("5-7", "5"),
        ("5 or 6", "5"),
        ("5 ± 1", "5"),
        ("3, x", "3x"),
        ("2, 3", "2,3"),
        ("x = 3, y = 4", "4"),
        ("x <= 5", "5"),
        ("x >= 5", "x <= 5"),
        ("x = 5 or x = 6", "6"),
        ("2x", "2"),
        ("2x + 3", "2"),
        ("2π", "2"),
        ("10^2", "102"),
        ("10²", "102"),
        ("1.2.3", "1.2"),
        ("007", "7"),
        ("12:30", "12"),
        ("1/2/3", "1/2"),
    ],
)
def test_these_are_not(one: str, other: str) -> None:
    assert not agree(final(one), final(other)), (final(one), final(other))


def test_percents_may_be_left_out_where_they_are_asked_for() -> None:
    question = "What percent of 8 is 4?"
    assert agree(final("50%", question), final("50", question))
    assert not agree(final("50%", question), final("0.5", question))


def test_what_is_counted_may_be_left_out_where_the_question_names_it() -> None:
    question = "How many continents are there?"
    assert agree(final("7 continents", question), final("There are 7.", question))
    assert agree(final("There are 7 continents.", question), final("7", question))


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_is_the_same_with_and_without_its_thousands(number: int) -> None:
    forms = [f"{number}", f"{number:,}", f"{number:_}".replace("_", "\u202f"), f"{number}.0"]
    assert {final(form) for form in forms} == {Found(AnswerKind.NUMBER, str(number))}


@given(st.text(alphabet="0123456789.,'/ eE+-^*x×10{}%$€\u202f", max_size=40))
def test_no_row_of_digits_and_signs_makes_it_stumble(text: str) -> None:
    final(f"Answer: {text}1")


@pytest.mark.parametrize("text", ["9" * 5000, "1e999999999", "1/0", "1e-9999", "1" + ",000" * 500])
def test_what_is_too_large_to_be_meant_is_no_number(text: str) -> None:
    found = final(f"The answer is {text}")
    assert not isinstance(found, Found) or found.kind is not AnswerKind.NUMBER
