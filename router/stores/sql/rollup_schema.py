"""The tables of sums over attempts, which reports are read from.

Their size depends on what they distinguish (days, models, keys, ...), not on traffic. Sums of money are kept
as quotient and remainder by a million, so that they stay within 64 bits. Sums of tokens do so anyway: no
count of more than 10**8 in one call is believed (`router.wire.usage`).
"""

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table

from router.domain.usage import BUCKETS
from router.stores.sql.schema import METADATA

HALF = 10**6
"""The divisor by which sums of money are split: `cost_high` counts millions of pico-dollars."""

DIMENSIONS = (
    "key",
    "policy",
    "category",
    "model",
    "upstream",
    "reference",
    "outcome",
    "cost_source",
    "service_tier",
)

COUNTS = ("attempts", "requests", "answers")
"""Rows, rows that close a request, rows that are its answer."""

MONEY = ("cost_high", "cost_low", "baseline_high", "baseline_low")

SUMS = (*COUNTS, *BUCKETS, *MONEY, "quality_sum")
"""Everything that is added up; `quality_sum` is over answers."""

SIZE_THRESHOLDS = (32_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000)
"""Every prompt length at which some vendor's rates change, as of litellm 1.106.2's price map."""

UNPREDICTED = -1
"""The `size_class` of answers for which no quality is predicted (vectors, what was passed through). They are never
priced again, whatever their size; and they must not be in one row with a pinned model's answers for the same key."""


def _rollup(name: str, *leading: Column[str] | Column[int], without: Collection[str] = ()) -> Table:
    """Sums over attempts, one row for each combination of dimensions that reports ask for.

    `size_class` is the largest threshold that the prompt exceeds, else 0, so that sums can be priced
    again at the rates of another model's bands; `UNPREDICTED` for answers that never are.
    """
    dimensions = (dimension for dimension in DIMENSIONS if dimension not in without)
    return Table(
        name,
        METADATA,
        *leading,
        *(Column(dimension, String, primary_key=True) for dimension in dimensions),
        Column("size_class", Integer, primary_key=True, autoincrement=False),
        *(Column(total, BigInteger, nullable=False) for total in (*COUNTS, *BUCKETS, *MONEY)),
        Column("quality_sum", Float, nullable=False),
    )


def _day() -> Column[str]:
    return Column("day", String, primary_key=True)


def _hour() -> Column[int]:
    return Column("hour", Integer, primary_key=True, autoincrement=False)


ROLLUP_HOURS = _rollup("rollup_hours", _day(), _hour(), without=("key", "category"))
ROLLUP_KEY_DAYS = _rollup("rollup_key_days", _day(), without=("category",))
ROLLUP_CATEGORY_DAYS = _rollup("rollup_category_days", _day(), without=("key",))
ROLLUP_TAG_DAYS = _rollup(
    "rollup_tag_days", _day(), Column("tag", String, primary_key=True), without=("key",)
)
ROLLUP_DAYS = _rollup("rollup_days", _day())
"""Many keys times many categories make many rows, and few reports ask for both: so all tables but the last
leave out one of them, or both. A request with two tags is in two rows of `rollup_tag_days`, and one
without any in a row with the tag ""."""

ROLLUPS = (ROLLUP_CATEGORY_DAYS, ROLLUP_HOURS, ROLLUP_KEY_DAYS, ROLLUP_TAG_DAYS, ROLLUP_DAYS)
"""The smallest first, as they usually are."""

ROLLUP_LATENCY = Table(
    "rollup_latency",
    METADATA,
    _day(),
    Column("model", String, primary_key=True),
    Column("measure", String, primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
"""Histograms of answers' seconds: `measure` is `first_content_s` or `total_s`, and bucket b counts what lies
in (1.1 ** (b - 1), 1.1 ** b], which gives quantiles to within 5 %."""

ROLLUP_STATE = Table(
    "rollup_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("up_to_seq", BigInteger, nullable=False),
)
"""One row: the `seq` up to which attempts are in the sums."""


def every_table() -> MetaData:
    """All tables of the ledger's database: the books, the keys, and these."""
    return METADATA
