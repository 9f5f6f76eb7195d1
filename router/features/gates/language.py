"""The language and the script: an answer in another one is a different answer."""

import unicodedata
from collections.abc import Mapping

from router.features.reading import Reading, Words

_FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    "da": frozenset("hvad hvordan er og det en et ikke jeg på af til".split()),
    "de": frozenset("was wie wer warum ist der die das und ein eine nicht ich mit für auf".split()),
    "en": frozenset("what how who why is the a and of to not i with for on do does".split()),
    "es": frozenset("qué cómo quién por es el la los y un una no de con para".split()),
    "fr": frozenset("que qui comment pourquoi est le la les et un une ne pas de des".split()),
    "it": frozenset("che come chi perché è il la gli e un una non di per con".split()),
    "nl": frozenset("wat hoe wie waarom is de het een en niet ik met voor op van".split()),
    "pt": frozenset("que como quem por é o a os e um uma não de com para".split()),
    "sv": frozenset("vad hur är och det en ett inte jag på av till".split()),
}


def reads(reading: Reading) -> Words:
    """The scripts of the letters, and the language whose function words occur most, "" for none."""
    letters = filter(str.isalpha, set("".join(reading.words)))
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters}
    hits = {
        language: sum(word in small for word in reading.words)
        for language, small in _FUNCTION_WORDS.items()
    }
    likeliest = max(hits, key=hits.__getitem__)
    return (*sorted(scripts), likeliest if hits[likeliest] else "")
