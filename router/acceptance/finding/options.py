"""The letters of options that a statement names."""

import re
from collections.abc import Mapping

_NAME = re.compile(
    r"(?:(?:the|die|la|a|el|l')\s*)?"
    r"(?:option|choice|answer|letter|opción|opção|opzione|opcja|选项|選項|вариант)\s*",
    re.IGNORECASE,
)
_LETTERS = re.compile(
    r"[(\[]?([A-J])[)\]]?(?:\s*(?:,|&|(?i:and|und|et|y|e)\b)\s*[(\[]?([A-J])[)\]]?)*(?!\w)"
)
_LIST = re.compile(r"[(\[]?[A-Ja-j][)\]]?(?:\s*(?:,|&|and|und|et|y|e)\s*[(\[]?[A-Ja-j][)\]]?)*")
"""A statement that consists of letters only, which may then be in lower case."""
_LETTER = re.compile(r"(?<![A-Za-z])[A-J](?![A-Za-z])")
_FOLLOWS = re.compile(r"[)\].:,;、：]|\s*[-(]|\s+(?:because|since|as|weil|porque|car|perché)\b")
_ANOTHER = re.compile(r"\W*(?:or|oder|ou|o|或)\W+[(\[]?[A-J](?!\w)")


def option_in(text: str, options: Mapping[str, str]) -> str:
    """The letters that a clean statement begins with, in order and with commas; "" for none.

    A letter must be followed by nothing, by punctuation, or by the text of its option: "a cat" names none.
    """
    text = _NAME.sub("", text, count=1) if _NAME.match(text) else text
    text = text.upper() if _LIST.fullmatch(text) else text
    match = _LETTERS.match(text)
    if match is None or _ANOTHER.match(text, match.end()):
        return ""
    letters = sorted(set(_LETTER.findall(match[0])))
    rest = text[match.end() :]
    is_named = not rest or match[0].endswith((")", "]")) or _FOLLOWS.match(rest)
    if is_named or _begins_with(rest, options.get(letters[0], "")):
        return _known(",".join(letters), options)
    return ""


def _known(letters: str, options: Mapping[str, str]) -> str:
    return letters if set(letters.split(",")) <= options.keys() else ""


def _begins_with(rest: str, option: str) -> bool:
    return bool(option) and rest.strip().lower().startswith(option.strip(" .").lower())
