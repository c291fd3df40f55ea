"""What another cgroup version would change of what a run has seen, by the runs that are on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.analysis.checked import MENDS
from conformance.analysis.counting import counted
from conformance.analysis.mending import Seen, originals
from conformance.analysis.parts import Part
from conformance.analysis.readable import listed
from conformance.claims.fears import fear_of
from conformance.record.stream import Record

TURNS: Mapping[str, tuple[str, ...]] = {
    "dind": ("P2-12", "P2-13", "P2-13.cpu", "P2-13.memory", "P2-13.pids", "P2-13.weight", "P2-24"),
}
"""Approach -> the properties that it keeps with cgroup v1 and loses with v2, by the runs that are on record (tests/recorded;
tests/unit/analysis/test_elsewhere.py)."""


def elsewhere(record: Record, parts: Iterable[Part], names: Mapping[str, str]) -> str:
    """Return, in a sentence, what approaches keep here and lose with the other cgroup version, or the other way round.

    `names` has what a sentence calls each approach that is compared. '' where nothing is known to turn.
    """
    version, seen = record.header["world"]["cgroup"], Seen.of(parts)
    here = {"v1": seen.kept, "hybrid": seen.kept, "v2": seen.lost}.get(version, {})
    families = {line["property"]: str(line["family"]) for line in record.observations}
    clauses = []
    for approach, props in TURNS.items():
        turned = [prop for prop in props if prop in here.get(approach, ())]
        if turned and approach in names:
            fears = list(dict.fromkeys(str(fear_of(prop, families[prop]).value) for prop in turned))
            other, does, did = ("v1", "keeps", "loses") if version == "v2" else ("v2", "loses", "keeps")
            mend = "" if version == "v2" else _mend(approach, turned)
            what = f"{counted(len(turned), 'promise')} that it {did} here, of {listed(fears)}"
            clauses.append(f"with cgroup {other} {names[approach]} {does} {what}, by a run on record{mend}")
    return f"{'; '.join(clauses)}." if clauses else ""


def _mend(approach: str, props: Sequence[str]) -> str:
    """Return which approach keeps these where cgroup v2 makes another lose them, '' where none is known."""
    by = (name for name, worlds in MENDS.items() if originals().get(name) == approach and {*props} <= {*worlds.get("v2", ())})
    return next((f", and {name} keeps {'them' if len(props) > 1 else 'it'} there" for name in by), "")
