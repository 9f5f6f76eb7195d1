"""What is understood of a request before a model is chosen."""

from operator import attrgetter
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from router.domain.category import Category
from router.domain.model import Capability
from router.domain.price import STANDARD
from router.domain.resemblance import Resemblance

if TYPE_CHECKING:  # numpy comes with it, and is loaded only where something was learnt
    from router.domain.cascade import Prospects
    from router.domain.prompt_scores import PromptScores


_WORST_GUESS = 4
"""OpenAI counts a third of the tokens guessed of sound, and a page photographed at 150 KB is taken for four."""


class Features(Struct, frozen=True):
    """The facts that conditions and estimates may use; the prompt itself is not among them.

    `prompt_tokens` is exact when `tokens_exact`, else extrapolated from a sample. Among them, `guessed_tokens`
    are those of files, sounds and thoughts, guessed from their sizes, `audio_tokens` those of sounds alone, and
    `thought_tokens` those of thoughts, which some models do not read, and others are not sent. Nothing counts of the
    `parts_elsewhere`: files, sounds, videos and stored texts that the request only refers to. What does not fit into
    the context of a model that speaks Responses is left out by its provider if it `may_be_shortened`.
    `max_output_tokens` is the client's own limit for one choice, None where it gave none.
    `service_tier` is the one that the client asked for, in the words of the price's bands. `language`
    is the ISO 639-1 code of what the user writes, "" where it cannot be told; `difficulty`, from 0 to
    1, how hard the request looks. Both are None where no policy asks for them. `resemblance` says how
    far it resembles prompts with known outcomes, None where nothing was learnt. `answers_vary` is
    False where the request's own settings make a model that is asked again say the same again. `perhaps` are the
    categories that it may be of as well, each with its probability, where the category is not certain.
    """

    prompt_tokens: int
    category: Category
    category_confidence: float = 1.0
    needs: frozenset[Capability] = frozenset()
    choices: int = 1
    max_output_tokens: int | None = None
    turns: int = 1
    tokens_exact: bool = True
    service_tier: str = STANDARD
    language: str | None = None
    difficulty: float | None = None
    resemblance: Resemblance | None = None
    guessed_tokens: int = 0
    audio_tokens: int = 0
    thought_tokens: int = 0
    parts_elsewhere: int = 0
    may_be_shortened: bool = False
    answers_vary: bool = True
    perhaps: tuple[tuple[Category, float], ...] = ()

    @property
    def least_prompt_tokens(self) -> int:
        """How long the prompt surely is, even if the guesses are far too high: a scanned page may be a megabyte."""
        shown = self.guessed_tokens - self.thought_tokens
        return self.prompt_tokens - self.guessed_tokens + shown // _WORST_GUESS

    def __post_init__(self) -> None:
        """Refuse impossible counts, and probabilities that are none."""
        guessed = self.audio_tokens + self.thought_tokens
        if (
            min(self.audio_tokens, self.thought_tokens) < 0
            or not guessed <= self.guessed_tokens <= self.prompt_tokens
            or self.parts_elsewhere < 0
            or self.choices < 1
            or not 0.0 <= self.category_confidence <= 1.0
        ):
            raise ValueError(f"impossible features: {self!r}")


class Recognised(Features, frozen=True, eq=False):
    """Features with what prompts of the same resemblance say about models and cascades: for deciding, not for keeping."""

    prompt_scores: "PromptScores | None" = None
    prospects: "Prospects | None" = None

    @classmethod
    def of(
        cls, features: Features, prompt_scores: "PromptScores | None", prospects: "Prospects | None"
    ) -> Self:
        """`features` with `prompt_scores` and `prospects` added."""
        # As many values as fields: mypy does not count those of an attrgetter.
        return cls(*_known(features), prompt_scores, prospects)  # type: ignore[call-arg]


_known = attrgetter(*Features.__struct_fields__)
