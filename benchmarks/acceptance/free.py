"""Free text must not yield a final answer: parts of our own documents, as if they were answers."""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import Found, agree
from router.acceptance.said import Said, read

_ROOT = Path(__file__).parents[2]
_QUESTIONS = (
    "Explain this to me.",
    "How many of them are there?",
    "Is it any good? Answer yes or no.",
)
_PART = re.compile(r"\n#+ |\n\n(?=[A-Z])")
_FEWEST_WORDS = 15


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """For each question: parts, those that yield an answer, pairs of different parts, those that agree."""
    parts = list(_parts())
    for question in _QUESTIONS:
        about = asked({"messages": [{"role": "user", "content": question}]})
        found = [
            each
            for each in (final_answer(about, part) for part in parts)
            if isinstance(each, Found)
        ]
        agreeing = sum(agree(one, other) for one, other in combinations(found, 2))
        pairs = len(parts) * (len(parts) - 1) // 2
        yield question, f"{len(parts):,}", f"{len(found):,}", f"{pairs:,}", f"{agreeing:,}"


def _parts() -> Iterator[Said]:
    """Sections and paragraphs of some length, each once."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(_ROOT.rglob("*.md"))]
    parts = {part.strip() for text in texts for part in _PART.split(text)}
    for part in sorted(parts):
        said = read({"choices": [{"message": {"content": part}, "finish_reason": "stop"}]})
        if isinstance(said, Said) and len(part.split()) >= _FEWEST_WORDS:
            yield said
