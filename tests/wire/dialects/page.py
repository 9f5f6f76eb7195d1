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

Clients and models speak OpenAI's chat completions ("chat"), OpenAI's Responses, or Anthropic's
Messages. `router/wire/dialects/` translates requests, answers, streams and errors from each into each
other one. Clients come in by them through [doors](doors.md).

A client and a model of the same dialect need no translation: nothing of a request changes then, but
what other models have said in a way that this one's provider refuses: [thoughts](#thoughts-of-several-models)
and [calls](#calls-of-several-models).

What the target cannot say is never dropped in silence. Either it has no effect on the answer, or it is
said in another way, or the request is refused with a 400 whose `code` is `untranslatable` and whose
`param` names the field. A member that nobody knows yet is refused too.

The tables below are what the tests try, cell by cell: **=** it crosses as it is, **~** it crosses in
another form (see the notes), **refused** with a clear error, and an empty cell where the client's
dialect has no such thing.
"""
_THOUGHTS = """\
## Thoughts of several models

Providers sign or encrypt what their models think, and refuse what another one has sealed. A client keeps
a thought that it is given and sends it back. So a foreign seal wears the name of its origin while it is
with the client, as `sealed:ORIGIN:ID:SEAL`, and only its own provider gets it back, as it was. For
all others the thought is left out; the answer is kept. So it goes with the signatures that Gemini's models
give their calls: a client of another dialect sees them as thoughts without words.

With a budget of tokens, Messages demand that a turn which calls tools begins with a thought. Where
another model began it, thinking is switched off until the tools are done.

## Calls of several models

Models call their calls of tools in ways that others refuse. An id that a provider does not take becomes a digest
of itself, in the call and in its result, and is the same in every request; an id that it takes stays.

| asked is | ids of calls | signatures of calls |
|---|---|---|
| Messages | letters, digits, `_` and `-`, 64 at most | never told |
| Responses | the same | never told |
| chat: OpenAI's models, by whichever server | 40 characters at most; vLLM makes 46 | taken out |
| chat: Mistral's | nine letters and digits | taken out |
| chat: Gemini | as they are | its own; from Gemini 3 on, which refuses calls without, a call of another model gets the one that [Google takes for none](https://ai.google.dev/gemini-api/docs/thought-signatures) |
| chat: all others | as they are | taken out |

In `tests/pipeline/test_rotation.py` nine models, two of each kind that seals, follow upon each other in every order, by every
door, with pictures, calls at once and thoughts, before providers that refuse what real ones are known to refuse:
nobody is refused anything, and each gets its own thoughts back.
"""
_STREAMS = """\
## Streams

A stream is translated event by event: each character is told as soon as the upstream has told it, except
the words of a refusal, which Messages tell at the end. Calls that come interleaved are told one after the
other. Where the upstream stops before the end, the client gets an error in its own dialect. Put
together, the events say what the translated whole answer would say.
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
        "| what is wrong | chat and Responses | Messages |",
        "|---|---|---|",
    ]
    for what, status, kind, theirs, their_kind in FAULTS:
        lines.append(f"| {what} | {status} `{kind}` | {theirs} `{their_kind}` |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
