"""An artefact as a whole: which model is meant by a name, and which parts belong together."""

import numpy as np
import pytest

from router.decision.spending import SpendingModel
from router.domain.members import replace
from router.pipeline.artefact import OWN_MEANS, PRIORS, Artefact
from tests.training.learning import drawn, learnt, usual_artefact


def of_models(*names: str) -> Artefact:
    outcomes = drawn(6).of(["large"] * len(names))
    return learnt(replace(outcomes, models=names))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Qwen3-32B", "Qwen3-32B"),
        ("qwen/qwen3-32b", "Qwen3-32B"),
        ("meta-llama/llama-3.1-8b", "Meta-Llama/Llama-3.1-8B-Instruct"),
        ("LLAMA-3.1-8B-INSTRUCT", "Meta-Llama/Llama-3.1-8B-Instruct"),
        ("openai/gpt-4o", "gpt-4o"),
        ("gpt-4o-latest", "gpt-4o"),
        ("gpt-4o-mini", None),
        ("gpt-4", None),
        ("qwen3-32b-turbo", None),
        ("", None),
    ],
)
def test_a_model_goes_by_its_name_whoever_serves_it(name: str, meant: str | None) -> None:
    artefact = of_models("Qwen3-32B", "Meta-Llama/Llama-3.1-8B-Instruct", "gpt-4o")

    assert artefact.scored_as(name) == meant


def test_the_very_name_comes_before_one_that_means_the_same() -> None:
    artefact = of_models("one/gpt-4o-chat", "gpt-4o")

    assert artefact.scored_as("gpt-4o") == "gpt-4o"
    assert artefact.scored_as("one/gpt-4o-chat") == "one/gpt-4o-chat"


def test_what_is_usual_is_known_of_scored_models_only_and_where_they_move_from_it() -> None:
    artefact = usual_artefact()
    usual = artefact.usual("vendor/Large-Instruct")

    assert usual is not None
    assert usual.p == pytest.approx(0.78, abs=0.06)
    assert artefact.usual("stranger") is None
    assert replace(artefact, moves_from=PRIORS).usual("large") is None


def test_parts_of_different_kinds_or_models_are_refused() -> None:
    three, two = learnt(drawn(30)), learnt(drawn(30, kinds=["garden/roses", "harbour/tides"]))
    others = replace(three.spending, names=("large", "small", "middle"))
    no_kinds = SpendingModel(three.models, np.zeros((3, 0)), np.zeros(3), np.ones(3), 0.2)

    for part in (
        {"kinds": two.kinds},
        {"quality": two.quality},
        {"spending": two.spending},
        {"spending": no_kinds},
        {"kind_names": ("garden/roses",)},
    ):
        with pytest.raises(ValueError, match="do not fit together"):
            replace(three, **part)
    with pytest.raises(ValueError, match="different models"):
        replace(three, spending=others)
    with pytest.raises(ValueError, match=f"{PRIORS} or {OWN_MEANS}, not 'thin air'"):
        replace(three, moves_from="thin air")


def test_traits_have_a_loading_each() -> None:
    whole = usual_artefact()
    with pytest.raises(ValueError, match="do not fit together"):
        replace(whole, quality=replace(whole.quality, loadings=np.zeros((3, 1))))
