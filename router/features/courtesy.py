"""A question without its courtesies: greetings, thanks, and openings that ask nothing.

Each is removed only where it cannot be the question's subject: "Hello, ..." but not "hello world",
"..., thanks." but not "how do I say thanks?", "can you explain ..." but not "can you freeze milk?".
"""

import re

TASKS = frozenset(
    """
    add analyse analyze answer check compare complete compose continue convert correct create define
    describe design discuss draft explain extract find fix generate give help identify list make
    name outline paraphrase plan prove provide rephrase rewrite recommend review say shorten show
    solve state suggest summarise summarize tell translate write
    """.split()
)
"""What models are told to do: a sentence that begins with one of these is a request."""

_GREETINGS = (
    r"(?:hi|hello|hey)(?: there| all)?|good (?:morning|afternoon|evening)"
    "|hallo|guten (?:tag|morgen|abend)|bonjour|salut|hola|buen(?:os días|as (?:tardes|noches))|ciao|olá|hej"
)
_STARTS = "well|so|ok|okay|now|basically|actually|a? ?quick question"
_THANKS = (
    "please|(?:many )?thanks(?: a lot| in advance| so much)?"
    "|thank you(?: very much| so much| in advance)?|bitte|danke(?: schön)?|vielen dank"
    "|s'il (?:te|vous) plaît|merci(?: beaucoup| d'avance)?|por favor|(?:muchas )?gracias"
    "|per favore|grazie(?: mille)?|obrigad[oa]|tack|tak"
)
_TASK = "|".join(sorted(TASKS))
_WH = "what|who|whom|whose|which|when|where|why|how"

_YOU = "(?:can|could|would|will) you "
_I_WOULD = "i(?: would|'d)? (?:want|need|like) "
_WAYS_TO_BEGIN = (
    rf"[¿¡\s]*(?:{_GREETINGS}|{_STARTS})\s*[,:;!.]+",
    r"(?:please|kindly|bitte|por favor|per favore)\b\s*,?",
    rf"{_YOU}(?:please |kindly |help me )?(?=(?:{_TASK})\b)",
    rf"{_YOU}(?:please|kindly) ",
    rf"{_I_WOULD}you to ",
    rf"(?:i was wondering|{_I_WOULD}to know)\s*[,:]?\s+(?=(?:{_WH})\b)",
    rf"(?:tell|explain to) me (?=(?:{_WH})\b)",
    rf"do you know (?=(?:{_WH})\b)",
)
_OPENINGS = re.compile(rf"\s*(?:{'|'.join(_WAYS_TO_BEGIN)})", re.IGNORECASE)
_CLOSING = re.compile(rf"(?<=[,.;?!])\s*(?:{_THANKS})\s*[.!]*\s*\Z", re.IGNORECASE)
_LONGEST_GREETING = 24
"""Characters; whatever is longer says more."""
_OTHER_GREETINGS = (
    "hiya|moin|servus|grüß gott|oi|bom dia|boa (?:tarde|noite)|buongiorno|buonasera|hoi|goede(?:morgen|middag|navond)|hei"
    "|dzień dobry|cześć|ahoj|dobrý den|szia|merhaba|selam|xin chào|halo|привет|здравствуйте|добрый день"
    "|你好|您好|こんにちは|안녕(?:하세요)?|مرحبا|السلام عليكم|नमस्ते|สวัสดี(?:ครับ|ค่ะ)?"
)
_GREETING = re.compile(rf"[¿¡\s]*(?:{_GREETINGS}|{_OTHER_GREETINGS})\W*", re.IGNORECASE)


def is_bare_greeting(question: str) -> bool:
    """Whether a question is a greeting and nothing else: "Hi", but not "Hi, what is a tariff?" or "hello world"."""
    return len(question) <= _LONGEST_GREETING and _GREETING.fullmatch(question) is not None


def bare(prose: str) -> str:
    """`prose`, in which spaces are single, without its courtesies; unchanged if nothing would be left."""
    left = prose
    while found := _OPENINGS.match(left):
        left = left[found.end() :]
    while found := _CLOSING.search(left):
        left = left[: found.start()].rstrip(", ")
    return left if left.strip() else prose
