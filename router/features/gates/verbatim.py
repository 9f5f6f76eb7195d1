"""Texts that are material rather than questions: to be translated, corrected, counted, put in order.

In these, every comma and capital counts. The rest of a request may make a text material as well: under a
system prompt that has everything translated, a "please" is part of the answer.
"""

import re

from router.features.reading import Reading, Words

_TASKS_ON_TEXT = re.compile(
    r"""\b(?:
        translat | proofread | spell | punctuat | gramma | rewrit | rephras | paraphras | classif
      | sentiment | categori[sz] | transcrib | transliterat | extract
      | the\ following | (?:this|user's|user|given|input)\ (?:text|message|sentence|input|question)
      | übersetz | korrig | korrektur | tradu[icz] | corrig | corrij | vertaal
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TASKS_HERE = re.compile(
    r"\b(?:fix|correct|edit|improve|polish|count|letters|characters?|uppercase|lowercase|capitals"
    r"|capital letters?|capitali[sz]e|commas?|apostrophes?|format|anagrams?|palindromes?|syllables?"
    r"|rhymes?|pronounced?)\b",
    re.IGNORECASE,
)
_MATERIAL = re.compile(r":\s*\S|\n")


def works_on_text(said: str) -> bool:
    """Whether `said` may tell a model to work on a text, rather than to answer it."""
    return bool(_TASKS_ON_TEXT.search(said))


def reads(reading: Reading) -> Words:
    """If the text may be or contain material, all of it except courtesies and the final punctuation mark."""
    prose = reading.prose.strip()
    found = (pattern.search(prose) for pattern in (_TASKS_ON_TEXT, _TASKS_HERE, _MATERIAL))
    if not any(found):
        return ()
    return (prose[0].casefold() + prose[1:].rstrip(" .?!\n"),)
