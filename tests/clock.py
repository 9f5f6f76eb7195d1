"""Time for tests."""


class Clock:
    """Time in seconds that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s
