"""How long a ruling on two answers takes, in CPU time."""

from collections.abc import Iterator
from time import process_time_ns

from router.acceptance.ruling import Evidence, ruled
from router.domain.cascade import AGREEMENT

_ROUNDS = 7
_STEP = (
    "Let us look at it step by step. First we take the 12 apples that she has, and the 5 pears of her brother.\n"
    "Then we multiply by 3, which makes 51 fruits in the basket; **note** that some of them are eaten.\n\n"
)
_PROSE = (_STEP * 12)[:2000]
_CODE = "```python\n" + "def f(x):\n    return x + 1\n\n" * 60 + "```"
_OPTIONS = "Which is a metal?\nA. Oxygen\nB. Argon\nC. Iron\nD. Neon"
_LIST = '{"a": [' + ", ".join(["1.0"] * 12_000) + "]}"

_CASES: dict[str, tuple[str, str, str]] = {
    "number, 2 KB": (
        f"{_PROSE}\nThe answer is 42 km.",
        f"{_PROSE[3:]}\nSo \\boxed{{42}}",
        "How far?",
    ),
    "option, 2 KB": (f"{_PROSE}\nThe answer is (C).", f"{_PROSE[3:]}\nAnswer: C", _OPTIONS),
    "free text, 2 KB": (_PROSE, _PROSE[5:], "Write something."),
    "JSON, 60 KB": (_LIST, _LIST.replace(", ", ","), "List it."),
    "Python, 1.7 KB": (_CODE, _CODE.replace("+ 1", "+  1"), "Write it."),
    "free text, 1 MB": (_PROSE * 500, (_PROSE * 500)[5:], "Write something."),
}


def rows() -> Iterator[tuple[str, str, str]]:
    """What is compared, microseconds, and the ruling."""
    for name, (one, other, question) in _CASES.items():
        evidence = _evidence(one, other, question)
        count = 200 if len(one) < 4000 else 5
        opinion = ruled(AGREEMENT, evidence)
        fastest = min(_microseconds(evidence, count) for _ in range(_ROUNDS))
        yield name, f"{fastest:,.0f}", opinion.ruling


def _evidence(one: str, other: str, question: str) -> Evidence:
    answers = [
        {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        for text in (one, other)
    ]
    return Evidence({"messages": [{"role": "user", "content": question}]}, answers)


def _microseconds(evidence: Evidence, count: int) -> float:
    started = process_time_ns()
    for _ in range(count):
        ruled(AGREEMENT, evidence)
    return (process_time_ns() - started) / count / 1000
