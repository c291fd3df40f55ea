"""The article, claim by claim: what was observed of each, and what that says of its sentence."""

from __future__ import annotations

from attrs import frozen

from conformance.analysis.summary_table import Part, part
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
    def against(self) -> tuple[Part, ...]:
        """Return the parts that speak against the sentence."""
        return tuple(part for part in self.parts if part.verdict is Verdict.REFUTED)

    @property
    def undecided(self) -> tuple[Part, ...]:
        """Return the parts that decided nothing."""
        return tuple(part for part in self.parts if part.verdict is Verdict.UNDECIDED)

    @property
    def why(self) -> str:
        """Return why it was not judged, or what speaks against it or was left undecided; '' where all of it is so."""
        if self.line["unjudged"]:
            return str(self.line["unjudged"])
        said = [f"not so: {part.words}" for part in self.against]
        said += [f"not decided: {part.words}: {part.line['reason']}" for part in self.undecided]
        said += [f"never judged: {one['property']} on {one['leg']}" for one in self.lost]
        said += [f"left out of this run: {', '.join(self.left_out)}"] if self.left_out else []
        if not said and self.standing is Standing.OPEN:
            said = ["what was observed is nothing that the article predicts"]
        return "; ".join(said)


def claims(record: Record) -> list[Judged]:
    """Return the article claim by claim; nothing where the record is older than its header's claims."""

    def about(line: Line, claim: Line) -> bool:
        return bool(line["property"].partition(".")[0] == claim["id"])

    return [
        Judged(
            claim,
            tuple(part(line) for line in record.observations if about(line, claim)),
            tuple(cell for cell in record.lost if about(cell, claim)),
        )
        for claim in record.header.get("claims", [])
    ]


def claims_line(record: Record) -> str:
    """Return one sentence that counts the claims by what the run says of them; '' where the record has none."""
    heard = claims(record)
    if not heard:
        return ""
    counts = [(sum(one.standing is standing_ for one in heard), standing_.value) for standing_ in Standing]
    return f"Of the article's {len(heard)} claims: {'; '.join(f'{number} {words}' for number, words in counts if number)}."
