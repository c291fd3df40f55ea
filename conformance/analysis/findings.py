"""What a reader is told first: what is lost here that matters most, by whom and how much; what to do; how sure that is.

Made of a record, once, for every output. By which rules it is ranked: docs/reading-a-report.md.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from conformance.analysis.checked import Checked
from conformance.analysis.counting import are, counted, were
from conformance.analysis.elsewhere import elsewhere
from conformance.analysis.front import Front
from conformance.analysis.mending import Advice, alternatives, compared, originals
from conformance.analysis.noticed import Noticed
from conformance.analysis.parts import Part
from conformance.analysis.readable import listed, shortened
from conformance.claims.fears import LOSSES, Fear, fear_of, kept, loss, place
from conformance.claims.observations import State, Verdict
from conformance.record.names import CHECKED, MENDED
from conformance.record.stream import Record

MOST = 5
"""Sentences of what was found: a telephone's first screen."""
BRIEF = 24
"""Letters of a word or two: what is no longer belongs to what stands beside it."""
SOON, LONGEST = 90, 400
"""Letters that are soon read, and so many of a clause as are read at all."""
ASIDE = re.compile(r" \([^()]*\)")
"""What a reason says beside the number, in parentheses."""


def gist(reason: str) -> str:
    """Return so many first clauses of a reason as are soon read, without what is in long parentheses or details a clause."""
    brief = ""
    for clause in ASIDE.sub(lambda aside: aside[0] if len(shortened(aside[0])) < BRIEF else "", reason).split("; "):
        before, colon, _ = clause.partition(": ")
        plain = clause if colon and len(before) < BRIEF else before
        if brief and len(shortened(f"{brief}{plain}")) > SOON:
            break
        brief += f"; {plain}" if brief else plain
    brief = brief.strip().rstrip(".")
    return brief if len(brief) <= LONGEST else f"{brief[:LONGEST]}…"


def lost(part: Part) -> bool:
    """Return whether an observation says that a promise is not kept, or not each time."""
    return part.state.decided and part.state is not kept(part.line["property"])


@frozen
class Finding:
    """A promise that some approaches lose here. `lost` has every observation of it, first the one whose number is told."""

    prop: str
    fear: Fear
    lost: tuple[Part, ...]
    others: tuple[Part, ...]
    """What else was observed of those who lose it, on legs of which that is not so or not decided."""
    kept: tuple[Part, ...]
    """An observation of each approach that keeps it, those first that mend one that loses it."""
    weight: int
    """How many of its fear's findings weigh more; of what `fears.LOSSES` has no words for, more than any of these."""
    mended: bool
    """Whether this run has shown a mend: an approach that is made of one that loses it, and keeps it."""
    names: Mapping[str, str]

    @property
    def against(self) -> tuple[str, ...]:
        """Return the approaches that lose it though the article says that they keep it."""
        return _approaches(self._where(Verdict.REFUTED, self.lost))

    @property
    def lost_by(self) -> tuple[str, ...]:
        """Return the approaches that lose it, on any leg."""
        return _approaches(self.lost)

    @property
    def kept_by(self) -> tuple[str, ...]:
        """Return the approaches that keep it, on all legs."""
        return _approaches(self.kept)

    @staticmethod
    def _where(verdict: Verdict, parts: Iterable[Part]) -> list[Part]:
        return [part for part in parts if part.of_article and part.verdict is verdict]

    @property
    def _spared(self) -> list[Part]:
        """Return what was seen on the legs of a loser that keep it."""
        return [part for part in self.others if part.state is kept(self.prop)]

    @property
    def _not_seen(self) -> list[Part]:
        """Return those of them of which the article says that they lose it, too."""
        losing = _approaches(self._where(Verdict.CONFIRMED, self.lost))
        return [part for part in self._where(Verdict.REFUTED, self._spared) if part.line["approach"] in losing]

    @property
    def rank(self) -> tuple[bool, bool, int, bool, int]:
        """Return its place among all: the rules of docs/reading-a-report.md, the first that tells two apart."""
        return not self.fear.contains, not self.against, self.weight, not self.mended, list(Fear).index(self.fear)

    @property
    def words(self) -> str:
        """Return it as sentences: who loses what, what was seen, what the article says, and with whom what else was seen."""
        return " ".join(filter(None, (self._told, self._article, self._not_so(self._seen_kept))))

    @property
    def brief(self) -> str:
        """Return the same without what was seen with those that keep it, and what the article says where that is all so."""
        article = self._article if self.article in ("contrary", "in part") else ""
        return _capital(" ".join(filter(None, (self._told, article, self._not_so()))))

    @property
    def _told(self) -> str:
        first = self.lost[0].line
        return f"{loss(self.prop, first['sentence'], self._named(self.lost))}: {gist(first['reason'])}."

    @property
    def _seen_kept(self) -> str:
        return f": {gist(self.kept[0].line['reason'])}" if self.kept else ""

    def _not_so(self, seen: str = "") -> str:
        names = [*self._named(self.kept), *self._named(self._spared)]
        return f"Not so with {listed(names)}{seen}." if names else ""

    def _named(self, parts: Iterable[Part]) -> list[str]:
        """Return the approaches of these, each with its legs where its legs differ: 'DinD', 'DooD (detached)'."""
        legs: dict[str, list[str]] = {}
        for part in parts:
            legs.setdefault(part.line["approach"], []).append(part.line["leg"].partition(".")[2])
        differ = _approaches(self.others)
        return [f"{self.names[name]} ({listed(on)})" if name in differ else self.names[name] for name, on in legs.items()]

    @property
    def article(self) -> str:
        """Return what the article says of the losses: 'contrary', 'so', 'in part' (it says so of more legs), or 'silent'."""
        if self.against:
            return "contrary"
        return "in part" if self._not_seen else "so" if self._where(Verdict.CONFIRMED, self.lost) else "silent"

    @property
    def _article(self) -> str:
        contrary, so = (self._where(each, self.lost) for each in (Verdict.REFUTED, Verdict.CONFIRMED))
        everybody, words = len(self.lost) == len(contrary) + len(so), ""
        if contrary and so:
            words = f"The article says so of {listed(self._named(so))}, and the contrary of {listed(self._named(contrary))}"
        elif contrary:
            words = f"The article says the contrary{'' if everybody else f' of {listed(self._named(contrary))}'}"
        elif so:
            words = "As the article says" if everybody else f"The article says so of {listed(self._named(so))}"
        if self._not_seen:
            words += f", but it says so of {listed(self._named(self._not_seen))}, too"
        return f"{words}." if words else ""


