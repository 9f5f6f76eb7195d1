"""What is raised where the ledger cannot be asked."""

from router.domain.errors import FarthingError


class LedgerAway(FarthingError):
    """The ledger cannot be read at the moment; the message says why."""
