"""What the pipeline asks of the world. Shell rooms implement these; tests use shipped fakes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from router.dispatch.notice import Notice
from router.domain.budget import Balance, Budget, RateLimit
from router.domain.closing import Closing, ErrorResponse
from router.domain.ledger import Entry
from router.domain.model import Model
from router.domain.money import Money
from router.domain.scored import Scored
from router.domain.trace import Trace
from router.domain.usage import Usage
from router.wire.native.reading import Tongue
from router.wire.original import Original

CHAT_PATH = "/chat/completions"


class Call(Struct, frozen=True):
    """One request to one upstream: the bytes for a direct one, the fields for a translating one.

    `fresh` asks for a connection of its own: after a failure, the upstream may have closed the ones that
    are kept open, without our knowing yet. `original` is what the client sent, if `body` is only the chat
    view of it: an upstream of that dialect may be asked with it, and its answer is then a `Native` one.
    `is_home` says that unnamed thoughts in the conversation are this model's. `path` is the path of a
    direct one, below its address; a translating one passes on what is not for chat. `headers` are further ones, which
    do not affect what is asked.
    """

    request_id: str
    model: Model
    body: bytes
    fields: Mapping[str, Any]
    stream: bool
    fresh: bool = False
    original: Original | None = None
    is_home: bool = True
    path: str = CHAT_PATH
    headers: Mapping[str, str] = field(default_factory=dict)


class Response(Protocol):
    """An upstream's answer, its status known to be a success."""

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        ...

    async def read(self) -> bytes:
        """The whole body. Raises AttemptFailed when it breaks off."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises AttemptFailed when it breaks off.

        A cancelled wait for the next piece loses nothing: another may wait for it.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection; a body that was not read to its end is abandoned."""
        ...


@runtime_checkable
class TellsPrompt(Protocol):
    """A response that may know what the prompt has used before the answer has ended."""

    @property
    def prompt(self) -> Usage | None:
        """That, once the upstream has told it."""
        ...


@dataclass(frozen=True, slots=True)
class Native(Response):
    """An answer in the client's own dialect, to be passed on unchanged; `tongue` says how to read it."""

    response: Response
    tongue: Tongue

    @property
    def is_stream(self) -> bool:
        """As of the answer itself."""
        return self.response.is_stream

    async def read(self) -> bytes:
        """As of the answer itself."""
        return await self.response.read()

    def pieces(self) -> AsyncIterator[bytes]:
        """As of the answer itself."""
        return self.response.pieces()

    async def close(self) -> None:
        """As of the answer itself."""
        await self.response.close()


class Upstream(Protocol):
    """A place where models answer."""

    @property
    def asks_usage(self) -> bool:
        """Whether a streamed request may ask it for a usage chunk."""
        ...

    async def send(self, call: Call) -> Response:
        """The answer's head. Raises AttemptFailed for anything but a success."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True)
class Shelved:
    """A stored answer as a cache keeps it: the request's key, the writer, and the bytes."""

    key: str
    writer: str
    value: bytes


class Cache(Protocol):
    """Stored answers: for each request one by each model that wrote one.

    A cache that is down behaves like an empty one and never raises.
    """

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The stored answers to the request `key`, by the model that wrote them."""
        ...

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Keep what `writer` answered to the request `key` for `ttl_s` seconds."""
        ...

    async def drop(self, key: str, writer: str) -> None:
        """Forget what `writer` answered to the request `key`."""
        ...

    def entries(self) -> AsyncIterator[Shelved]:
        """All that is stored, in no order. For operators: it reads the whole cache."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text as a vector of length 1, and the tokens that an upstream counted for it."""

    vector: tuple[float, ...]
    tokens: int = 0


class Embedder(Protocol):
    """Makes vectors of texts. One that is down, slow or returns nonsense makes none, and never raises."""

    @property
    def name(self) -> str:
        """The name of its model: vectors of two models cannot be compared."""
        ...

    async def embed(self, text: str) -> Embedded | None:
        """The vector of `text`; None if there is none in time."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item that is near a vector, the cosine of the angle between them, and its note."""

    item: str
    similarity: float
    note: bytes


