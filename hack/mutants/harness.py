"""Trying weakenings: each on a copy of the project, whose judgement of the records is held against the project's own."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping
from pathlib import Path

from attrs import frozen

from conformance.record.stream import Line
from hack.mutants.weakenings import Weakening

ROOT = Path(__file__).parents[2]
COPIED = ("conformance", "scenarios", "hack")
LIMIT = 600
"""Seconds in which a copy judges all records; 3 of a CPU are enough, and several wait for one."""


@frozen
class Judgement:
    """What a record came to: every final observation by what it is of, and of which a judge broke."""

    finals: Mapping[str, str]
    broke: frozenset[str]

    def other(self, after: Judgement) -> list[str]:
        """Return, in words, what another judgement of the record says otherwise.

        A judge that breaks is no judgement: neither its cell counts then nor what is made of all cells.
        """
        broke = after.broke - self.broke
        counting = [name for name in self.finals if name not in broke and not (broke and "[" not in name)]
        differing = [name for name in counting if after.finals.get(name) != self.finals[name]]
        return [f"{name}: {self.finals[name]} -> {after.finals.get(name, 'nothing')}" for name in differing]


Judgements = Mapping[str, Judgement]
"""By the name of the record."""


class Broken(Exception):
    """A copy did not come to judge: the message is the last line of what it said."""


@frozen
class Tried:
    """A weakening, and which final observation told it: the first, '' for none."""

    name: str
    told_by: str
    broken: str = ""

    @property
    def caught(self) -> bool:
        """Return whether a final observation became another one."""
        return bool(self.told_by)

    def __str__(self) -> str:
        """Return it in one line."""
        if self.caught:
            return f"caught    {self.name}: {self.told_by}"
        return f"BROKEN    {self.name}: {self.broken}" if self.broken else f"SURVIVED  {self.name}"


def copy(into: Path, *further: str) -> Path:
    """Copy the project's code, and further folders, into a folder, with what Python has compiled of it; return the folder."""
    for name in (*COPIED, *further):
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("build", "tools", "tables"))
    return into


def kept(records: Mapping[str, list[Line]], file: Path) -> Path:
    """Write records where a copy reads them, each by itself, and return the file."""
    file.write_bytes(pickle.dumps({name: pickle.dumps(lines) for name, lines in records.items()}))
    return file


def judgements(project: Path, evidence: Path, first: str = "") -> Generator[tuple[str, Judgement]]:
    """Let the project in a folder judge the records of a file; yield each record's name and judgement as it comes.

    Raises `Broken` where it does not come to an end. Whoever has seen enough closes it.
    """
    command = [sys.executable, "-m", "hack.mutants.judged", str(evidence), first]  # the folder it starts in is first on its path
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own
        watchdog = threading.Timer(LIMIT, process.kill)
        watchdog.start()
        try:
            for line in process.stdout or ():
                name, finals = json.loads(line)
                broke = frozenset(of for of, _, broke in finals if broke)
                yield name, Judgement({of: state for of, state, _ in finals}, broke)
            last = (process.stderr.read() if process.stderr else "").strip().splitlines()
            if code := process.wait():
                raise Broken(last[-1] if last else f"it ended with {code}, without a word")
        finally:
            watchdog.cancel()
            process.kill()


def compare(name: str, before: Judgements, after: Generator[tuple[str, Judgement]]) -> Tried:
    """Return which final observation of the records tells the one judgement from the other, first of all."""
    broke = ""
    try:
        for record, judgement in after:
            if other := before[record].other(judgement):
                return Tried(name, f"{record}: {other[0]}")
            broke = broke or next((f"{record}: a judge broke, of {of}" for of in judgement.broke - before[record].broke), "")
    except Broken as broken:
        broke = str(broken)
    finally:
        after.close()
    return Tried(name, "", broke)


def weakened(weakening: Weakening, evidence: Path, before: Judgements) -> Tried:
    """Try a weakening of the code on records. Raises `Refused`."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        project = _weak(weakening, copy(Path(folder)))
        return compare(weakening.name, before, judgements(project, evidence, weakening.by))


def tested(weakening: Weakening) -> Tried:
    """Try a weakening of the code on the tests that it names. Raises `Refused`.

    What its tests say without it stands in the way: tests that fail anyway tell nothing.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        project = copy(Path(folder), "tests")
        if (sound := _pytest(project, weakening.test)).returncode:
            return Tried(weakening.name, "", f"its tests fail without it: {_last(sound.stdout + sound.stderr)}")
        weak = _pytest(_weak(weakening, project), weakening.test)
        failed = next((line for line in weak.stdout.splitlines() if line.startswith("FAILED ")), "")
        if failed or not weak.returncode:
            return Tried(weakening.name, failed.removeprefix("FAILED "))
        return Tried(weakening.name, "", _last(weak.stdout + weak.stderr))


def _weak(weakening: Weakening, project: Path) -> Path:
    """Weaken a copy, and return it. Python takes what it has compiled of a file of the same second and size for its own."""
    weakening.apply(project)
    source = project / weakening.file
    for compiled in source.parent.glob(f"__pycache__/{source.stem}.*"):
        compiled.unlink()
    return project


def _pytest(project: Path, module: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", module]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=LIMIT, check=False)  # noqa: S603 -- our own


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "nothing was said")
