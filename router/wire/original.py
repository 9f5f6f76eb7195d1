"""A request as its client sent it, in another API than chat's."""

from dataclasses import dataclass

from router.wire.dialects.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes as they came, for an upstream of the same dialect; limits of this proxy are not in them."""

    dialect: Dialect
    raw: bytes
