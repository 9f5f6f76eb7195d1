"""What one call consumed, in exclusive buckets: nothing is ever counted in two of them."""

from enum import StrEnum
from operator import attrgetter

from msgspec import Struct


class UsageSource(StrEnum):
    """Where a usage came from; a number of unknown origin does not enter the ledger."""

    UPSTREAM = "upstream"
    ESTIMATED = "estimated"
    CACHE = "cache"
    NONE = "none"


class Usage(Struct, frozen=True):
    """Tokens of one call, and searches; the buckets are disjoint, so that their sum is the whole.

    OpenAI's `prompt_tokens` includes the cached ones and `completion_tokens` the reasoning ones;
    here `uncached_input_tokens` and `output_tokens` are what is left after taking those out, and
    audio and images too where the upstream tells them apart. `cache_write_tokens` are kept by the
    provider for its usual lifetime (minutes), `cache_write_1h_tokens` for an hour.
    `web_searches` are searches that the provider made and bills by the piece.
    """

    uncached_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_1h_tokens: int = 0
    audio_input_tokens: int = 0
    audio_cache_read_tokens: int = 0
    audio_output_tokens: int = 0
    image_input_tokens: int = 0
    image_output_tokens: int = 0
    web_searches: int = 0

    def __post_init__(self) -> None:
        """Refuse negative and fractional counts."""
        counts = _counts_of(self)
        if set(map(type, counts)) == {int} and min(counts) >= 0:
            return
        for name, value in zip(BUCKETS, counts, strict=True):
            if type(value) is not int or value < 0:
                raise ValueError(f"{name} must be a whole number >= 0, not {value!r}")

    @property
    def input_tokens(self) -> int:
        """All tokens sent, cached or not, of whatever kind."""
        return (
            self.uncached_input_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
            + self.cache_write_1h_tokens
            + self.audio_input_tokens
            + self.audio_cache_read_tokens
            + self.image_input_tokens
        )

    @property
    def total_output_tokens(self) -> int:
        """All tokens generated, shown or reasoned, of whatever kind."""
        return (
            self.output_tokens
            + self.reasoning_tokens
            + self.audio_output_tokens
            + self.image_output_tokens
        )

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) + getattr(other, name) for name in BUCKETS))


BUCKETS: tuple[str, ...] = Usage.__struct_fields__
"""The names of all buckets, in the order of the fields."""

_counts_of = attrgetter(*BUCKETS)

INPUT_BUCKETS = (
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "audio_input_tokens",
    "audio_cache_read_tokens",
    "image_input_tokens",
)
OUTPUT_BUCKETS = (
    "output_tokens",
    "reasoning_tokens",
    "audio_output_tokens",
    "image_output_tokens",
)
"""Which buckets are of the prompt, and which of the answer; searches are of neither."""

NO_USAGE = Usage()
