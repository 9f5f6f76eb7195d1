"""How the values of options are read, so that an error says what would be right."""

import argparse
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Value = TypeVar("Value")
Read = Callable[[str], Value]


def expects(what: str) -> Callable[[Read[Value]], Read[Value]]:
    """Let the ValueErrors of an option's reader say that it must be `what`; argparse would name the function."""

    def told(read: Read[Value]) -> Read[Value]:
        @wraps(read)
        def reader(text: str) -> Value:
            try:
                return read(text)
            except (ValueError, argparse.ArgumentTypeError):  # a reader may call another
                raise argparse.ArgumentTypeError(f"must be {what}, not {text!r}") from None

        return reader

    return told


@expects("text in UTF-8")
def utf8(text: str) -> str:
    """A name as the ledger has them: it refuses the bytes of a terminal with another encoding."""
    text.encode()
    return text


@expects("a share from 0 to 1")
def share(text: str) -> float:
    """A share."""
    if not 0.0 <= (found := float(text)) <= 1.0:
        raise ValueError(text)
    return found


def whole(least: int, most: int | None = None, what: str = "a whole number") -> Read[int]:
    """A reader of whole numbers from `least` on, up to `most` if there is a limit."""
    within = f">= {least}" if most is None else f"from {least} to {most}"

    @expects(f"{what} {within}")
    def reader(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise ValueError(text)
        return number

    return reader


port = whole(0, 65535, "a port")
"""Reads a port; 0 is any free one. A larger one would be taken for its remainder."""
seed = whole(0, 2**32 - 1)
"""Reads what numpy and scikit-learn both take as a seed."""
