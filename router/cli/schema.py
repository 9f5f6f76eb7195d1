"""`farthing schema`: the policy language, as a schema for editors and as a page."""

import argparse
from pathlib import Path

import orjson

from router.cli.output.appearing import output
from router.config.policy.reference import policy_page, policy_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `schema`."""
    parser.add_argument(
        "--markdown", action="store_true", help="print the reference page of the language instead"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write it to a file instead of printing it"
    )


def run(args: argparse.Namespace) -> int:
    """Print it, or write it to a file. Raises FarthingError if that cannot be written."""
    text = policy_page() if args.markdown else policy_schema_text()
    if args.output is not None:
        with output("--output", args.output) as file:
            file.write(text.encode())
    else:
        print(text, end="")  # noqa: T201 - a command line speaks by printing
    return 0


def policy_schema_text() -> str:
    """The JSON Schema, as published in `policies/policy.schema.json`."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(policy_schema(), option=options).decode()
