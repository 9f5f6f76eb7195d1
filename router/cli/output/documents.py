"""JSON for programs, on standard output."""

import json


def print_json(told: object) -> None:
    """Print `told` in ASCII, indented."""
    print(json.dumps(told, indent=2))  # noqa: T201 - a command line speaks by printing
