"""What mends a property that is lost: of a record's run, or as runs on record have shown, with the patch."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.analysis.checked import MENDS
from conformance.analysis.findings import lost
from conformance.analysis.mending import Advice, alternatives, originals, patch
from conformance.analysis.summary import Summary
from conformance.explain.wrapping import wrapped
from conformance.report.printable import printable


def shown(name: str, summary: Summary) -> Iterator[str]:
    """Yield what keeps a property that some approaches lose in a record's run; nothing where none loses it."""
    parts = [part for part in summary.parts if part.line["property"] == name and lost(part)]
    losers = [loser for loser in dict.fromkeys(part.line["approach"] for part in parts) if loser in summary.findings.names]
    findings = summary.findings
    yield from _told(
        list(alternatives(findings.record, findings.parts, [(name, losers)], findings.names, findings.starts)) if losers else []
    )


def on_record(name: str) -> Iterator[str]:
    """Yield what mends a property by runs on record; nothing where none has shown a mend of it."""
    for by, worlds in MENDS.items():
        where = [cgroup for cgroup, mended in worlds.items() if name in mended]
        of = originals().get(by, "")
        words = f"runs on record show that {by} keeps it where {of} loses it, in a world with cgroup {' and '.join(where)}"
        yield from _told([Advice(f"{words}.", of, by, patch(of, by))]) if where else ()


def _told(advice: list[Advice]) -> Iterator[str]:
    if advice:
        yield from ("", "What to do")
    for each in advice:
        yield from wrapped("", each.words, 0)
        yield from (f"  {line}" for line in printable(each.patch).splitlines())
