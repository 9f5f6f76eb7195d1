"""Several reads that agree with each other, whatever is written, rolled up or deleted between them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection whose reads all see the database as it was at the first of them; not to be written with."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        else:
            # Python's driver begins no transaction before a SELECT: each would see a state of its own.
            connection.exec_driver_sql("BEGIN")
        yield connection