@frozen
class Findings:
    """What stands first in every output."""

    record: Record
    parts: Sequence[Part]
    """As a reader meets the record."""
    sure: Sequence[str]
    """Clauses of how sure it is: how often it was seen, what the suite was shown to notice, what was not decided."""
    names: Mapping[str, str]
    """Approach -> what a sentence calls it; those alone that are compared."""
    starts: Mapping[str, Sequence[float]]
    """The cold starts of its legs."""
    mending: Advice | None = None
    """What is known to mend a pod that was checked."""
    selfcheck: str = ""
    """The sentence of a selfcheck, which is of no approach."""

    @classmethod
    def of(
        cls,
        record: Record,
        parts: Sequence[Part],
        front: Front,
        noticed: Noticed | None,
        checked: Checked | None,
        starts: Mapping[str, Sequence[float]],
    ) -> Findings:
        """Return them of a record as a reader meets it; `noticed` is of the selfcheck that lies beside it, or is it."""
        if noticed and "controls" in record.header:
            return cls(record, parts, [front.seen], {}, starts, selfcheck=noticed.headline)
        mending = None
        if checked:
            helps = checked.judged_mend or checked.known_to_mend
            mending = Advice(checked.mending, CHECKED, MENDED, checked.about["mend"].get("diff", "") if helps else "")
        return cls(record, parts, list(_sure(record, parts, front, noticed)), compared(record), starts, mending)

    @functools.cached_property
    def ranked(self) -> list[Finding]:
        """Return the findings that a reader is told of: of each fear and approach what it loses most, ranked."""
        by_prop: dict[str, dict[str, list[Part]]] = {}
        for part in self.parts:
            if part.line["approach"] in self.names:
                by_prop.setdefault(part.line["property"], {}).setdefault(part.line["approach"], []).append(part)
        leading: dict[tuple[Fear, str], str] = {}
        for prop, of_approach in by_prop.items():
            fear = fear_of(prop, str(next(iter(of_approach.values()))[0].line["family"]))
            for name, parts in of_approach.items():
                known = leading.get((fear, name))
                weightier = known is None or place(prop, fear) < place(known, fear)
                if fear.promised and name != MENDED and weightier and any(map(lost, parts)):
                    leading[fear, name] = prop
        props_of: dict[Fear, set[str]] = {}
        for (fear, _), prop in leading.items():
            props_of.setdefault(fear, set()).add(prop)
        findings = []
        for fear, props in props_of.items():
            for number, prop in enumerate(sorted(props, key=lambda prop: (place(prop, fear), list(by_prop).index(prop)))):
                weight = number if prop in LOSSES[fear] else place(prop, fear)
                findings.append(self._finding(prop, fear, weight, by_prop[prop]))
        return sorted(findings, key=lambda finding: finding.rank)

    def _finding(self, prop: str, fear: Fear, weight: int, of_approach: Mapping[str, Sequence[Part]]) -> Finding:
        """Return what a property came to, of all that lose it, whatever else they lose."""
        losing = [part for parts in of_approach.values() for part in parts if lost(part)]
        losing.sort(key=lambda part: not (part.of_article and part.verdict is Verdict.REFUTED))
        losers = _approaches(losing)
        asked = [part for name in losers for part in of_approach[name] if part.state is not State.NOT_APPLICABLE]
        others = tuple(part for part in asked if not lost(part))
        keeping = [parts[0] for parts in of_approach.values() if all(part.state is kept(prop) for part in parts)]
        like = originals()
        keeping.sort(key=lambda part: like.get(part.line["approach"]) not in losers)
        mended = any(like.get(part.line["approach"]) in losers for part in keeping)
        return Finding(prop, fear, tuple(losing), others, tuple(keeping), weight, mended, self.names)

    @property
    def first(self) -> str:
        """Return the sentence that matters most, or that all is as the article says, or why there is none."""
        if self.selfcheck:
            return self.selfcheck
        footer, decided = self.record.footer, [part for part in self.parts if part.state.decided]
        begin = "This run was interrupted. Of what it had seen: on" if not footer or footer["interrupted"] else "On"
        if not decided:
            why = next((f": {part.line['reason']}" for part in self.parts), ": nothing was observed")
            return f"Nothing was decided here{why.rstrip('.')}."
        if self._as_the_article:
            return self._as_the_article
        if not any(part.line["approach"] in self.names for part in decided):
            return f"{begin} this cluster no approach was compared: what was decided is of {listed(_approaches(decided))}."
        if not self.ranked:
            states = [part.state for part in self.parts if part.line["approach"] in self.names]
            whole = not self.record.lost and all(each.decided or each is State.NOT_APPLICABLE for each in states)
            return f"{begin} this cluster nothing that was {'asked' if whole else 'decided'} is lost."
        return f"{begin} this cluster {self.ranked[0].words}"

    @property
    def _as_the_article(self) -> str:
        """Return in a sentence that all of a whole run that was decided is as the article says; '' where that is not so."""
        footer, predicted = self.record.footer, [part for part in self.parts if part.of_article and part.predicted]
        decided = [part for part in predicted if part.state.decided]
        if not footer or footer["interrupted"] or self.record.lost or not decided:
            return ""
        if any(part.verdict is not Verdict.CONFIRMED for part in decided):
            return ""
        rest = len(predicted) - len(decided)
        so = f"as the article says: {len(decided)} of its {counted(len(predicted), 'prediction')} {are(len(decided))} so"
        return f"On this cluster {f'what was decided is {so}, {rest} not decided' if rest else f'everything is {so}'}."

    @property
    def shown(self) -> list[Finding]:
        """Return the findings of which the sentences speak."""
        return self.ranked[: MOST - bool(self._as_the_article)]

    @property
    def more(self) -> list[str]:
        """Return at most four more sentences of the same kind."""
        rest = self.shown if self._as_the_article else self.shown[1:]
        return [finding.brief for finding in rest] if any(part.state.decided for part in self.parts) else []

    @functools.cached_property
    def advice(self) -> list[Advice]:
        """Return what to do about it: for each that loses something the approach that keeps it; at most two."""
        if self.mending:
            return [self.mending]
        asked = [(finding.prop, finding.lost_by) for finding in self.shown]
        return list(alternatives(self.record, self.parts, asked, self.names, self.starts))

    @property
    def elsewhere(self) -> str:
        """Return what is known to be otherwise with another cgroup version, '' where nothing is."""
        return elsewhere(self.record, self.parts, self.names)

    @property
    def lines(self) -> Iterator[str]:
        """Yield all of it, a line each, for outputs of lines."""
        yield shortened(self.first)
        yield from (f"- {shortened(sentence)}" for sentence in self.more)
        yield from (f"What to do: {advice.words}" for advice in self.advice)
        yield from (f"Elsewhere: {words}" for words in (self.elsewhere,) if words)
        yield f"How sure: {self.how_sure}"

    @property
    def how_sure(self) -> str:
        """Return how sure it is, as a sentence."""
        return f"{'; '.join(self.sure)}."


def _sure(record: Record, parts: Sequence[Part], front: Front, noticed: Noticed | None) -> Iterator[str]:
    """Yield how sure it is, a clause each."""
    yield front.seen
    if noticed:
        exact, ran = (len([each for each in noticed.run_ones if each.exact]), len(noticed.run_ones))
        elsewhere = f", in a world with cgroup {noticed.cgroup}," if noticed.cgroup != record.header["world"]["cgroup"] else ""
        yield f"of {counted(ran, 'control')} with one thing broken{elsewhere} {exact} {were(exact)} noticed"
    elif "checked" not in record.header:
        yield "no selfcheck beside this run shows what the suite notices"
    if record.lost:
        yield f"{counted(len(record.lost), 'cell')} {were(len(record.lost))} not measured"
    uncertain = len(front.uncertain)
    if uncertain:
        yield f"{uncertain} of {counted(len(parts), 'observation')} could not be decided"
    elif parts:
        yield "all observations were decided"


def _approaches(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the approaches of these, each once."""
    return tuple(dict.fromkeys(part.line["approach"] for part in parts))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
