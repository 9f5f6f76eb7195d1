"""Reading how the ledger's requests were decided, many at once."""

from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from router.domain.errors import FarthingError
from router.stores.sql.schema import ATTEMPTS


def decided(engine: Engine, since: str, most: int) -> Sequence[tuple[str, str]]:
    """The ids and kept decisions of requests that a policy has decided, from a day on ("" for all).

    The newest `most` of them, the oldest of these first. Raises FarthingError if the ledger cannot be
    read.
    """
    columns = ATTEMPTS.c
    query = (
        select(columns.request_id, columns.decision)
        .where(columns.decision.is_not(None), columns.policy != "", columns.day >= since)
        .order_by(columns.seq.desc())
        .limit(most)
    )
    try:
        with engine.connect() as connection:
            newest_first = [(row.request_id, row.decision) for row in connection.execute(query)]
    except SQLAlchemyError as error:
        message = f"the ledger cannot be read now ({type(error).__name__})"
        raise FarthingError(message) from None
    return newest_first[::-1]
