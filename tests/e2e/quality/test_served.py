"""What calibrations are held against is what the server says."""

import json
from pathlib import Path

import numpy as np
import pytest

from router.app import real_world
from router.cli.calibrate.served import Served, Understanding
from router.config.load import load_settings
from router.domain.category import Category
from router.domain.pool import Pool, PoolModel
from tests.e2e.configs import write_config
from tests.e2e.programs import here

PROMPTS = ("What is 17 * 23?", "Good morning to you!", "Translate to French: where is the cat?")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, "http://127.0.0.1:1/v1")


def test_it_is_what_explain_says_of_the_same_prompt(config: Path) -> None:
    settings = load_settings(config, {})
    understanding = Understanding(settings, real_world())
    categories = {prompt: understanding.category(prompt) for prompt in PROMPTS}
    pool = Pool("own", tuple(PoolModel(name, 0.0, 0.0) for name in settings.catalog))
    found = Served(understanding, settings.catalog, categories).predict(PROMPTS, pool, PROMPTS)

    assert found.models == tuple(settings.catalog)
    assert np.isnan(found.costs_usd).all()
    for row, prompt in enumerate(PROMPTS):
        told = json.loads(here("explain", "--config", str(config), prompt, "--json").out)
        assert f"looks like {categories[prompt]}" in told["sentences"][0]
        said = {each["model"]: each["quality"]["p"] for each in told["candidates"]}
        assert len(said) > 1
        foreseen = dict(zip(found.models, found.p_quality[row], strict=True))
        assert {name: foreseen[name] for name in said} == pytest.approx(said)


def test_a_prompt_of_which_the_category_is_known_is_of_that_category(config: Path) -> None:
    settings = load_settings(config, {})
    places = {"one": Category.WRITING, "two": Category.MATHS}
    served = Served(Understanding(settings, real_world()), settings.catalog, places)
    pool = Pool("own", tuple(PoolModel(name, 0.0, 0.0) for name in settings.catalog))
    found = served.predict(["What is 17 * 23?"] * 2, pool, ["one", "two"])

    held = np.array(
        [
            [model.abilities[each].p for model in settings.catalog.values()]
            for each in places.values()
        ]
    )
    # An artefact would move both alike.
    assert (np.sign(np.diff(found.p_quality, axis=0)) == np.sign(np.diff(held, axis=0))).all()
    assert np.diff(held, axis=0).any()
