"""What programs add to the user's own words in a user's message.

Agents send reminders, descriptions of the machine, files of instructions and the output of commands in
the user's name, by the dozen kilobytes, and mark them with tags. The model reads them, but they do not
say what is asked. The tags are those that Claude Code, Codex, Cline, Cursor and Copilot write.
"""

import re
from typing import NamedTuple

_ASIDES = (
    "additional_data",
    "attachments",
    "bash-stderr",
    "bash-stdout",
    "command-message",
    "command-name",
    "editorContext",
    "environment_context",
    "environment_details",
    "environment_info",
    "INSTRUCTIONS",
    "local-command-caveat",
    "local-command-stderr",
    "local-command-stdout",
    "permissions instructions",
    "reminderInstructions",
    "system-reminder",
    "system_reminder",
    "turn_aborted",
    "user_instructions",
    "workspace_info",
)
_ENVELOPES = ("user_query", "userRequest", "user_message")
"""What stands inside one of these is the user's; everything around it is not."""

_NAMES = "|".join((*_ASIDES, *_ENVELOPES))
_TAG = re.compile(rf"<(/?)({_NAMES})>")
_END = re.compile(rf"</(?:{_NAMES})>")
"""Without one nothing is parted; finding its first two characters is thirty times as fast as matching tags."""
_HEADING = re.compile(r"^# AGENTS\.md instructions[^\n]*\n?", re.MULTILINE)


class Parted(NamedTuple):
    """The user's own words, "" for none, and what a program has added to them."""

    own: str
    aside: str


def parted(text: str) -> Parted:
    """`text` in two: every character, except blanks around the user's own words, is in exactly one of them.

    An unclosed tag is the user's own: it is being talked about. Takes time in proportion to the text.
    """
    if "<" not in text or _END.search(text) is None:
        return Parted(text, "")
    own, aside = _apart(text)
    said = "".join(own)
    if aside and (heading := _HEADING.search(said)):
        aside.append(heading[0])
        said = said.replace(heading[0], "", 1)
    return Parted(said.strip(), "".join(aside)) if aside else Parted(text, "")


def own_words(text: str) -> str:
    """The user's own words in `text`, "" where it has none."""
    return parted(text).own


def _apart(text: str) -> tuple[list[str], list[str]]:
    """What is outside of asides, and what is inside; with an envelope, its content, and all the rest."""
    own: list[str] = []
    aside: list[str] = []
    at, opened, inside = 0, 0, ""
    for tag in _TAG.finditer(text):
        is_end, name = bool(tag[1]), tag[2]
        if not inside and not is_end:
            opened, inside = tag.start(), name
        elif is_end and name == inside:
            own.append(text[at:opened])
            block = text[opened : tag.end()]
            if name in _ENVELOPES:
                aside.extend(own)
                own = [block[len(name) + 2 : -len(name) - 3]]
                return own, [*aside, f"<{name}>", text[tag.end() :]]
            aside.append(block)
            at, inside = tag.end(), ""
    return [*own, text[at:]], aside
