"""report.html as a browser shows it: alone, from a file."""

from __future__ import annotations

from pathlib import Path

from tests.pages.conftest import Open


def test_it_asks_for_nothing_and_complains_of_nothing(report: Path, open_page: Open) -> None:
    opened = open_page(report)
    opened.page.click("#all-evidence")
    opened.page.wait_for_function("!document.querySelector('pre[data-gzip]')")
    assert opened.requests == []
    assert opened.complaints == []
