"""The tokens are those of cl100k_base, as its makers publish it, though text is split in another way."""

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public  # type: ignore[import-untyped]  # a namespace without types

from router.config.prices.price_map import cl100k_ranks
from router.features.tokenizer import Tokenizer

_BLANK = st.sampled_from(" \t\n\r\v\f\x1c\x1f\x85\xa0\u1680\u2003\u200b\u2028\u2029\u202f\u3000")
_TRICKY = st.sampled_from(
    (
        "a",
        "É",
        "é",
        "\u0301",
        "中",
        "1",
        "٣",
        "²",
        "!",
        "'s",
        "'LL",
        "\u017f",
        "-",
        "\ufdd1",
        "\ufffd",
        "😀",
    )
)
_TEXT = st.lists(st.one_of(_BLANK, _BLANK, _TRICKY, st.text(max_size=3))).map("".join)


@pytest.fixture(scope="module")
def published() -> tiktoken.Encoding:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: cl100k_ranks())
        return tiktoken.Encoding(**openai_public.cl100k_base())


@given(_TEXT.filter(lambda text: "\ufdd0" not in text))
def test_every_text_has_the_tokens_that_are_published(
    published: tiktoken.Encoding, tokenizer: Tokenizer, text: str
) -> None:
    assert tokenizer.encode_ordinary(text) == published.encode_ordinary(text)


@given(_TEXT, _TEXT)
def test_the_character_that_marks_blanks_has_as_many_as_published(
    published: tiktoken.Encoding, tokenizer: Tokenizer, before: str, after: str
) -> None:
    text = f"{before}\ufdd0{after}"

    assert len(tokenizer.encode_ordinary(text)) == len(published.encode_ordinary(text))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("hello world", [15339, 1917]),
        ("", []),
        ("tiktoken is great!", [83, 1609, 5963, 374, 2294, 0]),
        ("  indented", [220, 1280, 16243]),
        ("2 + 2 = 4", [17, 489, 220, 17, 284, 220, 19]),
        ("antidisestablishmentarianism", [519, 85342, 34500, 479, 8997, 2191]),
        ("お誕生日おめでとう", [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699]),
    ],
)
def test_the_tokens_are_those_of_cl100k(text: str, tokens: list[int], tokenizer: Tokenizer) -> None:
    assert tokenizer.encode_ordinary(text) == tokens


def test_the_table_has_all_merges_of_cl100k() -> None:
    ranks = cl100k_ranks()

    assert len(ranks) == 100_256
    assert sorted(ranks.values()) == list(range(100_256))
    assert all(bytes([byte]) in ranks for byte in range(256))


def test_words_that_steer_models_are_plain_text_here(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode_ordinary("<|endoftext|>")) > 1
