"""The header, written once it is known which cells will be judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import define

from conformance import suite


@define
class Selected:
    """Writes the header once it is known which cells will be judged."""

    write: Callable[[list[suite.Cell]], None]
    cells: list[suite.Cell]
    written: bool = False

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Take a worker's collection: under xdist the controller collects nothing."""
        self._write({i.rpartition("::")[2].partition("@")[0] for i in ids})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take this process's own collection, when -k has been read: where it cannot be, pytest does not come here."""
        if items:
            self._write({item.name for item in items})

    def _write(self, names: set[str]) -> None:
        if not self.written:
            self.written = True
            self.write([cell for cell in self.cells if cell.name in names])
