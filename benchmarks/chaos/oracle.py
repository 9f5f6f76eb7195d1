"""What the answer must be: simulated models give the same answer to the same question, wherever they run."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.chaos.cast import ACTORS, SEED
from router.domain.members import replace
from router.domain.usage import Usage
from router.providers.simulated import tokens
from router.providers.simulated.answers import answer
from router.providers.simulated.faults import parse_fault
from router.providers.simulated.faults_odd import Huge
from router.providers.simulated.request import parse

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Expected:
    """The texts of all choices, in order, and the usage of a complete answer."""

    texts: tuple[str, ...]
    usage: Usage


def expected(body: bytes, model_id: str, fault: str, *, stream: bool) -> Expected:
    """`model_id`'s answer to the request `body` if it meets `fault`."""
    said = answer(parse(body), ACTORS[model_id].model, SEED)
    texts, usage = [choice.text or "" for choice in said.choices], said.usage(cached_tokens=0)
    played = parse_fault(fault)
    if isinstance(played, Huge):
        dots = "." * (played.mb * _MIB)
        texts[0] = texts[0] + dots if stream else dots + texts[0]
        more = usage.output_tokens + tokens.count(dots)
        usage = replace(usage, output_tokens=more)
    return Expected(tuple(texts), usage)


def beginnings(body: bytes, faults: Mapping[str, str], *, stream: bool) -> Mapping[str, Expected]:
    """What each model would have answered."""
    return {name: expected(body, name, faults[name], stream=stream) for name in ACTORS}
