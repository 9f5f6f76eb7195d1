"""Mistakes of ours, as they are logged."""

from traceback import extract_tb


def place_of(error: BaseException) -> str:
    """The type of an error and where it was raised, innermost call first.

    Not its message: that may quote a prompt or an answer, which are never logged.
    """
    calls = reversed(extract_tb(error.__traceback__))
    places = (f"{each.filename}, line {each.lineno}" for each in calls)
    return f"{type(error).__name__} in {', called in '.join(places)}"
