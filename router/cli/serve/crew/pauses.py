"""How long to wait before a worker that has ended is restarted."""

from msgspec import Struct

_FIRST_S = 0.5
_LONGEST_S = 30.0
_SOUND_S = 60.0


class Pauses(Struct, frozen=True):
    """Pauses in seconds that double, from half a second to half a minute, and start over after a minute of life."""

    next_s: float = _FIRST_S

    def after(self, lived_s: float) -> "Pauses":
        """The pauses after the end of a worker that lived for `lived_s`; its `next_s` is due now."""
        if lived_s >= _SOUND_S:
            return Pauses()
        return self

    def doubled(self) -> "Pauses":
        """The pauses that follow this one."""
        return Pauses(min(2 * self.next_s, _LONGEST_S))
