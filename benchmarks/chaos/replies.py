"""Is it one clear answer, its own, of one model? A reply judged from the client's view."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.oracle import Expected, expected
from benchmarks.chaos.report import Invariant
from benchmarks.chaos.shots import NONCE, Manner, Shot
from benchmarks.chaos.streams import Stream, read_stream
from router.domain.members import replace

_LEAST_REPLAY_CHARS = 8
_SHOWN_CHARS = 60
_KEPT_BYTES = 200

Finding = tuple[Invariant, str]


class Ending(StrEnum):
    """How a reply ended, as its client saw it."""

    WHOLE = "whole"
    LEFT = "left"
    TOO_LATE = "too late"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client saw: no status if not even a head came; `took_s` from the first byte sent."""

    ending: Ending
    took_s: float
    bound_s: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    complaint: str = ""

    @property
    def model(self) -> str:
        """The model that answered, according to the proxy."""
        return self.headers.get("x-farthing-model", "")

    def shortened(self) -> "Seen":
        """The same with only the end of its body, small enough to keep."""
        return replace(self, body=self.body[-_KEPT_BYTES:])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the client got a complete answer, and everything that is wrong with the reply."""

    answered: bool
    findings: tuple[Finding, ...]


def judge(shot: Shot, seen: Seen) -> Verdict:
    """The reply, judged by itself."""
    stream = read_stream(seen.body) if shot.stream and seen.status == 200 else None
    is_whole = seen.status == 200 and seen.ending is Ending.WHOLE
    answered = is_whole and (stream is None or stream.dones > 0)
    return Verdict(answered, tuple(_findings(shot, seen, stream)))


def _findings(shot: Shot, seen: Seen, stream: Stream | None) -> Iterator[Finding]:
    strangers = {found.decode() for found in NONCE.findall(seen.body)} - {shot.nonce}
    if strangers:
        yield Invariant.OWN, f"{shot.tag}: got what was meant for {', '.join(sorted(strangers))}"
    yield from _judged_ending(shot, seen)
    if seen.status is None or strangers:
        return
    if seen.status != 200:
        yield from _judged_error(shot, seen)
    elif seen.model not in ACTORS:
        yield _not_answered(shot, seen, f"x-farthing-model says {seen.model!r}")
    elif stream is not None:
        yield from _judged_stream(shot, seen, stream)
    elif seen.ending is Ending.WHOLE:
        yield from _judged_plain(shot, seen)


def _judged_ending(shot: Shot, seen: Seen) -> Iterator[Finding]:
    if seen.ending is Ending.TOO_LATE:
        yield _not_answered(shot, seen, f"no end within {seen.bound_s:.1f} s")
    if seen.ending is Ending.BROKEN and shot.manner is not Manner.STOP_READING:
        yield _not_answered(shot, seen, f"the connection broke ({seen.complaint})")


def _judged_error(shot: Shot, seen: Seen) -> Iterator[Finding]:
    try:
        error = orjson.loads(seen.body)["error"]
        clear = all(isinstance(error[name], str) for name in ("message", "type", "code"))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        clear = False
    if seen.ending is Ending.WHOLE and not (clear and 400 <= (seen.status or 0) <= 599):
        yield _not_answered(shot, seen, f"status {seen.status} and no clear error")


def _judged_plain(shot: Shot, seen: Seen) -> Iterator[Finding]:
    try:
        answer = orjson.loads(seen.body)
        texts = {each["index"]: each["message"]["content"] for each in answer["choices"]}
        usage = answer.get("usage")
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        yield _not_answered(shot, seen, f"200 and no chat completion ({error!r})")
        return
    meant = _expected(shot, seen.model)
    yield from _judged_texts(shot, seen, texts, meant.texts)
    yield from _judged_usage(shot, seen, [usage] if usage else [], meant)


def _judged_stream(shot: Shot, seen: Seen, stream: Stream) -> Iterator[Finding]:
    meant = _expected(shot, seen.model)
    if stream.nonsense:
        yield _not_answered(shot, seen, f"an event that is no JSON: {stream.nonsense[0]!r}")
    if stream.late:
        yield _not_answered(shot, seen, f"{stream.late} events after the end")
    if stream.dones:
        yield from _judged_texts(shot, seen, stream.texts, meant.texts)
        yield from _judged_finishes(shot, seen, stream)
        yield from _judged_usage(shot, seen, stream.usages, meant)
        return
    yield from _judged_beginnings(shot, seen, stream.texts, meant.texts)
    if seen.ending is Ending.WHOLE and not stream.errors:
        yield _not_answered(shot, seen, "the stream ended with neither [DONE] nor an error")


def _judged_finishes(shot: Shot, seen: Seen, stream: Stream) -> Iterator[Finding]:
    if shot.faults[seen.model] == "wrong_finish,value=none":
        return
    if any(stream.finishes[index] != 1 for index in stream.parts):
        yield _not_answered(shot, seen, f"[DONE] and choices finished {dict(stream.finishes)}")


def _judged_usage(shot: Shot, seen: Seen, usages: list[Any], meant: Expected) -> Iterator[Finding]:
    """If usage was asked for it is there, once, as the upstream stated it; otherwise there is none."""
    wanted = shot.wants_usage or not shot.stream
    if not wanted and usages:
        yield _not_answered(shot, seen, "usage that was not asked for")
    if shot.faults[seen.model] in {"no_usage", "cut", "no_done"} or not wanted:
        return
    told = [(usage["prompt_tokens"], usage["completion_tokens"]) for usage in usages]
    right = (meant.usage.input_tokens, meant.usage.total_output_tokens)
    if told != [right]:
        yield _not_answered(shot, seen, f"usage {told} where {right} were used")


def _judged_texts(
    shot: Shot, seen: Seen, texts: Mapping[int, str], meant: Sequence[str]
) -> Iterator[Finding]:
    for index, right in enumerate(meant):
        got = texts.get(index, "")
        if got != right:
            yield _wrong_text(shot, seen, got, right)
    if set(texts) - set(range(len(meant))):
        yield _not_answered(shot, seen, f"choices {sorted(texts)}")


def _judged_beginnings(
    shot: Shot, seen: Seen, texts: Mapping[int, str], meant: Sequence[str]
) -> Iterator[Finding]:
    for index, got in texts.items():
        right = meant[index] if index < len(meant) else ""
        if not right.startswith(got):
            yield _wrong_text(shot, seen, got, right)


def _wrong_text(shot: Shot, seen: Seen, got: str, right: str) -> Finding:
    if model := _replayed(shot, got, right):
        return (
            Invariant.ONE_MODEL,
            f"{_place(shot, seen)}: after {seen.model} had begun, {model} answered",
        )
    place = next((at for at, (a, b) in enumerate(zip(got, right, strict=False)) if a != b), None)
    place = min(len(got), len(right)) if place is None else place
    shown = slice(max(0, place - 20), place + _SHOWN_CHARS)
    return _not_answered(
        shot, seen, f"text differs at {place}: {got[shown]!r} where {right[shown]!r} was said"
    )


def _replayed(shot: Shot, got: str, right: str) -> str | None:
    """The model whose answer begins inside `got`, after the beginning of the right one."""
    same = next(
        (at for at, (a, b) in enumerate(zip(got, right, strict=False)) if a != b), len(right)
    )
    for model in ACTORS:
        for text in _expected(shot, model).texts:
            start = text[:_LEAST_REPLAY_CHARS]
            for place in range(1, min(same, len(got)) + 1):
                if got.startswith(start, place) and text.startswith(got[place:]):
                    return model
    return None


def _expected(shot: Shot, model: str) -> Expected:
    return expected(shot.body, model, shot.faults[model], stream=shot.stream)


def _not_answered(shot: Shot, seen: Seen, what: str) -> Finding:
    return Invariant.ANSWERED, f"{_place(shot, seen)}: {what}"


def _place(shot: Shot, seen: Seen) -> str:
    kind = "stream" if shot.stream else "plain"
    fault = shot.faults.get(seen.model) or shot.faults[shot.pool[0]]
    model = seen.model or "nobody"
    return (
        f"{shot.tag} ({kind}, {shot.asked} > {model}, {fault}, {shot.manner}, {seen.took_s:.1f} s)"
    )
