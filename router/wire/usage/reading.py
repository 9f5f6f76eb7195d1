"""The reader of all layouts: where counts stand, what lies within what, and what is left of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from router.domain.usage import Usage

_MOST_TOKENS = 10**8
"""No call has more; a larger number is no count. A budget must not be spent by one, nor its cost exceed 64 bits."""


class Of(Struct, frozen=True):
    """A step into a list: the items whose `name` is `value`, and of these the sum of `count`."""

    name: str
    value: str
    count: str


Path = tuple[str | Of, ...]
"""Steps from the usage object to a count."""

Counts = Mapping[Path, int]
_DEEPEST = 4


class UsageLayout(Struct, frozen=True):
    """How one API reports what was used.

    `prompt` and `completion` lead to its two main counts. `cached` are tokens read from a cache, `written` all that
    were written to one, `written_1h` the part of these that is kept for an hour; they lie within the prompt's count
    unless `cache_is_apart`. `more_prompt` always lies beside it. `audio`, `cached_audio`, `images` lie within the
    prompt, `audio_out`, `images_out` within the completion. `calls` are where further calls are counted that were made
    for the same answer: under the same names, in a list of that name, in the items with that member and value; they lie
    beside everything. `reasoning` lies within the completion unless `reasoning_is_apart`, or unless `total` shows that
    it lies beside it; where nothing is said of it, it is what the total has beside both. Of several paths the first
    that leads to a count is taken.

    `source` is the documentation page. `in_stream` is where the events of a stream carry the usage;
    what a later event says of a count replaces what an earlier one said.
    """

    source: str
    prompt: Path
    completion: Path
    total: Path = ()
    cached: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()
    written_1h: tuple[Path, ...] = ()
    cache_is_apart: bool = False
    more_prompt: tuple[Path, ...] = ()
    audio: tuple[Path, ...] = ()
    cached_audio: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    reasoning: tuple[Path, ...] = ()
    reasoning_is_apart: bool = False
    audio_out: tuple[Path, ...] = ()
    images_out: tuple[Path, ...] = ()
    searches: tuple[Path, ...] = ()
    calls: tuple[str, str, str] | None = None
    in_stream: tuple[tuple[str, ...], ...] = field(default=(("usage",),))

    @property
    def mains(self) -> frozenset[Path]:
        """Where the counts are that give only the totals."""
        return frozenset((self.prompt, self.completion, self.total))


def read(layout: UsageLayout, usage: object) -> Usage | None:
    """The buckets of a usage object; None when it is absent or makes no sense."""
    if not isinstance(usage, Mapping):
        return None
    counts = _with_calls(layout, _counts(usage))
    prompt, completion = counts.get(layout.prompt), counts.get(layout.completion)
    if prompt is None or completion is None:
        return None
    if layout.mains.issuperset(path for path, count in counts.items() if count):
        thought = _unsaid(layout, counts, prompt, completion)
        return Usage(prompt, output_tokens=completion, reasoning_tokens=thought)
    into = _input(layout, counts, prompt)
    out = _output(layout, counts, prompt, completion)
    return Usage(**into, **out, web_searches=_first(counts, layout.searches))


def read_stream(layout: UsageLayout, events: Iterable[Mapping[str, Any]]) -> Usage | None:
    """The buckets of a whole stream, from its events in their order."""
    merged: dict[str, Any] = {}
    for event in events:
        for path in layout.in_stream:
            said = _at(event, path)
            if isinstance(said, Mapping):
                merged |= {name: value for name, value in said.items() if value is not None}
    return read(layout, merged or None)


def _input(layout: UsageLayout, counts: Counts, prompt: int) -> dict[str, int]:
    """The prompt's buckets: each takes what it claims, as far as there is any left."""
    cached, written = _first(counts, layout.cached), _first(counts, layout.written)
    written_1h = min(_first(counts, layout.written_1h), written)
    whole = prompt + (cached + written if layout.cache_is_apart else 0)
    cached_audio = min(_first(counts, layout.cached_audio), cached)
    buckets, left = _taken(
        whole,
        cache_read_tokens=cached - cached_audio,
        audio_cache_read_tokens=cached_audio,
        cache_write_tokens=written - written_1h,
        cache_write_1h_tokens=written_1h,
        audio_input_tokens=max(0, _first(counts, layout.audio) - cached_audio),
        image_input_tokens=_first(counts, layout.images),
    )
    return {**buckets, "uncached_input_tokens": left + _first(counts, layout.more_prompt)}


