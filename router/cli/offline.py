"""What the offline commands share: the models to choose between, where predictions come from, and a progress bar."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from router.config.evidence.artefact_files import ArtefactRefused, read_artefact
from router.config.evidence.categories import shipped_categories
from router.config.evidence.pool_priors import pool_priors
from router.config.evidence.priors import Priors
from router.config.evidence.shipped import shipped_artefact
from router.config.prices.price_map import cl100k_ranks
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Forecaster
from router.features.category import categorise
from router.features.text import both_ends
from router.features.tokenizer import cl100k
from router.pipeline.artefact_forecaster import ArtefactForecaster, Tokenize

NONE, SHIPPED = "none", "shipped"

Item = TypeVar("Item")


def add_pool(parser: argparse.ArgumentParser) -> None:
    """`--pool FILE.yaml:NAME`."""
    parser.add_argument(
        "--pool",
        required=True,
        metavar="POOLS.yaml:NAME",
        help="the models to choose between, with their prices",
    )


def add_artefact(parser: argparse.ArgumentParser) -> None:
    """`--artefact DIR`."""
    parser.add_argument(
        "--artefact",
        default=SHIPPED,
        metavar="DIR",
        help="the artefact that predicts (default: the shipped one)",
    )


def forecasting(artefact: str) -> Fit:
    """Where predictions come from: 'none' learns only from the outcomes, 'shipped' and a folder name an artefact.

    Raises ArtefactRefused if the artefact cannot be used.
    """
    if artefact == NONE:
        return fitting(tokenizer(), Priors.shipped())
    forecaster = taken(artefact)
    return lambda train, pool, seed: forecaster  # noqa: ARG005 - as Fit has it


def taken(artefact: str) -> Forecaster:
    """Predictions by the artefact 'shipped' or in a folder. Raises ArtefactRefused that names the option.

    Published results say little about how models compare on one file of outcomes. So here a scored model starts from
    its own mean, even if the server, to which anything may be sent, starts it from published results.
    """
    if artefact == NONE:
        raise ArtefactRefused("--artefact none: without scores there is nothing else to predict by")
    try:
        read = shipped_artefact() if artefact == SHIPPED else read_artefact(Path(artefact))
    except ArtefactRefused as error:
        raise ArtefactRefused(f"--artefact {error}") from None
    read = read.on_own_means()
    return ArtefactForecaster(
        read, tokenizer(), pool_priors(read, Priors.shipped()), shipped_categories()
    )


def tokenizer() -> Tokenize:
    """Text to token ids, by the server's tokenizer."""
    return cl100k(cl100k_ranks()).encode_ordinary


def categories_of(prompts: Sequence[str], tokenize: Tokenize) -> tuple[Category, ...]:
    """The category of each prompt, as the server determines it."""
    model = shipped_categories()
    return tuple(
        categorise(
            {"messages": [{"role": "user", "content": prompt}]}, model, tokenize(both_ends(prompt))
        )[0]
        for prompt in prompts
    )


def watched(items: Iterable[Item], doing: str, count: int) -> Iterator[Item]:
    """`items`, with a progress bar on a terminal."""
    console = Console(stderr=True)
    is_hidden = not console.is_terminal
    return iter(
        track(items, doing, total=count, console=console, transient=True, disable=is_hidden)
    )


def published_of(models: Iterable[str], priors: Priors) -> Mapping[str, float]:
    """The general abilities of those of these models of which any results are published."""
    found = {name: priors.published(name) for name in models}
    return {name: ability for name, ability in found.items() if ability is not None}


def fitting(tokenize: Tokenize, priors: Priors) -> Fit:
    """What learns only from the outcomes, and of a model without any knows what `priors` say."""

    def learn(train: Outcomes, pool: Pool, seed: int) -> Forecaster:
        from router.training.fit import Recipe, fit  # noqa: PLC0415 - two seconds for scikit-learn

        if not np.isfinite(train.scores).any():
            raise FarthingError(
                "nothing remains to learn from: all prompts with a score are held out together,"
                " for they ask the same question, or are of one dataset"
            )
        categories = categories_of(train.prompts, tokenize)
        recipe = Recipe(seed=seed, published=published_of(train.models, priors))
        artefact = fit(train, pool, tokenize, categories, recipe)
        return ArtefactForecaster(
            artefact, tokenize, pool_priors(artefact, priors), shipped_categories()
        )

    return learn
