"""When a server looks for garbage: seldom, but it does."""

import subprocess
import sys

_SERVED = """
import gc
from router.cli.program.heap import settle, uncollected

def looks():
    return sum(each["collections"] for each in gc.get_stats())

with uncollected():
    settle()
    began = looks()
    under_way = [[] for _ in range(5_000)]
    answered = looks()
    for _ in range(50_000):
        garbage = []
        garbage.append(garbage)
print(answered - began, looks() > answered, gc.get_freeze_count() > 1_000)
"""


def test_requests_under_way_are_not_looked_through_and_garbage_is_found() -> None:
    told = subprocess.run([sys.executable, "-c", _SERVED], capture_output=True, check=True)

    assert told.stdout.split() == [b"0", b"True", b"True"]
