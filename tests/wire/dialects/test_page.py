"""The page in the documents shows the tables that the tests try."""

from tests.wire.dialects.page import PAGE, page


def test_the_page_shows_the_tables() -> None:
    """Else: `python -m tests.wire.dialects.page`."""
    assert PAGE.read_text("utf-8") == page()
