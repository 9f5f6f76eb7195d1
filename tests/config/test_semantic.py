"""What a configuration may say about answers to other wordings."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from router.config.semantic import (
    EmbeddingsSection,
    LocalEmbeddingsSection,
    SemanticSection,
    UpstreamEmbeddingsSection,
)
from router.config.yaml_file import parse_yaml
from router.domain.semantic import SEMANTIC_OFF, Sameness, SemanticMode, SemanticTerms


def terms(text: str) -> SemanticTerms:
    said = parse_yaml(text, "policy.yaml").data
    return SemanticTerms(**SemanticSection.model_validate(said).model_dump())


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert terms("{}") == SEMANTIC_OFF
    assert SEMANTIC_OFF.mode is SemanticMode.OFF
    assert SEMANTIC_OFF.by is Sameness.WORDING


@pytest.mark.parametrize("mode", SemanticMode)
def test_a_mode_is_a_bare_word(mode: SemanticMode) -> None:
    assert terms(f"mode: {mode}").mode is mode


def test_everything_that_is_said_arrives() -> None:
    said = "{mode: shadow, by: meaning, similarity: 0.97, limit: 0.1, check_share: 0.5}"

    assert terms(said) == SemanticTerms(SemanticMode.SHADOW, Sameness.MEANING, 0.97, 0.1, 0.5)


@pytest.mark.parametrize(
    "said", ["mode: maybe", "by: luck", "similarity: 0", "similarity: 1.1", "limit: 2", "x: 1"]
)
def test_nonsense_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        terms(said)


def test_vectors_come_from_an_upstream_or_from_here() -> None:
    read = TypeAdapter[EmbeddingsSection](EmbeddingsSection).validate_python

    assert read({"local": "wordllama"}) == LocalEmbeddingsSection(local="wordllama")
    there = read({"upstream": "openai", "model": "text-embedding-3-small", "usd_per_mtok": 0.02})
    assert isinstance(there, UpstreamEmbeddingsSection)
    assert there.timeout_s == 1
    with pytest.raises(ValidationError):
        read({"local": "wordllama", "upstream": "openai", "model": "m"})


@pytest.mark.parametrize(
    "wrong", [{"similarity": 0.0}, {"similarity": 1.5}, {"limit": -0.1}, {"check_share": 1.5}]
)
def test_terms_refuse_what_is_no_share(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must lie"):
        SemanticTerms(**wrong)
