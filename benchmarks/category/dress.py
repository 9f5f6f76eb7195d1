"""How people and programs really send what they ask: greeted, hurried, misspelt, wrapped."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

Dress = Callable[[str, str, Random], str]

_OPENINGS: Mapping[str, Sequence[str]] = {
    "en": (
        "Hi, ",
        "Hello! ",
        "hey ",
        "Please ",
        "Hi there, can you help me? ",
        "Quick question: ",
        "I'm a student. ",
        "ok so ",
        "Hey, sorry to bother you again. ",
        "Next task: ",
        "You are a helpful assistant.\n\n",
        "I need your help with this. ",
    ),
    "de": ("Hallo, ", "Bitte: ", "Hi, kurze Frage: ", "Guten Tag! "),
    "fr": ("Bonjour, ", "Salut ! ", "S'il te plaît, ", "Petite question : "),
    "es": ("Hola, ", "Por favor, ", "Buenas, una pregunta: "),
    "it": ("Ciao, ", "Per favore, ", "Buongiorno, "),
    "pt": ("Oi, ", "Por favor, ", "Olá, uma dúvida: "),
    "nl": ("Hallo, ", "Hoi, vraagje: ", "Alsjeblieft: "),
    "pl": ("Cześć, ", "Proszę: ", "Dzień dobry, "),
    "ru": ("Привет, ", "Пожалуйста, ", "Здравствуйте! "),
    "zh": ("你好,", "请问,", "麻烦"),
    "ja": ("すみません、", "こんにちは。", "お願いします。"),
    "ko": ("안녕하세요, ", "저기, "),
    "ar": ("مرحبا، ", "من فضلك "),
    "hi": ("नमस्ते, ", "कृपया "),
    "tr": ("Merhaba, ", "Lütfen "),
    "sv": ("Hej, ", "Snälla, "),
}
_CLOSINGS = (" please", ", thanks", " thx", ". Thank you!", " asap", " pls", "??", "!!", " :)", ".")
_SHORT = {
    "please": "pls",
    "you": "u",
    "are": "r",
    "and": "n",
    "to": "2",
    "because": "cuz",
    "what": "wat",
}
_FRAMES = (
    "### Instruction:\n{}\n\n### Response:",
    "<request>\n{}\n</request>",
    '"{}"',
    "Task: {}",
    "{}\n\nAnswer:",
    "User question: {}",
    "Question: {}",
)


def _greeted(text: str, language: str, dice: Random) -> str:
    return dice.choice(_OPENINGS.get(language, _OPENINGS["en"])) + text


def _thanked(text: str, _language: str, dice: Random) -> str:
    return text.rstrip(".?! ") + dice.choice(_CLOSINGS) if "\n" not in text else text


def _small(text: str, _language: str, _dice: Random) -> str:
    return text.lower()


def _unpunctuated(text: str, _language: str, _dice: Random) -> str:
    return text.rstrip(".?!:").replace("'", "").replace(",", "")


def _short_forms(text: str, _language: str, _dice: Random) -> str:
    return " ".join(_SHORT.get(word, word) for word in text.lower().split(" "))


def _misspelt(text: str, _language: str, dice: Random) -> str:
    letters = list(text)
    for place in sorted({dice.randrange(1, len(text)) for _ in range(1 + len(text) // 40)}):
        if len(text) > 8 and letters[place].isalpha() and letters[place - 1].isalpha():
            letters[place - 1], letters[place] = dice.choice(
                ((letters[place], letters[place - 1]), ("", letters[place]))
            )
    return "".join(letters)


def _framed(text: str, _language: str, dice: Random) -> str:
    return dice.choice(_FRAMES).replace("{}", text)


_ODDS: Sequence[tuple[float, Dress]] = (
    (0.10, _greeted),
    (0.06, _thanked),
    (0.15, _small),
    (0.10, _unpunctuated),
    (0.04, _short_forms),
    (0.08, _misspelt),
    (0.04, _framed),
)


def dressed(text: str, language: str, dice: Random) -> str:
    """`text` as it might arrive: each of these happens to some, and several may happen to one."""
    for odds, dress in _ODDS:
        if dice.random() < odds and len(text) > 1:
            text = dress(text, language, dice)
    return text
