"""`farthing simulate`: simulated models on a port, for rehearsing policies and outages without a key."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from router.cli.arguments.reading import port
from router.cli.output.saying import not_listening
from router.cli.program.loop import loop_factory
from router.providers.simulated import (
    Forms,
    Minds,
    RunningSimulator,
    SimulatedModel,
    default_models,
    running,
)
from router.providers.simulated.faults import described, split_model
from router.providers.simulated.models_file import read_models
from router.providers.simulated.schedule import FaultBook
from router.providers.simulated.server import Options
from router.providers.simulated.simulation import Settings

_USAGE_ERROR = 2
_SHARES = frozenset({"difficulty", "mistakes", "repeats"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `simulate`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "faults, with their settings and defaults:\n"
        f"{described()}\n\n"
        "A fault can also be asked for by a request itself: header `x-simulate: cut,after=3`,\n"
        'or `"metadata": {"simulate": "cut,after=3"}` in its body.'
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port",
        type=port,
        default=8081,
        help="port to listen on, 0 for any free one (%(default)s)",
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="multiply the models' delays by this: 1 is real time, 0 no delay (%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the models' mistakes (%(default)s)"
    )
    parser.add_argument(
        "--models", type=Path, metavar="FILE.yaml", help="your own models instead of the four"
    )
    _add_minds_arguments(parser)
    _add_fault_arguments(parser)


def _add_minds_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in-common",
        default="",
        metavar="NAME=SHARE,...",
        help="what the models have in common: such as `difficulty=0.3,mistakes=0.2,repeats=0.6`; "
        "with `repeats`, asking again at a temperature above 0 gives another sample",
    )
    parser.add_argument(
        "--forms",
        choices=[each.value for each in Forms],
        default=Forms.PLAIN.value,
        help="one wording for each kind of answer, or as many as real models have (%(default)s)",
    )


def _add_fault_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="[MODEL:]FAULT",
        help="play it on every request of the model (of all without one); "
        "several for one model take turns, and `ok` is a turn without a fault",
    )
    parser.add_argument(
        "--fault-rate",
        action="append",
        default=[],
        metavar="SHARE:[MODEL:]FAULT",
        help="play it on this share of the requests, such as 0.2:sim-mid:status,code=503",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Returns 0, 1 if the port is not available, 2 if the arguments are wrong.

    Raises ConfigError for an unusable file of models.
    """
    models = default_models() if args.models is None else read_models(args.models)
    try:
        settings = Settings(seed=args.seed, speed=args.speed, minds=_minds(args))
        _script_faults(FaultBook(model.id for model in models), args)
    except ValueError as error:
        sys.stderr.write(f"farthing simulate: {error}\n")
        return _USAGE_ERROR
    try:
        _run(_serve(models, settings, args, sys.stdout))
    except OSError as error:
        sys.stderr.write(f"farthing simulate: {not_listening(args.host, args.port, error)}\n")
        return 1
    return 0


def _run(main: Coroutine[Any, Any, None]) -> None:
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main)


async def _serve(
    models: Sequence[SimulatedModel], settings: Settings, args: argparse.Namespace, out: TextIO
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: there, Ctrl-C is a KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    told = Options(seed=settings.seed, speed=settings.speed, minds=settings.minds)
    async with running(models, host=args.host, port=args.port, **told) as simulator:
        _script_faults(simulator.faults, args)
        out.write(_greeting(simulator, models))
        out.flush()
        await stop.wait()


def _script_faults(book: FaultBook, args: argparse.Namespace) -> None:
    """Put the faults from the command line into the book. Raises ValueError for a wrong one."""
    turns: dict[str, list[str]] = {}
    for entry in args.fault:
        model, fault = split_model(entry)
        turns.setdefault(model, []).append(fault)
    for model, faults in turns.items():
        book.script(model, faults, repeat=True)
    for place, entry in enumerate(args.fault_rate):
        share, _, rest = entry.partition(":")
        model, fault = split_model(rest)
        book.rate(model, fault, _share(share, entry), seed=args.seed + place)


def _minds(args: argparse.Namespace) -> Minds:
    """The minds that the command line describes. Raises ValueError for anything but shares."""
    entry: str = args.in_common
    pairs = [part.partition("=") for part in entry.split(",") if part.strip()]
    shares: dict[str, Any] = {name.strip(): _number(text, entry) for name, _, text in pairs}
    if unknown := sorted(set(shares) - _SHARES):
        raise ValueError(f"--in-common has no {', '.join(unknown)}: {', '.join(sorted(_SHARES))}")
    return Minds(**shares, forms=Forms(args.forms))


def _number(text: str, entry: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--in-common {entry!r}: write NAME=SHARE, such as mistakes=0.2") from None


def _share(text: str, entry: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"--fault-rate {entry!r}: write SHARE:[MODEL:]FAULT, such as 0.2:sim-mid:status,code=503"
        ) from None


def _greeting(simulator: RunningSimulator, models: Sequence[SimulatedModel]) -> str:
    listed = "\n".join(_line(model) for model in models)
    return (
        f"Simulated models at {simulator.base_url} (any key will do):\n{listed}\n\n"
        f"  curl {simulator.base_url}/chat/completions -H 'content-type: application/json' \\\n"
        f'    -d \'{{"model": "{models[0].id}", '
        f'"messages": [{{"role": "user", "content": "What is 17 * 23?"}}]}}\'\n\n'
        f"Counters: {simulator.url}/simulate/counters\n"
        f"Faults:   {simulator.url}/simulate/faults\n"
        f"Ctrl-C stops it.\n"
    )


def _line(model: SimulatedModel) -> str:
    into, out = (pico / 1_000_000 for pico in (model.price.input_pico, model.price.output_pico))
    return (
        f"  {model.id:<20} {into:>6.2f} / {out:<6.2f} USD per million tokens, "
        f"{model.tokens_per_s:g} tokens/s after {model.ttft_s:g} s"
    )
