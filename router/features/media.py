"""How many tokens pictures, sounds, files and earlier thoughts in a prompt have, judged by how large they are.

Only the provider can count them, and it does so after the fact; what is said here serves estimates, limits, and
what is set aside from budgets. Nothing is decoded but the beginning: a file has megabytes, and all other requests
would wait. What a message only refers to (an uploaded file, a URL) has no size here: it counts nothing in estimates,
and is said to be `elsewhere`, so that a budget can expect the worst. A picture has about as many tokens wherever it is.
Thoughts of earlier answers are read, and billed, by some models only.
"""

import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from math import ceil
from typing import Any, NamedTuple

from router.features.text import Message

Part = Mapping[str, Any]

_TOKENS_PER_IMAGE = 765
"""A 1024 x 1024 picture in high detail: https://platform.openai.com/docs/guides/images-vision."""

_TOKENS_PER_SECOND = 32
"""Of sound, as Gemini counts it (https://ai.google.dev/gemini-api/docs/audio). OpenAI counts ten
(https://developers.openai.com/api/docs/guides/realtime-costs): the larger number, since a budget must hold."""

_TOKENS_PER_PAGE = 2250
"""Of a PDF, which models get as text and as pictures. Anthropic states 1,500 to 3,000 for the text
(https://platform.claude.com/docs/en/build-with-claude/pdf-support); this is the middle, and as measured."""

_BYTES_PER_PAGE = 32_768
"""Between a page of text and a scanned one: 64,782 pages of word processors and 15,477 of images make a gigabyte by
LexisNexis' count, which is 17 and 69 KB (quoted at https://cloudnine.com/ediscoverydaily/, July 2012)."""

_BYTES_PER_TOKEN = 4
"""Of plain text: OpenAI's rule of thumb for English, https://help.openai.com/en/articles/4936856."""

_BYTES_PER_SECOND: Mapping[str, int] = {
    "mp3": 8_000,
    "mpeg": 8_000,
    "mpga": 8_000,
    "aac": 8_000,
    "m4a": 8_000,
    "mp4": 8_000,
    "ogg": 4_000,
    "opus": 4_000,
    "webm": 4_000,
    "flac": 32_000,
    "pcm16": 48_000,
    "pcm": 48_000,
    "wav": 48_000,
    "g711_ulaw": 8_000,
    "g711_alaw": 8_000,
}
"""Of sound in formats that do not say their rate in the first bytes: speech in one channel. 64 kbit/s for MP3 and AAC;
32 for Opus, which RFC 6716 (2.1.1) puts at 28 to 40; FLAC at two thirds of OpenAI's PCM, which has 24,000 samples of 16
bits (https://developers.openai.com/api/docs/guides/realtime-conversations)."""
_USUAL_BYTES_PER_SECOND = 8_000

_SNIFFED = 128
"""Characters of base64 that are decoded: 96 bytes, more than the usual header of a WAV file."""
_FARTHEST_COMMA = 256
_LONGEST_SCHEME = 16
_FMT = b"fmt "
_RATE_AFTER_FMT = 16
_PAGES = re.compile(rb"/Linearized\b.*?/N (\d{1,5})[^\d]", re.DOTALL)
"""PDFs that are made for the web say in the beginning how many pages they have: ISO 32000-1, annex F.2."""
_THOUGHTS = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
_DETAILS = ("text", "summary", "data")
"""Where OpenRouter's `reasoning_details` have their text, or a seal of about its length."""
_WRITTEN = ("text/", "application/json", "application/xml", "application/x-yaml")


class Media(NamedTuple):
    """Tokens of all that is not text; those `guessed` from the sizes of files, sounds and thoughts; and of `audio`.

    `elsewhere` is how many files, sounds and videos are only referred to, of unknown size; `thought` are those of
    thoughts alone.
    """

    tokens: int = 0
    guessed: int = 0
    audio: int = 0
    elsewhere: int = 0
    thought: int = 0

    def __add__(self, other: "Media") -> "Media":  # type: ignore[override]  # a sum, not a longer tuple
        """Of both together."""
        return Media(*map(sum, zip(self, other, strict=True)))

    def of_thoughts(self) -> "Media":
        """The same, of thoughts."""
        return self._replace(thought=self.guessed)


NO_MEDIA = Media()
_PICTURE = Media(_TOKENS_PER_IMAGE)
_ELSEWHERE = Media(elsewhere=1)


