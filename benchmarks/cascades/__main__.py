"""Whether a cascade that runs is as good, as cheap and as quick as was foretold.

    python -m benchmarks.cascades [--questions 600] [--learn 1200] [--difficulty 0.4] [--mistakes 0.1] [--speed 1]

Simulated models in a process of their own, whose qualities and common mistakes are stated; Farthing in a second one,
with a policy that asks two of them at once and the final one where they differ; the real openai client here. Every
question is answered by the final model alone, by a cascade of the client's own, and by Farthing's. Prints, with 95 %
intervals: the share of right answers, by the simulator's truth; how often the pair is believed; what it cost, by the
ledger; when the first content was heard. Beside it stands what follows from what was stated, what the models' very
answers come to when all are understood, and what Farthing said of it beforehand: it has learnt from answers to other
questions of these kinds, `--learn` of them (0: nothing).

Where the client's cascade accepts other answers than those that mean the same, or Farthing's other ones than the
client's, that is counted and shown. Takes some four minutes.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai

from benchmarks.cascades import tables
from benchmarks.cascades.asking import Reply, all_of, cascading, straight
from benchmarks.cascades.expected import Chain, Expected, expected
from benchmarks.cascades.foretold import Foretold, foretold
from benchmarks.cascades.learning import learnt
from benchmarks.cascades.questions import KINDS, Asked, questions
from benchmarks.cascades.rig import ALONE, CASCADE, Plan, Rig, running
from benchmarks.cascades.tables import Row
from benchmarks.cascades.told import Drawn, drawn
from router.domain.cascade import Ruling
from router.domain.money import PICO_PER_USD
from router.providers.simulated import Forms, Minds, default_models
from router.providers.simulated.truths import told
from router.providers.simulated_models import by_id

Books = Mapping[str, Sequence[Mapping[str, Any]]]
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """The replies in each way, the ledger, and the predictions for Farthing's cascades."""

    alone: Sequence[Reply]
    client: Sequence[Reply]
    farthing: Sequence[Reply] | None
    told: Sequence[Foretold]
    books: Books


def main() -> int:
    """Run it, and print the figures."""
    args = _arguments().parse_args()
    minds = Minds(args.difficulty, args.mistakes, None, Forms(args.forms))
    plan = Plan(tuple(args.pair), args.final, minds, args.speed, args.seed)
    every = questions(args.questions + args.learn, args.seed, args.kinds)
    asked, others = every[: args.questions], every[args.questions :]
    with tempfile.TemporaryDirectory() as name:
        folder, models = Path(name), default_models()
        artefact = learnt(folder, others, models, minds, args.seed) if others else None
        with running(plan, folder, artefact) as rig:
            seen = asyncio.run(_seen(rig, plan, asked, args.at_once))
    _tell(plan, asked, seen)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument(
        "--learn", type=int, default=1200, help="other questions to fit an artefact to"
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--pair", nargs=2, default=["sim-open-8b", "sim-open-70b"])
    parser.add_argument("--final", default="sim-frontier")
    parser.add_argument("--difficulty", type=float, default=0.4)
    parser.add_argument("--mistakes", type=float, default=0.1)
    parser.add_argument("--forms", choices=[each.value for each in Forms], default="varied")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=12)
    return parser


async def _seen(rig: Rig, plan: Plan, asked: Sequence[Asked], at_once: int) -> Seen:
    async with openai.AsyncOpenAI(
        base_url=rig.farthing.base_url, api_key="any", max_retries=0
    ) as client:
        alone = await all_of(asked, straight(client, f"auto:{ALONE}"), at_once)
        by_client = await all_of(asked, cascading(client, plan.pair, plan.final), at_once)
        by_farthing = None
        if rig.has_cascades:
            by_farthing = await all_of(asked, straight(client, f"auto:{CASCADE}"), at_once)
        ids = [reply.ids[0] for reply in by_farthing or ()]
        return Seen(
            alone, by_client, by_farthing, await foretold(rig.farthing.url, ids), rig.booked()
        )


