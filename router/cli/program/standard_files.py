"""Standard input, output and error, which whoever starts us may have closed."""

import os
import sys


def open_standard_files() -> None:
    """Let those that are closed lead nowhere.

    Otherwise the next file or connection would get the number of one of them: a client would read our log, and a
    worker that is given a new standard input would lose what it has inherited.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays open
