"""The declared weakenings: one text of one file replaced by another, each with the mistake that it imitates."""

from __future__ import annotations

import tomllib
from pathlib import Path

from attrs import frozen

TABLES = Path(__file__).with_name("tables")


class Refused(Exception):
    """A weakening cannot be applied: the message says which, and why."""


@frozen
class Weakening:
    """A mistake that somebody could make in a file: `text`, which stands there once, gives way to `instead`."""

    name: str
    imitates: str
    file: str
    text: str
    instead: str
    by: str = ""
    """The record that is to tell it, judged first; where none is named, a run as it was recorded."""
    test: str = ""
    """The tests that are to tell it, where it is code that reads a node: no record holds what it would have read."""

    def apply(self, folder: Path) -> None:
        """Weaken the copy of the project in a folder. Raises `Refused` where the text is not there exactly once."""
        file = folder / self.file
        source = file.read_text(encoding="utf-8") if file.is_file() else ""
        if (count := source.count(self.text)) != 1:
            raise Refused(f"{self.name}: its text stands {count} times in {self.file}, not once: mend the table")
        file.write_text(source.replace(self.text, self.instead), encoding="utf-8")


def declared(tables: Path = TABLES) -> list[Weakening]:
    """Return every weakening of the tables, file by file. Raises `Refused` where two have one name."""
    weakenings = [
        Weakening(**entry)
        for table in sorted(tables.glob("*.toml"))
        for entry in tomllib.loads(table.read_text(encoding="utf-8"))["weakening"]
    ]
    names = [weakening.name for weakening in weakenings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"{twice[0]}: two weakenings have that name: mend the table")
    return weakenings