class VectorIndex(Protocol):
    """Finds what is near, in one scope at a time. One that is down behaves like an empty one.

    It is bounded: what is old or unused has to go.
    """

    async def add(
        self, scope: bytes, item: str, vector: Sequence[float], note: bytes, ttl_s: int
    ) -> None:
        """Keep `item` at `vector`, of length 1, for `ttl_s` seconds, instead of wherever it was before."""
        ...

    async def nearest(self, scope: bytes, vector: Sequence[float], k: int) -> Sequence[Neighbour]:
        """The `k` that are nearest to `vector`, the nearest first."""
        ...

    async def drop(self, scope: bytes, item: str) -> None:
        """Forget `item`."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


LED_LATELY_S = 1.0
"""For how many seconds after the end of a lead the next leader learns of it."""


class Lead(Protocol):
    """The right to answer a request for all processes that share a tower; given up once."""

    @property
    def is_successor(self) -> bool:
        """Whether another process may have led the same request in the last `LED_LATELY_S` seconds.

        Its answer is stored by now, if it could be.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Send a piece of the answer to all processes that wait for it, now or later."""
        ...

    async def is_wanted(self) -> bool:
        """Whether a process still waits for it."""
        ...

    async def give_up(self) -> None:
        """No more frames will come. A process that has not got the last one finds another leader."""
        ...


class Tower(Protocol):
    """Knows which requests are being answered by one of several processes: each is led by one of them.

    A tower that is down lets everybody lead, and never raises.
    """

    @property
    def is_shared(self) -> bool:
        """Whether there can be other processes."""
        ...

    async def lead(self, key: str, wanted: Callable[[], None]) -> Lead | None:
        """The lead of the request `key`, or None when another process has it.

        `wanted` is called once, in the event loop, as soon as another process waits for the answer;
        until then nothing needs to be sent.
        """
        ...

    def follow(self, key: str) -> AsyncIterator[bytes]:
        """The frames of the process that leads, from its first one on; ends when it has given up.

        It also ends, a few seconds later, when that process has died or the tower is down.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Notices(Protocol):
    """What processes tell each other about models and upstreams that are to be left alone.

    A board on which the last notice of each subject stays; one that is down is empty, and never raises.
    """

    async def post(self, notices: Sequence[Notice]) -> bool:
        """Tell the others; returns whether they can hear it now."""
        ...

    async def read(self) -> Sequence[Notice]:
        """The last notice of each subject whose time is not over, our own among them."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Affinity(Protocol):
    """Remembers which model a session is with, by whatever its caller calls it.

    It may forget; when it is down it remembers nothing, and never raises.
    """

    async def model_of(self, session: str) -> str | None:
        """The model that `session` stays with, if it is known."""
        ...

    async def stay(self, session: str, model: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class LedgerState(StrEnum):
    """Where entries go at the moment: to the database, to the spool, or no further than memory."""

    OK = "ok"
    SPOOLING = "spooling"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class LedgerStanding:
    """The state of the ledger, for operators.

    `waiting_rows` are in the spool or in memory; `outbox_rows` are durable here, and on their way to
    the PostgreSQL where reports look for them.
    """

    state: LedgerState = LedgerState.OK
    waiting_rows: int = 0
    outbox_rows: int = 0


class Ledger(Protocol):
    """Where entries are kept for good."""

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Take over `entries` at once; the result is done when they are durable."""
        ...

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """Take over `scores` at once; the result is done when they are durable.

        For the same request and source, the latest is kept.
        """
        ...

    @property
    def standing(self) -> LedgerStanding:
        """Its state at the moment."""
        ...


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is set aside for an attempt; it must be settled once. `token` is its keeper's own."""

    budgets: tuple[Budget, ...]
    amount: Money
    token: object = None


class Purse(Protocol):
    """Keeps budgets: what was spent, and what is set aside for attempts in flight."""

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """The balance of each budget."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """The balance of every budget that was drawn on."""
        ...

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        """Set `amount` aside in all budgets; or in none, and return the balance of one that has too little."""
        ...

    def keep(self, reservation: Reservation, cost: Money) -> Reservation:
        """Set aside `cost` instead, what the attempt turned out to cost. Returns at once what is to be settled.

        Until the ledger has the row, only what is set aside tells of it, should an account be lost.
        """
        ...

    def settle(self, reservation: Reservation, cost: Money) -> None:
        """Free what was set aside, and spend `cost`. Returns at once."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit per minute that is reached, and in how many seconds there is room again."""

    limit: RateLimit
    for_s: float


class Meter(Protocol):
    """Keeps limits per minute."""

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        """Count a request of `tokens` against all limits; or against none, and return the first that is reached."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class Observer(Protocol):
    """Watches over requests, for operators. Its methods return at once, and never raise."""

    def trace(self, request_id: str, headers: Mapping[str, str]) -> Trace | None:
        """The place in a trace of a request with its client's `headers`; None if nobody asks for traces."""
        ...

    def closed(self, closing: Closing) -> None:
        """A request, or what came after its end, has gone into the books."""
        ...

    def refused(self, refusal: ErrorResponse) -> None:
        """A client is told about an error, whether or not anything has gone into the books."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Time and chance: what a test replaces to make a run repeatable.

    `monotonic_s` measures durations, `unix_s` dates rows, `chance` is uniform in [0, 1), `new_id`
    makes request ids, `sleep` waits.
    """

    monotonic_s: Callable[[], float]
    unix_s: Callable[[], float]
    chance: Callable[[], float]
    new_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]
