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


_LAST_PORT = 65535


@expects(f"a port from 0 to {_LAST_PORT}")
def port(text: str) -> int:
    """A port; 0 is any free one. A larger one would be taken for its remainder."""
    if not 0 <= (number := int(text)) <= _LAST_PORT:
        raise ValueError(text)
    return number


@expects("a whole number from 0 to 4294967295")
def seed(text: str) -> int:
    """What numpy and scikit-learn both take as a seed: 32 bits."""
    if not 0 <= (number := int(text)) < 2**32:
        raise ValueError(text)
    return number
