"""Writes `docs/dialects.md` from the tables: `python -m tests.wire.dialects.page`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.wire.dialects.conformance import PAIRS, Changed, Pair, Refused, Row
from tests.wire.dialects.endings import ANSWERS
from tests.wire.dialects.faults_table import FAULTS
from tests.wire.dialects.table import REQUESTS

PAGE = Path(__file__).parents[3] / "docs" / "dialects.md"

_NAMES = {"chat": "chat", "responses": "Responses", "messages": "Messages"}
_INTRODUCTION = """\
# Dialects: three APIs, one conversation

Clients and models speak OpenAI's chat completions ("chat"), OpenAI's Responses, or Anthropic's Messages: three
*dialects*. `router/wire/dialects/` translates requests, answers, streams and errors from each of them into each other.
Which address a client uses for which dialect is said in [doors](doors.md).

If client and model speak the same dialect, nothing is translated. The request is changed only where other models have
said something in the conversation that this one's provider would refuse: [thoughts](#thoughts-of-several-models) and
[calls](#calls-of-several-models).

What the other dialect cannot express is never dropped silently. Either it has no effect on the answer, or it is
expressed in another way, or the request is refused with a 400 whose `code` is `untranslatable` and whose `param` names
the field. An unknown member is refused, too.

The tables below are what the tests try, cell by cell: **=** it is passed on as it is, **~** it is passed on in another
form (see the notes), **refused** with an error that says so, and an empty cell where the client's dialect has no such
thing.
"""
_THOUGHTS = """\
## Thoughts of several models

Providers sign or encrypt what their models think (they *seal* it), and refuse what another provider has sealed. A
client keeps such a thought and sends it back. So the client gets it labelled with its origin, as
`sealed:ORIGIN:ID:SEAL`. When it comes back, only its own provider is sent it, as it was; for all others the thought is
left out, and the answer is kept. The signatures that Gemini's models give their calls are treated in the same way: a
client of another dialect sees them as thoughts without words. What Mistral's models think is a part of the content in
chat; it is sent to Mistral's models only.

With a thinking budget, Messages require that a turn which calls tools begins with a thought. If another model began the
turn, thinking is switched off until the tools are done.

## Calls of several models

Models give their tool calls ids and signatures that other providers refuse. An id that a provider does not accept is
replaced by a digest of itself, in the call and in its result, and is the same in every request; an id that it accepts
stays.

| who is asked | ids of calls | signatures of calls |
|---|---|---|
| Messages | letters, digits, `_` and `-`, 64 at most | never sent |
| Responses | the same | never sent |
| chat: OpenAI's models, by whichever server | 40 characters at most; vLLM makes 46 | taken out |
| chat: Mistral's | nine letters and digits | taken out |
| chat: Gemini | as they are | its own; from Gemini 3 on, which refuses calls without, a call of another model gets the one that [Google takes for none](https://ai.google.dev/gemini-api/docs/thought-signatures) |
| chat: all others | as they are | taken out |

In `tests/pipeline/test_rotation.py` nine models, two of each kind that seals, answer one after the other in every
order, at every door, with pictures, parallel calls and thoughts. The providers refuse what real ones are known to
refuse: no request is refused, and each model gets its own thoughts back.
"""
_STREAMS = """\
## Streams

A stream is translated event by event: each character is sent as soon as the upstream has sent it, except the words of
a refusal, which come at the end in Messages. Interleaved calls are sent one after the other. If the upstream stops
before the end, the client gets an error in its own dialect. Put together, the events say the same as the translated
whole answer.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    parts += [_section(f"Requests: {name}", rows) for name, rows in REQUESTS.items()]
    parts += [_THOUGHTS, _section("Answers", ANSWERS), _STREAMS, _errors()]
    return "\n".join(parts)


def _section(title: str, rows: Iterable[Row]) -> str:
    heads = [f"{_NAMES[one]} to {_NAMES[other]}" for one, other in PAIRS]
    lines = [f"## {title}", "", f"| | {' | '.join(heads)} | notes |", f"|---|{'---|' * 7}"]
    return "\n".join([*lines, *map(_line, rows), ""])


def _line(row: Row) -> str:
    cells = " | ".join(_cell(row, pair) for pair in PAIRS)
    return f"| {row.name} | {cells} | {'; '.join(dict.fromkeys(_notes(row)))} |"


def _cell(row: Row, pair: Pair) -> str:
    match row.cells.get(pair):
        case Changed():
            return "~"
        case Refused():
            return "refused"
        case _:
            return "=" if row.said(pair[0]) is not None else ""


def _notes(row: Row) -> Iterator[str]:
    return (cell.why for cell in row.cells.values() if isinstance(cell, Changed))


def _errors() -> str:
    lines = [
        "## Errors",
        "",
        "What the error of a provider of one dialect becomes in the other. Farthing's own errors are in",
        "[headers and errors](headers.md#errors).",
        "",
        "| what is wrong | chat and Responses | Messages |",
        "|---|---|---|",
    ]
    for what, status, kind, theirs, their_kind in FAULTS:
        lines.append(f"| {what} | {status} `{kind}` | {theirs} `{their_kind}` |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