def _output(layout: UsageLayout, counts: Counts, prompt: int, completion: int) -> dict[str, int]:
    """The answer's buckets."""
    reasoning, total = _first(counts, layout.reasoning), counts.get(layout.total)
    reasoning = reasoning or _unsaid(layout, counts, prompt, completion)
    apart = layout.reasoning_is_apart or _is_apart(reasoning, completion, total, prompt)
    buckets, left = _taken(
        completion,
        reasoning_tokens=0 if apart else reasoning,
        audio_output_tokens=_first(counts, layout.audio_out),
        image_output_tokens=_first(counts, layout.images_out),
    )
    if apart:
        buckets["reasoning_tokens"] = reasoning
    return {**buckets, "output_tokens": left}


def _unsaid(layout: UsageLayout, counts: Counts, prompt: int, completion: int) -> int:
    """What the total has beside all other counts, if no cache explains it: thoughts that are not counted by themselves.

    Nothing where the prompt is not counted: then the total has that, too.
    """
    said = prompt + completion + _first(counts, layout.more_prompt)
    beside = counts.get(layout.total, 0) - said
    if not prompt or beside <= 0:
        return 0
    cached, written = _first(counts, layout.cached), _first(counts, layout.written)
    return 0 if beside in (cached, written, cached + written) else beside


def _is_apart(reasoning: int, completion: int, total: int | None, prompt: int) -> bool:
    """Whether the counts show that reasoning tokens come on top of the completion's."""
    return reasoning > completion or (reasoning > 0 and total == prompt + completion + reasoning)


def _taken(whole: int, **claims: int) -> tuple[dict[str, int], int]:
    """What each claim gets of `whole`, and what is left."""
    taken = {}
    for name, claim in claims.items():
        taken[name] = min(claim, whole)
        whole -= taken[name]
    return taken, whole


def _first(counts: Counts, paths: tuple[Path, ...]) -> int:
    """The first count above 0 that one of `paths` leads to."""
    for path in paths:
        if count := counts.get(path):
            return count
    return 0


def _counts(told: Mapping[str, Any], begin: Path = ()) -> Counts:
    """Every count in an object, by the path that leads to it: one walk for many lookups."""
    counts: dict[Path, int] = {}
    for name, value in told.items():
        path = (*begin, name)
        if type(value) is int:
            if 0 <= value <= _MOST_TOKENS:
                counts[path] = value
        elif isinstance(value, float):
            if value.is_integer() and 0 <= value <= _MOST_TOKENS:  # 12.0 is a count, too
                counts[path] = int(value)
        elif isinstance(value, dict) and len(path) < _DEEPEST:
            counts |= _counts(value, path)
        elif isinstance(value, list):
            counts |= _listed(value, path)
    return counts


def _with_calls(layout: UsageLayout, counts: Counts) -> Counts:
    """The counts with those of further calls added to them."""
    if layout.calls is None:
        return counts
    listed, name, value = layout.calls
    paths = (layout.prompt, layout.completion, *layout.cached, *layout.written)
    paths += (*layout.written_1h, *layout.reasoning)
    further = {path: (listed, Of(name, value, str(path[-1]))) for path in paths}
    both = {p: counts.get(p, 0) + counts[call] for p, call in further.items() if call in counts}
    return {**counts, **both}


def _listed(items: list[Any], begin: Path) -> Counts:
    """The sums over a list's items, by each text that identifies them."""
    sums: defaultdict[Path, int] = defaultdict(int)
    for item in items:
        if isinstance(item, dict):
            words = [(name, value) for name, value in item.items() if isinstance(value, str)]
            for path, count in _counts(item).items():
                for name, value in words:
                    sums[*begin, Of(name, value, str(path[-1]))] += count
    return {path: count for path, count in sums.items() if count <= _MOST_TOKENS}


def _at(event: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = event
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
