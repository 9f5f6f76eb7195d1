"""Final answers from the shared data: are they found in texts, and do equal results mean equal correctness?"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from benchmarks.acceptance.dresses import dressed
from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import Question, asked
from router.acceptance.finding.found import Final, Found, NotFound, agree
from router.acceptance.said import Unusable, read

_LONGEST = 200
"""Characters: longer answers are cut in the data."""
_SAME_SCORE = 0.5
_FUNCTIONS = re.compile(r"\nFunctions:\n(\[.*\])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and the score of each final answer that models gave to it."""

    dataset: str
    prompt: str
    scores: Mapping[str, Sequence[float]]

    def score(self, answer: str) -> float:
        """The mean score of an answer."""
        return sum(self.scores[answer]) / len(self.scores[answer])


@dataclass(slots=True)
class Tally:
    """Counts for one dataset: answers in texts, and pairs of different answers to one prompt."""

    texts: int = 0
    found: int = 0
    right: int = 0
    pairs: int = 0
    merged: int = 0
    merged_wrongly: int = 0
    by_dress: Counter[str] = field(default_factory=Counter)


def read_prompts(path: Path, every: int) -> list[Asked]:
    """Every n-th prompt in a file of outcomes that has short final answers."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    about: dict[str, tuple[str, str]] = {}
    columns = ["dataset", "prompt_id", "prompt", "answer", "score"]
    for row in pq.read_table(path, columns=columns).to_pylist():
        if row["answer"] and len(row["answer"]) < _LONGEST:
            about[row["prompt_id"]] = (row["dataset"], row["prompt"])
            scores[row["prompt_id"]][row["answer"]].append(row["score"])
    return [Asked(*about[each], scores[each]) for each in sorted(about)[::every]]


def tally(prompts: Sequence[Asked]) -> dict[str, Tally]:
    """What became of the answers, by dataset."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for each in prompts:
        _count(each, tallies[each.dataset])
    return tallies


def _count(each: Asked, counts: Tally) -> None:
    is_of_calls = each.dataset.startswith("bfcl")
    question = _question(each)
    finals: dict[str, Final] = {}
    for answer in each.scores:
        said = _calls(answer) if is_of_calls else _texts(answer)
        told = {name: _final(question, message) for name, message in said.items()}
        bare = finals[answer] = told["bare"]
        for name, final in told.items():
            counts.texts += 1
            counts.found += isinstance(final, Found)
            is_right = agree(bare, final)
            counts.right += is_right
            counts.by_dress[name] += is_right
    _count_pairs(each, finals, counts)


def _count_pairs(each: Asked, finals: Mapping[str, Final], counts: Tally) -> None:
    for one, other in combinations(finals, 2):
        counts.pairs += 1
        if agree(finals[one], finals[other]):
            counts.merged += 1
            counts.merged_wrongly += abs(each.score(one) - each.score(other)) >= _SAME_SCORE


def _question(each: Asked) -> Question:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": each.prompt}]}
    if listed := _FUNCTIONS.search(each.prompt):
        body["tools"] = [{"type": "function", "function": _tool(f)} for f in _loaded(listed[1])]
    return asked(body)


def _loaded(text: str) -> list[dict[str, Any]]:
    try:
        loaded = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return [each for each in loaded if isinstance(each, dict)]


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    return {**function, "name": str(function.get("name")).replace(".", "_")}


def _texts(answer: str) -> dict[str, dict[str, Any]]:
    return {name: {"content": text} for name, text in dressed(answer).items()}


def _calls(answer: str) -> dict[str, dict[str, Any]]:
    """The calls as they are in the data, and in reverse order with their keys reversed."""
    try:
        named = [(name, arguments) for name, arguments in orjson.loads(answer)]
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return {"bare": {"content": answer}}
    turned = [(name, dict(reversed(arguments.items()))) for name, arguments in reversed(named)]
    return {"bare": _message(named), "turned": _message(turned)}


def _message(named: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    calls = [
        {"function": {"name": name, "arguments": orjson.dumps(arguments).decode()}}
        for name, arguments in named
    ]
    return {"content": None, "tool_calls": calls}


def _final(question: Question, message: dict[str, Any]) -> Final:
    said = read({"choices": [{"message": message, "finish_reason": "stop"}]})
    return NotFound(said.why) if isinstance(said, Unusable) else final_answer(question, said)


def rows(tallies: Mapping[str, Tally]) -> Iterator[tuple[str, ...]]:
    """A row of figures for each dataset."""
    for name, each in sorted(tallies.items()):
        yield (
            name,
            f"{each.texts:,}",
            f"{each.found / each.texts:.1%}",
            f"{each.right / each.texts:.1%}",
            f"{each.pairs:,}",
            f"{each.merged:,}",
            f"{each.merged_wrongly:,}",
        )
