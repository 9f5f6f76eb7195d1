"""What the pipeline asks of the world, a file for each thing. Shell rooms implement these; tests use shipped fakes."""

from router.ports.affinity import Affinity
from router.ports.budget_store import BudgetStore, Reservation
from router.ports.cache import Cache, CacheEntry
from router.ports.flight_coordinator import LED_LATELY_S, FlightCoordinator, Lead
from router.ports.ledger import Ledger, LedgerStanding, LedgerState
from router.ports.notices import Notices
from router.ports.observer import Observer
from router.ports.rate_limiter import Exceeded, RateLimiter
from router.ports.upstream import (
    CHAT_PATH,
    Call,
    EndsLater,
    Native,
    Response,
    TellsPrompt,
    Upstream,
)
from router.ports.vectors import Embedded, Embedder, Neighbour, VectorIndex
from router.ports.world import World

__all__ = [
    "CHAT_PATH",
    "LED_LATELY_S",
    "Affinity",
    "BudgetStore",
    "Cache",
    "CacheEntry",
    "Call",
    "Embedded",
    "Embedder",
    "EndsLater",
    "Exceeded",
    "FlightCoordinator",
    "Lead",
    "Ledger",
    "LedgerStanding",
    "LedgerState",
    "Native",
    "Neighbour",
    "Notices",
    "Observer",
    "RateLimiter",
    "Reservation",
    "Response",
    "TellsPrompt",
    "Upstream",
    "VectorIndex",
    "World",
]
