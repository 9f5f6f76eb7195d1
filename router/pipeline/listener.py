"""What is heard of a stream while it passes by: its usage, its endings, and its words if they are kept."""

from msgspec import Struct, field

from router.domain.fault import code_of
from router.domain.money import Money
from router.domain.usage import NO_USAGE, Usage
from router.ledger.account import Heard
from router.pipeline.scoring import AnswerSeen
from router.wire.answer import EventKind, StreamEvent, Told, Words
from router.wire.dialects.dialect import Dialect
from router.wire.keepable import StreamSummary
from router.wire.sse import EventSplitter

_MOST_CHOICES = 4096
"""More than that are no answer to any request: OpenAI takes an `n` of at most 128."""
_MOST_REASONS = 16
"""Ways in which choices end that are remembered; dialects know half as many."""


class Listener(Struct):
    """What is heard of a stream while it passes by.

    `error` says what broke it, "" while nothing did; `complaint` is the upstream's own event about that, where it goes
    to a client of the same API as it is; `done` is the upstream's own last event. `paid` is the usage according to the
    books, once they are closed. `is_accepted` says that the whole answer has passed a cascade's checks. `dialect` is
    that of its events. `kept` are the events as a client would get them with usage, for the cache and for examining the
    answer; None when the stream is not to be kept, or has more than `most_kept_bytes`.

    `held_s` are the seconds in which the stream was not read, because nobody took what had come; `is_hurried`
    says that it was given up when a client's own deadline had passed.
    """

    most_kept_bytes: int
    usage: Usage | None = None
    output_chars: int = 0
    content_chars: int = 0
    finish_reasons: set[str] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    calls_tools: bool = False
    refuses: bool = False
    says_more: bool = False
    cites: bool = False
    consults: bool = False
    error: str = ""
    error_code: str = ""
    complaint: bytes = b""
    done: bytes = b""
    service_tier: str = ""
    stated_cost: Money | None = None
    paid: Usage = NO_USAGE
    is_accepted: bool = False
    held_s: float = 0.0
    is_hurried: bool = False
    dialect: Dialect = Dialect.CHAT
    kept: list[bytes] | None = None
    _last: bytes = b""
    _kept_bytes: int = 0

    def __post_init__(self) -> None:
        """Start keeping the events, if they are to be kept."""
        self.kept = [] if self.most_kept_bytes else None

    def hear(self, events: list[Told]) -> list[Told]:
        """Take in events; returns those that belong to the answer, up to its end or an error."""
        for place, event in enumerate(events):
            if isinstance(event, Words):
                self.hear_words(event)
                continue
            if event.kind is EventKind.DONE:
                self.done = event.raw
                if event.choices:  # in some dialects it says more than that it is the last one
                    self._hear(event)
            elif event.kind is EventKind.ERROR:
                said = event.error or {}
                if self.dialect is not Dialect.CHAT:
                    self.complaint = event.raw
                message = said.get("message") or "the upstream reported an error"
                self.broke(str(message), code_of(said, otherwise="stream_error"))
            elif len(self.begun) > _MOST_CHOICES:
                message = f"the upstream's stream has more than {_MOST_CHOICES} choices"
                self.broke(message, "malformed_answer")
            else:
                self._hear(event)
                continue
            return events[:place]
        return events

    def hear_words(self, words: Words) -> None:
        """Take in events that bring nothing but words."""
        self.output_chars += words.output_chars
        self.content_chars += words.content_chars
        self._last = words.raw
        if self.kept is not None:
            self._keep(words.raw)

    def ended(self) -> None:
        """The upstream has closed the stream: fine if every choice has finished, else it broke off."""
        is_whole = bool(self.finished) and self.begun <= self.finished
        if not self.done and not is_whole and not self.error:
            message = "the upstream closed the stream before the answer was finished"
            self.broke(message, "stream_cut")

    def broke(self, message: str, code: str) -> None:
        """The stream has broken off: `message` is for the client, `code` for the books."""
        self.error, self.error_code = message, code

    @property
    def last(self) -> bytes:
        """The last event that spoke of a choice; b"" before there was one."""
        events = EventSplitter(len(self._last)).feed(self._last)
        return events[-1] if events else b""

    @property
    def heard(self) -> Heard:
        """What an account needs to know."""
        return Heard(
            self.usage,
            self.output_chars,
            self.service_tier,
            frozenset(self.finish_reasons),
            cites=self.cites,
            consults=self.consults,
            stated_cost=self.stated_cost,
            held_s=self.held_s,
        )

    @property
    def ending(self) -> StreamSummary:
        """How it ended."""
        said = self.content_chars, self.says_more
        return StreamSummary(frozenset(self.finish_reasons), len(self.finished), *said)

    @property
    def seen(self) -> AnswerSeen:
        """What there is to score; its words only if they were kept whole."""
        return AnswerSeen(
            frozenset(self.finish_reasons),
            self.refuses,
            self.calls_tools,
            self.kept,
            is_stream=True,
            dialect=self.dialect,
        )

    def _hear(self, event: StreamEvent) -> None:
        self.usage = event.usage or self.usage
        if event.stated_cost is not None:
            self.stated_cost = event.stated_cost
        self.output_chars += event.output_chars
        self.content_chars += event.content_chars
        self.service_tier = event.service_tier or self.service_tier
        if event.choices:
            self.begun |= event.choices
            self._last = event.raw
        if event.finish_reasons or event.finished:  # in some dialects one event each
            if len(self.finish_reasons) < _MOST_REASONS:
                self.finish_reasons |= event.finish_reasons
            self.finished |= event.finished
        self.calls_tools = self.calls_tools or event.calls_tools
        self.refuses = self.refuses or event.refuses
        self.says_more = self.says_more or event.says_more
        self.cites = self.cites or event.cites
        self.consults = self.consults or event.consults
        self._keep(event.raw)

    def _keep(self, raw: bytes) -> None:
        if self.kept is None:
            return
        self._kept_bytes += len(raw)
        if self._kept_bytes > self.most_kept_bytes:
            self.kept = None
        else:
            self.kept.append(raw)
