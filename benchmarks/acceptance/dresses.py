"""Real final answers in made-up texts, since the shared data has no texts of answers."""

from collections.abc import Mapping

import orjson

DRESSES: Mapping[str, str] = {
    "The answer is ...": "The answer is {}.",
    "**Answer:** ...": "First there are 3 of them.\nThen 17 more.\n\n**Answer:** {}",
    "boxed": "Let us see.\n\nIt follows that \\boxed{{{}}}",
    "bare": "{}",
    "bold, in French": "Réfléchissons. Il y en a 3.\n\nLa réponse est **{}**.",
    "####": "There are 3 of them.\n#### {}",
    "heading": "There are 3 of them.\n\n### Final Answer\n\n{}",
    "German": "Es sind zuerst 3, dann 17.\n\nDie Antwort lautet: {}",
    "Chinese": "首先有3个。\n\n答案是{}",
    "thought aloud": "<think>Is the answer 3? No.</think>\nThe final answer is {}",
}
"""Texts with a place for the answer, and other numbers before it."""
IN_JSON = "JSON"


def dressed(answer: str) -> dict[str, str]:
    """The same final answer in each of the texts, by name, and in a field of JSON."""
    told = orjson.dumps({"reasoning": "There are 3.", "answer": answer}).decode()
    return {**{name: text.format(answer) for name, text in DRESSES.items()}, IN_JSON: told}
