"""What processes tell each other of models that are to be left alone."""

from collections.abc import Sequence
from typing import Protocol

from router.dispatch.notice import Notice


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