def _tell(plan: Plan, asked: Sequence[Asked], seen: Seen) -> None:
    models = by_id(default_models())
    pair, final = [models[name] for name in plan.pair], models[plan.final]
    come_to = [drawn(each, pair, final, plan.minds, plan.seed) for each in asked]
    each = [_expected(one, plan) for one in asked]
    alone = [_row(one, reply, seen.books) for one, reply in zip(asked, seen.alone, strict=True)]
    ways = dict(_ways(asked, seen))
    print(
        f"{len(asked)} questions, {' and '.join(plan.pair)} before {plan.final}, {plan.minds}\n\n"
        f"{tables.HEADER}\n{tables.measured(f'{plan.final} alone', alone, alone)}\n"
        f"{tables.stated(each, come_to, alone, plan.speed)}\n"
        f"{tables.measured('drawn, all understood', _drawn_rows(come_to, plan), alone)}"
    )
    for name, rows in ways.items():
        print(tables.measured(name, rows, alone))
    if seen.told:
        print(tables.foretold(seen.told, list(ways.values())[-1], alone))
    print(
        "\n| | gain | first content later by, s | where accepted / where not |\n|---|---|---|---|"
    )
    print(tables.added_as_stated(each, come_to, plan.speed))
    for name, rows in ways.items():
        print(tables.added(name, rows, alone))
    _tell_of_readings(asked, come_to, seen, ways)


def _expected(asked: Asked, plan: Plan) -> Expected:
    models = by_id(default_models())
    names, truth = (*plan.pair, plan.final), asked.question.truth
    first, second, final = (models[name].quality_for(asked.question.category) for name in names)
    mistakes = len(truth.mistakes) if truth else 0
    return expected(Chain(first, second, final, mistakes), plan.minds)


def _ways(asked: Sequence[Asked], seen: Seen) -> Iterator[tuple[str, list[Row]]]:
    pairs = zip(asked, seen.client, strict=True)
    yield "the client's cascade", [_row(one, reply, seen.books) for one, reply in pairs]
    if seen.farthing is None:
        print(
            "This build takes no policy with `strategy: cascade`: only the client's cascade runs.\n"
        )
        return
    pairs = zip(asked, seen.farthing, strict=True)
    yield "Farthing's cascade", [_row(one, reply, seen.books) for one, reply in pairs]


def _row(asked: Asked, reply: Reply, books: Books) -> Row:
    truth, booked = asked.question.truth, [row for each in reply.ids for row in books[each]]
    return Row(
        truth is not None and told(asked.question, reply.message) == truth.right,
        sum(row["cost_pico"] for row in booked) / PICO_PER_USD,
        reply.first_content_s,
        _accepted(reply, booked),
    )


def _accepted(reply: Reply, booked: Sequence[Mapping[str, Any]]) -> bool | None:
    """According to the client itself, or to the ledger: no third model was asked. None if one was asked alone."""
    if reply.opinion is not None:
        return _believes(reply)
    asked = {row["model"] for row in booked}
    return None if len(asked) < 2 else len(asked) == 2


def _drawn_rows(come_to: Sequence[Drawn], plan: Plan) -> list[Row]:
    return [
        Row(
            each.is_right, float(each.cost.usd), each.first_content_s * plan.speed, each.is_accepted
        )
        for each in come_to
    ]


def _tell_of_readings(
    asked: Sequence[Asked], come_to: Sequence[Drawn], seen: Seen, ways: Mapping[str, list[Row]]
) -> None:
    """Where a cascade accepted answers that did not mean the same, or did not accept some that did."""
    for name, rows in ways.items():
        counts = Counter[tuple[str, str]]()
        for one, of, row in zip(asked, come_to, rows, strict=True):
            if bool(row.accepted) != of.is_accepted:
                counts[one.kind, "believed" if row.accepted else "not believed"] += 1
        told = ", ".join(f"{kind}: {count} {how}" for (kind, how), count in sorted(counts.items()))
        print(f"\n{name} against what answers mean: {told or 'everywhere the same'}")
    _show(asked, come_to, seen.client)


def _show(asked: Sequence[Asked], come_to: Sequence[Drawn], replies: Sequence[Reply]) -> None:
    """Some pairs of answers that the client's test misjudged."""
    pairs = zip(asked, come_to, replies, strict=True)
    found = [(one, reply) for one, of, reply in pairs if _believes(reply) != of.is_accepted]
    for one, reply in found[:_SHOWN]:
        texts = [message.get("content") or message.get("tool_calls") for message in reply.pair]
        print(f"  {one.kind}: {reply.opinion.why if reply.opinion else ''}")
        print("".join(f"    {text!r}\n" for text in texts), end="")


def _believes(reply: Reply) -> bool:
    return reply.opinion is not None and reply.opinion.ruling is Ruling.ACCEPT


if __name__ == "__main__":
    sys.exit(main())
