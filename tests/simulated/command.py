"""`farthing simulate` in a process of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_RUN = (
    "import argparse, sys\n"
    "from router.cli import simulate\n"
    "parser = argparse.ArgumentParser()\n"
    "simulate.add_arguments(parser)\n"
    "sys.exit(simulate.run(parser.parse_args()))\n"
)


@asynccontextmanager
async def command(*arguments: str) -> AsyncIterator[tuple[Process, list[str]]]:
    """The command in a separate process, and the lines that it has printed when it is ready."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _RUN, "--port", "0", *arguments, stdout=PIPE, stderr=PIPE
    )
    assert started.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(20):
            while not lines or "Ctrl-C" not in lines[-1]:
                line = await started.stdout.readline()
                assert line, "it ended before it was ready"
                lines.append(line.decode())
        yield started, lines
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()
