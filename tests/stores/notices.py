"""A board for notices in this process, for fleets that share it."""

from collections.abc import Callable, Sequence

from router.dispatch.notice import Notice, Subject


class MemoryNotices:
    """Implements `router.ports.Notices` in this process."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._until_s: dict[Subject, float | None] = {}

    async def post(self, notices: Sequence[Notice]) -> bool:
        """Keep the notices, each until its time is over."""
        now_s = self._monotonic_s()
        for each in notices:
            self._until_s[each.subject] = None if each.for_s is None else now_s + each.for_s
        return True

    async def read(self) -> Sequence[Notice]:
        """The last notice of each subject whose time is not over."""
        now_s = self._monotonic_s()
        return [
            Notice(subject, None if until_s is None else until_s - now_s)
            for subject, until_s in self._until_s.items()
            if until_s is None or until_s > now_s
        ]
