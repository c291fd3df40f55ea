"""One observation beside what was predicted of it: what every part of a summary is made of."""

from __future__ import annotations

from attrs import frozen

from conformance.claims.article import speaks_of
from conformance.claims.observations import State, Verdict, verdict
from conformance.record.stream import Line


@frozen
class Part:
    """One observation with its own verdict on the article."""

    line: Line
    state: State
    predicted: State | None
    """None where nobody predicts anything."""
    verdict: Verdict

    @classmethod
    def of(cls, line: Line) -> Part:
        """Return an observation with its verdict."""
        state, predicted = State(line["state"]), State(line["predicted"]) if line["predicted"] else None
        return cls(line, state, predicted, verdict(state, predicted))

    @property
    def cell(self) -> tuple[str, str]:
        """Return the property and the leg."""
        return self.line["property"], self.line["leg"]

    @property
    def claim(self) -> str:
        """Return the id of the claim that it judges."""
        return str(self.line["property"]).partition(".")[0]

    @property
    def of_article(self) -> bool:
        """Return whether the article speaks of it."""
        return speaks_of(self.line["property"])

    @property
    def sayer(self) -> str:
        """Return who predicts."""
        return "the article" if self.of_article else "its source"

    @property
    def words(self) -> str:
        """Return the property and the leg, and what was observed there."""
        return f"{self.line['property']} on {self.line['leg']} {self.state.value}"

    @property
    def anchor(self) -> str:
        """Return the part's place in the HTML."""
        return f"{self.line['property']}-{self.line['leg']}".replace(".", "-").lower()
