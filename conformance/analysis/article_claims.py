"""The article, claim by claim: what was observed of each, and what that says of its sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from attrs import frozen

from conformance.analysis.parts import Part
from conformance.claims.observations import Standing, Verdict, standing
from conformance.record.stream import Line, Record


@frozen
class Judged:
    """A claim of the article: what was observed of it on each approach, and what that says of its sentence."""

    line: Line
    parts: tuple[Part, ...]
    lost: tuple[Line, ...]

    @property
    def id(self) -> str:
        """Return the claim's id."""
        return str(self.line["id"])

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the properties of the claim that this run did not judge, though it judged others of them."""
        return tuple(self.line.get("left_out", ()))

    @property
    def standing(self) -> Standing:
        """Return what the run says of the sentence."""
        return standing([*(part.verdict for part in self.parts), *(Verdict.UNDECIDED for _ in (*self.lost, *self.left_out))])

    @property
    def approaches(self) -> dict[str, tuple[Part, ...]]:
        """Return the parts of each approach."""
        names = dict.fromkeys(part.line["approach"] for part in self.parts)
        return {name: tuple(part for part in self.parts if part.line["approach"] == name) for name in names}

    @property
    def why(self) -> str:
        """Return why it was not judged, or what speaks against it or was left undecided; '' where all of it is so."""
        if self.line["unjudged"]:
            return str(self.line["unjudged"])
        reasons = [f"not so: {part.words}" for part in self.parts if part.verdict is Verdict.REFUTED]
        undecided = [part for part in self.parts if part.verdict is Verdict.UNDECIDED]
        reasons += [f"not decided: {part.words}: {part.line['reason']}" for part in undecided]
        reasons += [f"never judged: {cell['property']} on {cell['leg']}" for cell in self.lost]
        reasons += [f"left out of this run: {', '.join(self.left_out)}"] if self.left_out else []
        if not reasons and self.standing is Standing.OPEN:
            reasons = ["what was observed is nothing that the article predicts"]
        return "; ".join(reasons)


def claims(record: Record, parts: Iterable[Part]) -> dict[str, Judged]:
    """Return the article claim by claim, by id; nothing where the record is older than its header's claims."""
    judged: dict[str, list[Part]] = {}
    lost: dict[str, list[Line]] = {}
    for part in parts:
        judged.setdefault(part.claim, []).append(part)
    for cell in record.lost:
        lost.setdefault(cell["property"].partition(".")[0], []).append(cell)
    return {
        claim["id"]: Judged(claim, tuple(judged.get(claim["id"], ())), tuple(lost.get(claim["id"], ())))
        for claim in record.header.get("claims", [])
    }


def counted(claims: Collection[Judged]) -> str:
    """Return one sentence that counts the claims by what the run says of them; '' where there is none."""
    counts = Counter(claim.standing for claim in claims)
    words = "; ".join(f"{counts[standing_]} {standing_.value}" for standing_ in Standing if counts[standing_])
    return f"Of the article's {len(claims)} claims: {words}." if claims else ""
