"""Options that several subcommands share."""

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from router.config.load import load_settings
from router.config.settings import Settings
from router.domain.errors import FarthingError

DEFAULT_CONFIG = "config.yaml"


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument(
        "--config",
        "-c",
        metavar="FILE",
        default=os.environ.get("FARTHING_CONFIG", DEFAULT_CONFIG),
        help="the configuration (default: $FARTHING_CONFIG or config.yaml)",
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that `--config` names. Raises ConfigError."""
    return load_settings(Path(args.config), os.environ)


def day(text: str) -> str:
    """A day of the calendar; argparse turns the ValueError of anything else into its own message."""
    return date.fromisoformat(text).isoformat()


def read_bytes(name: str) -> bytes:
    """What is in a file, or comes on standard input for '-'. Raises FarthingError."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FarthingError(f"{name} cannot be read: {error.strerror}") from None
