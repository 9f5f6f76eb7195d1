"""CSV on standard output, as spreadsheets read it."""

import pytest

from router.cli.output.spreadsheet import print_csv


def test_no_name_is_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["=1+1", "@A1", "+1", "-A1", "-2+3|x", "\t=1", "\uff1d1", "team=web", "-", "-0.5", ""]
    print_csv(["name", "usd"], ({"name": name, "usd": -1} for name in names))

    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "name,usd",
        *("'=1+1,-1", "'@A1,-1", "'+1,-1", "'-A1,-1", "'-2+3|x,-1", "'\t=1,-1", "'\uff1d1,-1"),
        "team=web,-1",
        *("'-,-1", "-0.5,-1", ",-1"),
    ]