def media_in(messages: Iterable[Message], found: Media = NO_MEDIA) -> Media:
    """What a conversation amounts to besides its texts, together with what was `found` before."""
    for message in messages:
        if not _THOUGHTS.isdisjoint(message):
            found += _guess(_thought(message) / _BYTES_PER_TOKEN).of_thoughts()
        if isinstance(content := message.get("content"), list):
            for part in content:
                if (count := _COUNTS.get(part.get("type"))) is not None:
                    found += count(part)
    return found


def _thought(message: Message) -> int:
    """How long the thoughts in a message are, which chat has three names for; servers send the same under two."""
    plain = (message.get(name) for name in ("reasoning_content", "reasoning"))
    details = message.get("reasoning_details")
    parts = details if isinstance(details, list) else ()
    told = (part.get(name) for part in parts if isinstance(part, dict) for name in _DETAILS)
    return max(sum(map(_length, told)), *map(_length, plain))


def _length(text: object) -> int:
    return len(text) if isinstance(text, str) else 0


def _picture(_: Part) -> Media:
    return _PICTURE


def _elsewhere(_: Part) -> Media:
    return _ELSEWHERE


def _recording(part: Part) -> Media:
    audio = part.get("input_audio")
    if not isinstance(audio, dict) or not isinstance(data := audio.get("data"), str):
        return NO_MEDIA
    if _is_address(data):
        return _ELSEWHERE
    return _sound(_Bytes.of(data), str(audio.get("format")))


def _file(part: Part) -> Media:
    """A `file` of chat, or an `input_file` of Responses: without a media type, it is a PDF."""
    file = part.get("file", part)
    if not isinstance(file, dict):
        return NO_MEDIA
    if not isinstance(data := file.get("file_data"), str) or not data:
        return _ELSEWHERE if file.get("file_id") or file.get("file_url") else NO_MEDIA
    return _ELSEWHERE if _is_address(data) else _document(_Bytes.of(data))


def _document(given: "_Bytes") -> Media:
    kind, _, form = given.media_type.partition("/")
    if kind == "image":
        return _PICTURE
    if kind == "audio":
        return _sound(given, form.removeprefix("x-"))
    if given.media_type.startswith(_WRITTEN):
        return _guess(given.size / _BYTES_PER_TOKEN)
    return _guess(_pages(given) * _TOKENS_PER_PAGE)


_COUNTS: Mapping[object, Callable[[Part], Media]] = {
    "image_url": _picture,
    "input_image": _picture,
    "input_audio": _recording,
    "file": _file,
    "input_file": _file,
    "video_url": _elsewhere,
    "input_video": _elsewhere,
    "video": _elsewhere,
    "audio_url": _elsewhere,
}
"""A new kind of part is a row here. Videos, as OpenRouter, vLLM and Qwen take them, say nothing of their length."""


def _is_address(data: str) -> bool:
    """Whether it is where the data is: no base64 has a colon, and a data URL has them in itself."""
    return "://" in data[:_LONGEST_SCHEME]


class _Bytes(NamedTuple):
    """What is known of some bytes without decoding them all: their number, their type, the first of them."""

    size: int
    media_type: str
    head: bytes

    @classmethod
    def of(cls, data: str) -> "_Bytes":
        """Those in a data URL, or in base64 alone; then the media type is ""."""
        is_url = data.startswith("data:")
        start = data.find(",", 0, _FARTHEST_COMMA) + 1 if is_url else 0
        media_type = data[5:start].partition(";")[0].rstrip(",").lower()
        size = (len(data) - start) * 3 // 4 - data.count("=", max(start, len(data) - 2))
        return cls(max(0, size), media_type, _head(data[start : start + _SNIFFED]))


def _head(base64: str) -> bytes:
    try:
        return binascii.a2b_base64(base64[: len(base64) // 4 * 4])
    except ValueError:  # the upstream will refuse it
        return b""


def _guess(tokens: float) -> Media:
    return Media(ceil(tokens), ceil(tokens))


def _sound(given: _Bytes, form: str) -> Media:
    rate = _wave_rate(given.head) or _BYTES_PER_SECOND.get(form, _USUAL_BYTES_PER_SECOND)
    tokens = ceil(given.size / rate * _TOKENS_PER_SECOND)
    return Media(tokens, tokens, tokens)


def _wave_rate(head: bytes) -> int:
    """Bytes per second (samples, times channels, times their width) by a WAV file's header; 0 if it is none."""
    at = head.find(_FMT) + _RATE_AFTER_FMT
    if not head.startswith(b"RIFF") or at < _RATE_AFTER_FMT:
        return 0
    return int.from_bytes(head[at : at + 4], "little")


def _pages(pdf: _Bytes) -> int:
    stated = _PAGES.search(pdf.head)
    return max(1, int(stated[1]) if stated else round(pdf.size / _BYTES_PER_PAGE))
