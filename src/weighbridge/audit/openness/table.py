"""One row per part of a release, from all that the rules found, under the licence that governs the part."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from weighbridge.audit.openness.components import COMPONENTS, Component
from weighbridge.audit.openness.evidence import LEVEL, Hit, Row, Standing, State, Table
from weighbridge.audit.openness.terms import Terms, misfit, terms_of


@dataclass(frozen=True, slots=True)
class Licensing:
    """The licence of the whole, and of kinds of parts."""

    whole: str | None = None
    """As it is written; None where none was found."""
    source: str = ""
    searched: bool = False
    """Whether it was looked for where it would be: then None means that there is none."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Licences of all ``code``, ``data`` or ``document``, where they differ from the whole's."""

    def of(self, component: Component, own: str | None) -> Terms:
        """The terms of a part: its own, else those of its kind, else those of the whole."""
        written = own or self.kinds.get(component.kind) or self.whole
        if written is None and not self.searched:
            return Terms("", None, "unknown", "its licence is not known")
        return terms_of(written)


STANDINGS: tuple[Standing, ...] = ("not open", "none", "unknown", "open")
"""From the least that may be done to the most."""

ELSEWHERE = frozenset({"datasets", "tuning_data", "evaluation_data", "paper", "peer_review", "data_card", "report"})
"""Parts with terms of their own, that a licence on the model's page does not govern when they lie elsewhere."""


def assemble(hits: list[Hit], licensing: Licensing) -> Table:
    """The evidence table. What was seen outweighs what was said, and what is there outweighs what is not."""
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.component, []).append(hit)
    return {one.id: _row(one, found.get(one.id, []), licensing) for one in COMPONENTS}


def _row(component: Component, hits: list[Hit], licensing: Licensing) -> Row:
    if not hits:
        note = "neither found nor said to be withheld" if licensing.searched else "nothing is known of it"
        return Row(
            component=component.id,
            name=component.name,
            state="unknown",
            low="unknown",
            high="released",
            licence=None,
            terms="unknown",
            rule="",
            path="",
            basis="catalogue",
            note=note,
        )
    best = max(hits, key=lambda hit: (LEVEL[hit.state], hit.seen))
    proven = [hit for hit in hits if hit.seen or hit.state in ("absent", "described")]
    low: State = max((hit.state for hit in proven), key=LEVEL.__getitem__, default="unknown")
    # Several datasets, or a file beside a claim: the part is as open as the strictest of their licences.
    own = [hit.licence for hit in hits if hit.licence and hit.state in ("released", "partial")]
    readings = [licensing.of(component, best.licence), *(terms_of(one) for one in own)]
    if best.licence is None and own and not best.seen:
        readings = readings[1:]
    terms = min(readings, key=lambda reading: STANDINGS.index(reading.standing))
    standing, licence = terms.standing, terms.id or terms.written or None
    if not own and component.id in ELSEWHERE and best.basis != "file" and standing != "none":
        standing, licence = "unknown", None
    unfit = misfit(terms, component.kind) if standing == terms.standing else None
    also = tuple(dict.fromkeys(hit.path for hit in hits if hit.path and hit.path != best.path))
    return Row(
        component=component.id,
        name=component.name,
        state=best.state,
        low=low,
        high="released" if best.state == "unknown" else best.state,
        licence=licence,
        terms=standing,
        rule=best.rule,
        path=best.path,
        basis=best.basis,
        note=best.note,
        misfit=unfit or "",
        also=also[:8],
    )


INHERITED = ("datasets", "data_card", "training_code", "preprocessing_code")
"""Parts of which a fine-tune holds no more than its base does. Of the weights it inherits the terms."""


def capped(table: Table, base: Table, name: str, adapter: bool = False) -> Table:
    """The table of a fine-tune of `base`: what was made from something is no more open than that is.

    An `adapter` is of no use without the base's weights, so that theirs bound its own.
    """
    bound = {one: _lesser(table[one], base[one], name) for one in INHERITED}
    weights = table["weights"]
    lesser = _lesser(weights, base["weights"], name)
    if not adapter and lesser.terms == weights.terms:
        lesser = weights
    elif not adapter:
        note = "; ".join(part for part in (weights.note, f"its licence is that of its base {name}") if part)
        lesser = msgspec.structs.replace(weights, terms=lesser.terms, licence=lesser.licence, misfit="", note=note)
    return table | bound | {"weights": lesser}


def both(corpus: Row, tuning: Row, known: bool) -> Row:
    """The data of a tuned model: those of its base, where its own card names them, and those of its tuning.

    Where the base is `known`, its own row bounds this one afterwards, and what the card repeats of it adds nothing.
    """
    as_data = msgspec.structs.replace(tuning, component=corpus.component, name=corpus.name)
    if known:
        return as_data
    if corpus.state == "unknown":
        return msgspec.structs.replace(
            as_data, state="unknown" if tuning.state != "absent" else "absent", low="unknown", high=tuning.high
        )
    return _lesser(as_data, corpus, "")


def filled(table: Table, base: Table, name: str) -> Table:
    """The table of a mere copy (quantised, converted): what is not there itself is as its base has it."""
    note = f"as its base {name} has it"
    return {
        one: msgspec.structs.replace(base[one], note=note) if row.state == "unknown" else row
        for one, row in table.items()
    }


def _lesser(own: Row, base: Row, name: str) -> Row:
    def less(one: State, other: State) -> State:
        return min((one, other), key=lambda state: (LEVEL[state], state != "absent"))

    terms = min((own.terms, base.terms), key=STANDINGS.index)
    state = less(own.state, base.state)
    bound = state != own.state or terms != own.terms
    from_base = state != own.state and bool(base.path)
    told = f"no more than its base {name} has" if bound and name else ""
    return msgspec.structs.replace(
        own,
        state=state,
        low=less(own.low, base.low),
        high=less(own.high, base.high),
        terms=terms,
        licence=own.licence if terms == own.terms else base.licence,
        rule=f"base: {base.rule}" if from_base else own.rule,
        path=base.path if from_base else own.path,
        note="; ".join(part for part in ("" if from_base else own.note, told) if part),
        misfit=own.misfit if terms == own.terms and not from_base else "",
    )
