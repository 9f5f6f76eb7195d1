"""What programs add to the user's own words in a user's message.

Agents send reminders, descriptions of the machine, files of instructions and the output of commands in
the user's name, by the dozen kilobytes, and mark them with tags. The model reads them, but they do not
say what is asked. The tags are those that Claude Code, Codex, Cline, Cursor and Copilot write.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_ASIDES = (
    "additional_data",
    "attachments",
    "bash-input",
    "bash-stderr",
    "bash-stdout",
    "command-message",
    "command-name",
    "editorContext",
    "environment_context",
    "environment_details",
    "environment_info",
    "ide_opened_file",
    "ide_selection",
    "INSTRUCTIONS",
    "local-command-caveat",
    "local-command-stderr",
    "local-command-stdout",
    "permissions instructions",
    "reminderInstructions",
    "subagent_notification",
    "system-reminder",
    "system_reminder",
    "task-notification",
    "turn_aborted",
    "user-prompt-submit-hook",
    "user_instructions",
    "user_shell_command",
    "workspace_info",
)
_ENVELOPES = ("user_query", "userRequest", "user_message")
"""What stands inside one of these is the user's; everything around it is not."""

_NAMES = "|".join((*_ASIDES, *_ENVELOPES))
_OPENING = re.compile(rf"<({_NAMES})>")
_END = re.compile(rf"</(?:{_NAMES})>")
"""Without one nothing is parted; finding its first two characters is thirty times as fast as matching tags."""
_SEARCHED = 2**17
"""Characters at either end of the user's own words in which tags are looked for: thirty megabytes would take seconds.
What is inside of a tag does not count, however long it is."""
_MOST_BLOCKS = 1000
"""The rest of a text with more of them is the user's own: no program writes so many into one message."""
_FROM_IDE, _REQUEST = "# Context from my IDE setup:", "## My request for Codex:"
"""Codex in an editor begins with what is open there; what the user has written stands below the second heading."""
_HEADING = re.compile(r"^# AGENTS\.md instructions[^\n]*\n?", re.MULTILINE)


class Parted(NamedTuple):
    """The user's own words, "" for none, and what a program has added to them."""

    own: str
    aside: str


def parted(text: str) -> Parted:
    """`text` in two: every character, except blanks around the user's own words, is in exactly one of them.

    An unclosed tag is the user's own: it is being talked about; and so is what stands far from both ends of
    a long text.
    """
    if _is_one_aside(text):
        return Parted("", text)
    if text.startswith(_FROM_IDE) and (found := text.find(_REQUEST, 0, _SEARCHED)) >= 0:
        own, aside = [text[found + len(_REQUEST) :]], [text[: found + len(_REQUEST)]]
    elif _may_have_asides(text):
        own, aside = _apart(text)
    else:
        return Parted(text, "")
    said = "".join(own)
    if aside and (heading := _HEADING.search(said, 0, _SEARCHED)):
        aside.append(heading[0])
        said = said.replace(heading[0], "", 1)
    return Parted(said.strip(), "".join(aside)) if aside else Parted(text, "")


def own_words(text: str) -> str:
    """The user's own words in `text`, "" where it has none."""
    return parted(text).own


def _is_one_aside(text: str) -> bool:
    """Whether a text is one aside and nothing else, which is told ten times as fast as what its parts are."""
    if not text.startswith("<") or (tag := _OPENING.match(text)) is None or tag[1] in _ENVELOPES:
        return False
    end = f"</{tag[1]}>"
    closed = text.find(end, tag.end())
    return closed >= 0 and not text[closed + len(end) :].strip()


def _may_have_asides(text: str) -> bool:
    if "</" not in text:
        return False
    return len(text) > _SEARCHED or _END.search(text) is not None


def _apart(text: str) -> tuple[list[str], list[str]]:
    """What is outside of asides, and what is inside; with an envelope, its content, and all the rest."""
    own: list[str] = []
    aside: list[str] = []
    at = 0
    for opened, closed, name in _blocks(text):
        end = closed + len(name) + 3
        own.append(text[at:opened])
        if name in _ENVELOPES:
            words = text[opened + len(name) + 2 : closed]
            return [words], [*aside, *own, f"<{name}>", text[end:]]
        aside.append(text[opened:end])
        at = end
    return [*own, text[at:]], aside


def _blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each block's tags begin, and their name. A tag inside of a block, or without an end, begins none."""
    at, left = 0, _SEARCHED
    for _ in range(_MOST_BLOCKS):
        tag = _OPENING.search(text, at, at + left)
        if tag is None and at + left < len(text):
            at, left = max(at, len(text) - _SEARCHED), _SEARCHED
            tag = _OPENING.search(text, at)
        if tag is None or (closed := text.find(f"</{tag[1]}>", tag.end())) < 0:
            return
        yield tag.start(), closed, tag[1]
        left -= tag.start() - at
        at = closed + len(tag[1]) + 3
