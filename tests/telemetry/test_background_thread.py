"""Work that a thread does, while whoever brings it goes on."""

import threading
from collections.abc import Sequence

from router.telemetry.background_thread import BackgroundThread

_PATIENCE_S = 10.0


class _Gate:
    """Deals with things once it is open, and keeps them."""

    def __init__(self) -> None:
        self.dealt: list[int] = []
        self.batches: list[int] = []
        self.reached = threading.Event()
        self.open = threading.Event()

    def deal(self, things: Sequence[int]) -> None:
        self.reached.set()
        assert self.open.wait(_PATIENCE_S)
        if 13 in things:
            raise ValueError("thirteen")
        self.batches.append(len(things))
        self.dealt += things


def _background(gate: _Gate, most: int = 100) -> BackgroundThread[int]:
    return BackgroundThread(gate.deal, name="test", most=most, batch=8, pause_s=0.001)


def test_all_is_dealt_with_in_order_and_in_batches() -> None:
    gate = _Gate()
    gate.open.set()
    background = _background(gate)
    for number in range(100, 150):
        background.put(number)
    background.close(_PATIENCE_S)

    assert gate.dealt == list(range(100, 150))
    assert max(gate.batches) <= 8
    assert background.dropped == 0


def test_who_brings_more_than_may_wait_is_not_held_up_and_the_rest_is_counted() -> None:
    gate = _Gate()
    background = _background(gate, most=5)
    background.put(0)
    assert gate.reached.wait(_PATIENCE_S)
    for number in range(1, 11):
        background.put(number)

    assert background.dropped == 5
    gate.open.set()
    background.close(_PATIENCE_S)
    assert gate.dealt == [0, 1, 2, 3, 4, 5]


def test_what_fails_is_counted_and_the_next_batch_is_dealt_with() -> None:
    gate = _Gate()
    background = _background(gate)
    background.put(13)
    assert gate.reached.wait(_PATIENCE_S)
    background.put(14)
    gate.open.set()
    background.close(_PATIENCE_S)

    assert gate.dealt == [14]
    assert background.dropped == 1


def test_a_quarter_of_those_that_may_wait_is_dealt_with_before_the_pause_is_over() -> None:
    gate = _Gate()
    gate.open.set()
    background = BackgroundThread(gate.deal, name="test", most=8, batch=8, pause_s=3600.0)
    background.put(1)
    background.put(2)
    assert not gate.reached.is_set()
    background.put(3)

    assert gate.reached.wait(_PATIENCE_S)
    background.close(_PATIENCE_S)
    assert gate.dealt == [1, 2, 3]


def test_closing_waits_no_longer_than_it_is_told() -> None:
    gate = _Gate()
    background = _background(gate)
    background.put(1)
    assert gate.reached.wait(_PATIENCE_S)

    background.close(0.01)

    assert gate.dealt == []
    gate.open.set()
