"""What pictures, sounds and files in a prompt amount to, by their sizes alone."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.features import Features
from router.features.extract import Reader, features_of
from router.features.media import Media, media_in
from router.features.tokens import TokenCounter
from tests.recordings import linear_pdf, pdf, wav


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{in_base64(data)}"


def sound(data: bytes, form: str = "wav") -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": in_base64(data), "format": form}}


def file(file_data: str) -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": file_data, "filename": "a"}}


def counted(*parts: Any) -> Media:
    return media_in([{"role": "user", "content": list(parts)}])


@pytest.mark.parametrize(
    ("rate", "channels", "bits"), [(8_000, 1, 8), (16_000, 1, 16), (44_100, 2, 16), (48_000, 2, 24)]
)
def test_a_wav_file_says_itself_how_many_seconds_it_has(
    rate: int, channels: int, bits: int
) -> None:
    found = counted(sound(wav(10, rate, channels, bits), form="wav"))

    assert found.tokens == found.guessed == found.audio
    assert 320 <= found.tokens <= 322


@pytest.mark.parametrize(
    ("form", "size"),
    [
        ("mp3", 80_000),
        ("aac", 80_000),
        ("ogg", 40_000),
        ("flac", 320_000),
        ("pcm16", 480_000),
        ("wav", 480_000),
        ("nobody knows it", 80_000),
    ],
)
def test_ten_seconds_of_other_sounds_are_told_by_the_usual_rate_of_their_format(
    form: str, size: int
) -> None:
    assert counted(sound(bytes(size), form)) == Media(320, 320, 320)


def test_what_is_in_the_bytes_goes_before_what_is_said_of_them() -> None:
    assert counted(sound(wav(10), form="mp3")) == counted(sound(wav(10)))


@pytest.mark.parametrize(("size", "pages"), [(1, 1), (40_000, 1), (10 * 32_768, 10)])
def test_a_pdf_has_pages_by_its_size(size: int, pages: int) -> None:
    found = counted(file(url("application/pdf", pdf(size))))

    assert found == Media(pages * 2250, pages * 2250)
    assert counted(file(in_base64(pdf(size)))) == found
    assert counted({"type": "input_file", "file_data": in_base64(pdf(size))}) == found


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "https://example.org/a.pdf", "filename": "a.pdf"}},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "https://example.org/a.wav"}},
        {"type": "audio_url", "audio_url": {"url": "https://example.org/a.wav"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        {"type": "input_video", "video": "gs://films/a.mp4"},
    ],
)
def test_what_is_only_referred_to_has_no_size_and_is_counted_as_such(part: dict[str, Any]) -> None:
    assert counted(part, part) == Media(elsewhere=2)


def test_a_count_with_something_elsewhere_is_not_exact(counter: TokenCounter) -> None:
    video = {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}
    body = {"messages": [{"role": "user", "content": [video, {"type": "text", "text": "What?"}]}]}

    found = features_of(body, Reader(counter))
    assert (found.parts_elsewhere, found.guessed_tokens, found.tokens_exact) == (1, 0, False)


@pytest.mark.parametrize("pages", [1, 12, 345])
def test_a_pdf_made_for_the_web_says_itself_how_many_pages_it_has(pages: int) -> None:
    assert counted(file(url("application/pdf", linear_pdf(pages)))).tokens == pages * 2250


def test_a_text_has_a_token_for_every_four_characters_and_a_picture_what_pictures_have() -> None:
    assert counted(file(url("text/plain", b"word" * 100))) == Media(100, 100)
    assert counted(file(url("application/json; charset=utf-8", b"[11]" * 100))) == Media(100, 100)
    assert counted(file(url("image/png", bytes(10**6)))) == Media(765)
    assert counted(file(url("audio/x-wav", wav(10)))) == counted(sound(wav(10)))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": None},
        {"type": "file", "file": {"filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": ""}},
        {"type": "file", "file": {"file_data": 7}},
        {"type": "input_audio"},
        {"type": "input_audio", "input_audio": {"format": "mp3"}},
        {"type": "text", "text": "words are counted elsewhere"},
        {"type": "something new"},
    ],
)
def test_what_is_none_counts_nothing(part: dict[str, Any]) -> None:
    assert counted(part) == Media()


@given(st.text(), st.sampled_from(["wav", "mp3", "", "🦉"]))
def test_no_text_in_place_of_bytes_makes_it_stumble(data: str, form: str) -> None:
    audio = {"type": "input_audio", "input_audio": {"data": data, "format": form}}

    assert all(count >= 0 for count in counted(audio, file(data), file(f"data:{data}")))


@given(st.lists(st.sampled_from([sound(wav(1)), file(url("application/pdf", pdf(9)))])))
def test_the_whole_is_the_sum_of_its_parts(parts: list[dict[str, Any]]) -> None:
    alone = [counted(part).tokens for part in parts]

    assert counted(*parts).tokens == sum(alone)


def test_only_the_beginning_is_decoded() -> None:
    broken = in_base64(wav(10)) + "*" * 400
    audio = {"type": "input_audio", "input_audio": {"data": broken, "format": "wav"}}

    assert counted(audio).tokens == pytest.approx(320, abs=2)


def test_features_tell_the_guesses_apart(counter: TokenCounter) -> None:
    parts = [
        {"type": "text", "text": "Who speaks?"},
        sound(wav(10)),
        file(url("application/pdf", pdf(9))),
    ]
    body = {"messages": [{"role": "user", "content": parts}]}
    words = features_of({"messages": [{"role": "user", "content": parts[:1]}]}, Reader(counter))
    whole = features_of(body, Reader(counter))

    assert (words.guessed_tokens, words.audio_tokens, words.tokens_exact) == (0, 0, True)
    assert (whole.audio_tokens, whole.tokens_exact) == (counted(sound(wav(10))).audio, False)
    assert whole.guessed_tokens == whole.audio_tokens + 2250
    assert whole.prompt_tokens == words.prompt_tokens + whole.guessed_tokens
    assert whole.least_prompt_tokens < words.prompt_tokens + whole.guessed_tokens / 3


@pytest.mark.parametrize(
    ("thoughts", "tokens"),
    [
        ({"reasoning_content": "a" * 4000}, 1000),
        ({"reasoning": "a" * 4000, "reasoning_details": [{"text": "a" * 4000}]}, 1000),
        ({"reasoning_details": [{"summary": "a" * 4000}, {"data": "a" * 4000}]}, 2000),
        ({"reasoning_content": None, "reasoning": ["a"], "reasoning_details": ["a", {}]}, 0),
        ({"reasoning_details": "a"}, 0),
    ],
)
def test_thoughts_of_earlier_answers_are_guessed_from_their_length(
    thoughts: dict[str, Any], tokens: int
) -> None:
    found = media_in([{"role": "assistant", "content": "Hi", **thoughts}])

    assert found == Media(tokens, tokens, thought=tokens)


def test_a_budget_sets_something_aside_for_thoughts(counter: TokenCounter) -> None:
    thought = {"role": "assistant", "content": "Hi", "reasoning_content": "hm " * 40_000}
    asked = [{"role": "user", "content": "Hi"}, thought, {"role": "user", "content": "Go on."}]

    features = features_of({"messages": asked}, Reader(counter))

    assert features.prompt_tokens > 30_000


def test_no_context_is_surely_too_small_for_thoughts_that_may_not_be_read(
    counter: TokenCounter,
) -> None:
    def features(**more: Any) -> Features:
        said = {"role": "assistant", "content": "Hi", **more}
        asked = [{"role": "user", "content": [file(url("application/pdf", pdf(9)))]}, said]
        return features_of({"messages": asked}, Reader(counter))

    without = features()
    thought = features(reasoning_content="hm " * 40_000)

    assert thought.prompt_tokens == without.prompt_tokens + 30_000
    assert thought.least_prompt_tokens == without.least_prompt_tokens < without.prompt_tokens
