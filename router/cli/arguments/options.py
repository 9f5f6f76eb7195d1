"""Options that several subcommands share."""

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from router.cli.arguments.reading import expects, utf8
from router.config.library import Library
from router.config.load import load_settings
from router.config.settings import Settings
from router.config.source import Source
from router.domain.errors import ConfigError, FarthingError, Problem

DEFAULT_CONFIG = "config.yaml"


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument(
        "--config",
        "-c",
        metavar="FILE",
        default=os.environ.get("FARTHING_CONFIG") or DEFAULT_CONFIG,
        help="the configuration (default: $FARTHING_CONFIG or config.yaml)",
    )


def add_caller(parser: argparse.ArgumentParser) -> None:
    """`--key NAME` and `--tag TAG`, for whom a decision is made that nobody asked for."""
    parser.add_argument(
        "--key",
        type=utf8,
        metavar="NAME",
        default="",
        help="decide as for the key of this name",
    )
    parser.add_argument(
        "--tag", action="append", default=[], type=utf8, help="decide as with this tag"
    )


def config_path(args: argparse.Namespace) -> Path:
    """The file that `--config` names. Raises ConfigError if there is none."""
    path = Path(args.config)
    try:
        path.stat()
    except FileNotFoundError:
        why = (
            "there is no such file; name the configuration with --config, or begin with a copy of"
            " config.example.yaml and of the folder policies"
        )
        raise ConfigError((Problem(args.config, "", why),)) from None
    except OSError:
        pass  # whoever reads it will say why
    return path


def source_of(args: argparse.Namespace) -> Source:
    """The files that `--config` names. Raises ConfigError if there is no such file."""
    return Source(config_path(args), os.environ)


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that `--config` names. Raises ConfigError."""
    return source_of(args).settings()


def dry_settings_of(args: argparse.Namespace) -> Settings:
    """The same for a command that decides and sends nothing: the ledger's are the only secrets that must be set.

    Raises ConfigError.
    """
    return load_settings(config_path(args), os.environ, serves=False)


def unlearnt_settings_of(args: argparse.Namespace) -> Settings:
    """The same for a command that does not decide, either: without what was learnt of prompts."""
    return load_settings(config_path(args), os.environ, Library(learns=False), serves=False)


@expects("a day, YYYY-MM-DD")
def day(text: str) -> str:
    """A day of the calendar."""
    return date.fromisoformat(text).isoformat()


def check_period(since: str, until: str) -> None:
    """Raise FarthingError for a period that ends before it begins: nothing would seem to have been spent."""
    if since and until and until < since:
        raise FarthingError(f"the period ends ({until}) before it begins ({since})")


def read_bytes(name: str) -> bytes:
    """The content of a file, or of standard input for '-'. Raises FarthingError."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FarthingError(f"{name} cannot be read: {error.strerror}") from None
