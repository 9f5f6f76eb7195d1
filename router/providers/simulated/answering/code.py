"""Short programs that a simulated model writes: right, or with a common slip."""

import re
from collections.abc import Mapping

from msgspec import Struct

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Kind, Truth
from router.providers.simulated.answering.words import keywords, topics


class _Program(Struct, frozen=True):
    """A program, and its common slips: what is written instead of one of its parts, `part` -> `slip`."""

    source: str
    slips: tuple[tuple[str, str], ...]

    @property
    def wrong(self) -> list[str]:
        """The program with each of the slips."""
        return [self.source.replace(part, slip) for part, slip in self.slips]


# A word in the question -> the program.
_KNOWN: Mapping[str, _Program] = {
    "revers": _Program(
        "def reverse(text):\n    return text[::-1]\n",
        (
            ("text[::-1]", "text[-1:0:-1]"),
            ("text[::-1]", "text[-2::-1]"),
            ("text[::-1]", "''.join(sorted(text))"),
            ("text[::-1]", "reversed(text)"),
        ),
    ),
    "factorial": _Program(
        "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\n",
        (
            ("1 if n < 2", "0 if n < 1"),
            ("1 if n < 2", "n if n < 1"),
            ("n * factorial", "n + factorial"),
            ("factorial(n - 1)", "factorial(n - 2)"),
        ),
    ),
    "palindrom": _Program(
        "def is_palindrome(text):\n    text = text.lower()\n    return text == text[::-1]\n",
        (
            ("text.lower()", "text.strip()"),
            ("text.lower()", "text[1:].lower()"),
            ("text == text[::-1]", "text[0] == text[-1]"),
            ("text == text[::-1]", "text != text[::-1]"),
        ),
    ),
    "fibonacci": _Program(
        "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n",
        (
            ("range(n)", "range(n - 2)"),
            ("return a", "return b"),
            ("a, b = 0, 1", "a, b = 1, 2"),
            ("range(n)", "range(1, n)"),
        ),
    ),
    "average": _Program(
        "def average(numbers):\n    return sum(numbers) / len(numbers) if numbers else 0.0\n",
        (
            ("sum(numbers) / len(numbers) if numbers else 0.0", "sum(numbers) // len(numbers)"),
            ("len(numbers) if", "(len(numbers) - 1) if"),
            ("sum(numbers) / len(numbers)", "sorted(numbers)[len(numbers) // 2]"),
            ("len(numbers) if", "2 if"),
        ),
    ),
    "prime": _Program(
        "def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))\n",
        (
            ("int(n**0.5) + 1", "int(n**0.5)"),
            ("n > 1 and ", ""),
            ("n % d for", "n % d == 0 for"),
            ("range(2, int(n**0.5) + 1)", "(2, 3)"),
        ),
    ),
}
_GENERIC = (
    "def {name}(items):\n    result = []\n    for item in items:\n        result.append(item)\n"
    "    return result\n"
)
_GENERIC_SLIPS = (
    ("return result", "return items[1:]"),
    ("return result", "return result[:-1]"),
    ("return result", "return result[::-1]"),
    ("return result", "return len(result)"),
)
_BLOCK = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_NOT_IN_NAMES = frozenset(
    {"python", "function", "code", "program", "write", "implement", "javascript"}
)


def truth(question: str) -> Truth:
    """The Python function that the question asks for, and wrong versions of it."""
    asked = question.lower()
    program = next((entry for word, entry in _KNOWN.items() if word in asked), None)
    if program is None:
        program = _Program(_GENERIC.format(name=_name(question)), _GENERIC_SLIPS)
    chance = Chance.of("program", question)
    topic = " ".join(topics(question)[:6]) or "that"
    return Truth(Kind.CODE, program.source, lambda: chance.shuffled(program.wrong), topic)


def written(question: str, source: str | None) -> str:
    """A Python function in a fenced block, with a sentence before it; the right one unless `source` is given."""
    found = truth(question)
    return f"Here is a function for {found.name}:\n\n```python\n{source or found.right}```"


def edited(question: str, right: bool) -> str:
    """The question's first code block, as if changed; if it is not to be right, without its last line."""
    block = _BLOCK.search(question)
    if block is None:
        return written(question, None if right else truth(question).mistakes[0])
    lines = block[1].rstrip("\n").split("\n")
    kept = lines if right or len(lines) < 2 else lines[:-1]
    topic = " ".join(topics(question[: block.start()])[:6])
    return f"I changed it as asked ({topic}):\n\n```\n" + "\n".join(kept) + "\n```"


def _name(question: str) -> str:
    chosen = [word.lower() for word in keywords(question) if word.lower() not in _NOT_IN_NAMES]
    return "_".join(re.sub(r"\W", "_", word) for word in chosen[:3]) or "transform"
