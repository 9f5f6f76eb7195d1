"""Print what it costs that categories are sometimes wrong: whom a policy chooses, and whom it would if it knew better.

    python -m benchmarks.category.decisions requests.jsonl [more.jsonl] [--config config.example.yaml]

The files are those of `benchmarks.category.recorded`. Each request is decided three times: by what it says it is, by
the likeliest category as if that were certain, and by all that it may be. Qualities and costs are what Farthing expects
of the chosen model in the category that the request says it has. Nothing is sent.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson

from benchmarks.category.recorded import recorded
from router.app import dry_pipeline, real_world
from router.config.load import load_settings
from router.decision.estimate import candidate_for
from router.decision.policy import Policy
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.features import Features
from router.domain.members import replace
from router.domain.turns import finished
from router.pipeline.flow import Pipeline
from router.pipeline.request_context import Caller
from router.wire.chat import parse_chat

_LESS = 0.02
"""So much less quality is worth counting."""
_PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "TOGETHER_API_KEY")
_KEYS: Mapping[str, str] = MappingProxyType(dict.fromkeys(_PROVIDERS, "none"))
_WAYS: Mapping[str, Callable[[Features], Features]] = MappingProxyType(
    {
        "by the likeliest category": lambda features: replace(features, perhaps=()),
        "by all that it may be": lambda features: features,
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and what it is."""

    body: Mapping[str, Any]
    category: Category


@dataclass(frozen=True, slots=True)
class Router:
    """Decides with the models and the default policy of a configuration."""

    pipeline: Pipeline

    def chosen(self, question: Question) -> list[Candidate]:
        """Who is chosen knowing the category, then each of `_WAYS`; all as in that category."""
        judge, caller = self.pipeline.judge, Caller("benchmark")
        body = orjson.dumps({"model": "auto", **question.body})
        request = parse_chat(body, self.pipeline.limits)
        target = judge.target(request, caller)
        assert isinstance(target, Policy)
        context = finished(judge.request_context(request, caller, target, (), ()))
        truly = replace(
            context.features, category=question.category, category_confidence=1.0, perhaps=()
        )
        found = []
        for features in (truly, *(way(context.features) for way in _WAYS.values())):
            rule, terms = target.terms_for(features, context.circumstances)
            seen = replace(context, features=features, rule=rule, terms=terms)
            model = judge.judged(seen).chosen.model
            found.append(candidate_for(model, truly, judge.experience))
        return found


def main(files: Sequence[Path], config: Path) -> int:
    """Print the figures; always 0."""
    router = Router(dry_pipeline(load_settings(config, _KEYS), real_world()))
    asked = [
        Question(each.case.body, each.case.category) for file in files for each in recorded(file)
    ]
    chosen = [router.chosen(each) for each in asked]
    quality = np.array([[each.quality.p for each in row] for row in chosen])
    cost = np.array([[float(each.cost.expected.usd) for each in row] for row in chosen])
    print(f"{len(asked)} requests; with their categories known: quality {quality[:, 0].mean():.4f}")
    print(f"{'':26} {'worse by .02':>12} {'short of it':>12} {'quality':>9} {'cost':>6}")
    for column, name in enumerate(_WAYS, start=1):
        short = np.clip(quality[:, 0] - quality[:, column], 0.0, None)
        share, less = (short > _LESS).mean(), short.mean()
        gain = (quality[:, column] - quality[:, 0]).mean()
        ratio = cost[:, column].sum() / cost[:, 0].sum()
        print(f"{name:26} {share:>12.1%} {less:>12.4f} {gain:>+9.4f} {ratio:>6.2f}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.category.decisions")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--config", type=Path, default=Path("config.example.yaml"))
    told = parser.parse_args()
    sys.exit(main(told.files, told.config))
