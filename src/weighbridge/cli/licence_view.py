"""Licence audits, licences and their differences in the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from weighbridge.audit.licence.result import LicenceAudit
    from weighbridge.audit.licence.ruling import Ruling
    from weighbridge.catalog.fact import Source
    from weighbridge.evidence.requirements import Job

WIDTH = 80


def show_audit(audit: LicenceAudit, *, as_json: bool) -> None:
    """The verdict, what decides it, duties and conditions, each with its clause."""
    if as_json:
        _json({"met": audit.met, "statement": audit.statement, "would_change": audit.would_change}, audit)
        return
    lines(f"{audit.target}: {audit.verdict.upper()}")
    lines(f"job: {job_words(audit.job)}", "  ")
    for text in audit.disagreements:
        lines(f"Labels disagree: {text}", after="  ")
    _rulings("Not allowed, because", audit.of("forbids"))
    _rulings("Not known", audit.of("unclear"))
    _rulings("Only if", audit.conditions)
    if audit.changes:
        lines()
        lines("What would change it")
        for change in audit.changes:
            lines(f"- {change.says}: {change.verdict}", "  ", "    ")
    from weighbridge.audit.licence.difference import WHEN

    duties = audit.duties_of()
    if duties:
        lines()
        lines("Duties")
    for says, where in duties:
        when = dict.fromkeys(WHEN[trigger] for one in where for trigger in one.when)
        lines(f"- {says} (for {', '.join(when)})", "  ", "    ")
        lines(f"[{'; '.join(dict.fromkeys(_place(one) for one in where))}]", "    ", "     ")
    lines()
    lines("Parts, and where their licences are said")
    for part in audit.parts:
        named = ", ".join(part.licences) or "no licence that is known"
        lines(f"{part.component.label}: {named}: {part.verdict}", "  ", "      ")
        for statement in part.component.statements:
            lines(statement.where if statement.says is None else f"from {statement.where}", "      ")
    if audit.ends:
        lines()
        lines("How it ends, and what it holds to by link")
        for text in audit.ends:
            lines(f"- {text}", "  ", "    ")
    if audit.notes:
        lines()
        for note in audit.notes:
            lines(f"note: {note}", after="      ")
    _sources(audit.sources)
    lines()
    lines(audit.disclaimer)


def _rulings(title: str, rulings: tuple[Ruling, ...]) -> None:
    if not rulings:
        return
    lines()
    lines(title)
    for one in rulings:
        lines(f"- {' or '.join(one.ways) if one.ways else one.says}", "  ", "    ")
        if one.ways:
            lines(f"otherwise: {one.says}", "    ", "    ")
        lines(f"{one.component} [{_place(one)}]" if one.clause else one.component, "    ", "     ")
        if one.instead:
            lines(f"way out: {one.instead}", "    ", "      ")


def _place(ruling: Ruling) -> str:
    clause = ruling.clause
    return "" if clause is None else f"{clause}; {', '.join(clause.source)}, seen {clause.seen}, {clause.confidence}"


def job_words(job: Job) -> str:
    """A job in a line."""
    words = [" + ".join(use.replace("_", "-") for use in job.use)]
    words.append("commercial" if job.commercial else "not commercial")
    words += [f"seat in {job.country}"] if job.country else []
    words += [f"users in {', '.join(job.users_in)}"] if job.users_in else []
    words += [f"{job.monthly_users:,} monthly users"] if job.monthly_users is not None else []
    words += [f"{job.yearly_revenue:,.0f} USD a year"] if job.yearly_revenue is not None else []
    words += [f"field {job.field}"] if job.field else []
    words += [", ".join(job.modality)]
    words += ["changed weights"] if job.modified else []
    return ", ".join(words)


def show_diff(first: str, second: str, *, as_json: bool) -> int:
    """What two licences say differently."""
    from weighbridge.audit.licence.difference import difference
    from weighbridge.catalog.licences import catalogue_of_licences, licence

    a, b = licence(first), licence(second)
    found = difference(a, b)
    if as_json:
        _json({}, found)
        return 0
    for mark, one in (("-", a), ("+", b)):
        lines(f"{mark} {one.name} ({one.id}{f', {one.released}' if one.released else ''}; {one.kind})", after="  ")
    for change in found.changes:
        lines()
        lines(f"{_TITLES[change.kind]}{change.what}")
        for mark, text, clause in (
            ("-", change.first, change.first_clause),
            ("+", change.second, change.second_clause),
        ):
            if text is not None:
                lines(f"{mark} {text}{f' [{clause}]' if clause else ''}", "  ", "    ")
    lines()
    lines("nothing differs" if not found.changes else f"{found.same} rights and rules are the same")
    known = catalogue_of_licences()
    _sources({name: known.sources[name] for name in (*a.source, *b.source)})
    _disclaim()
    return 0


_TITLES = {
    "right": "right: ",
    "forbids": "forbidden: ",
    "requires": "duty: ",
    "unclear": "unclear: ",
    "ends": "",
    "policy": "",
}


def show_terms(name: str, *, as_json: bool) -> int:
    """All that is known of one licence."""
    from weighbridge.audit.licence.difference import sentence, subject
    from weighbridge.catalog.licences import RIGHTS, catalogue_of_licences, licence

    one = licence(name)
    if as_json:
        _json({}, one)
        return 0
    lines(f"{one.name} ({one.id})")
    about = [one.kind, f"of {one.released}" if one.released else "", f"SPDX {one.spdx}" if one.spdx else ""]
    approved = {True: "OSI approved", False: "not OSI approved", None: "OSI: not decided"}[one.osi]
    made = f"made for {', '.join(one.fits)}" if one.fits else ""
    lines(", ".join(text for text in (*about, approved, made) if text), "  ")
    if one.aliases:
        lines(f"also {', '.join(one.aliases)}", "  ")
    lines()
    lines("Rights")
    for right in RIGHTS:
        grant = one.grant(right)
        says = f", {grant.says}" if grant.says else ""
        lines(f"- {right}: {grant.given}{says} [{grant.clause}]", "  ", "    ")
    for effect, title in (("forbids", "Forbidden"), ("requires", "Duties"), ("unclear", "Not settled")):
        rules = [rule for rule in one.rules if rule.effect == effect]
        if rules:
            lines()
            lines(title)
        for rule in rules:
            lines(f"- {subject(rule)}: {sentence(rule)} [{rule.clause}]", "  ", "    ")
            if rule.instead:
                lines(f"way out: {rule.instead}", "    ", "      ")
    rest = [
        *([f"use policy: {one.policy}"] if one.policy else []),
        *(f"ends: {text}" for text in one.ends),
        *one.notes,
    ]
    if rest:
        lines()
        for text in rest:
            lines(f"- {text}", "  ", "    ")
    lines()
    lines(f"Read {one.seen}, confidence {one.confidence}.")
    known = catalogue_of_licences()
    used = {*one.source, *(name for rule in one.rules for name in rule.source)}
    _sources({name: known.sources[name] for name in sorted(used)})
    _disclaim()
    return 0


def show_list(*, as_json: bool) -> int:
    """The licences that are known."""
    from weighbridge.catalog.licences import licences

    known = licences()
    if as_json:
        _json({}, list(known.values()))
        return 0
    width = max(len(name) for name in known)
    for one in known.values():
        click.echo(f"{one.id:{width}}  {one.kind:15}  {one.seen} {one.confidence}")
    lines()
    lines(f"{len(known)} licences and terms of service. `weighbridge audit licence show ID` tells more.")
    return 0


def _sources(sources: dict[str, Source]) -> None:
    from weighbridge.catalog.fact import credits_of

    if not sources:
        return
    lines()
    lines("Sources (A read in the text itself, B in a secondary source, C recalled)")
    for name, source in sources.items():
        lines(f"{name}: {source.what}{f', {source.date}' if source.date else ''}", "  ", "    ")
    for credit in credits_of(sources.values()):
        lines(credit, "  ", "    ")


def _disclaim() -> None:
    from weighbridge.audit.licence.result import DISCLAIMER

    lines()
    lines(DISCLAIMER)


def lines(text: str = "", before: str = "", after: str | None = None) -> None:
    """Text within 80 columns; `before` begins its first line, `after` the others."""
    from weighbridge.report.clean import clean_line

    indent = before if after is None else after
    text = clean_line(text, 2000)
    wrapped = textwrap.wrap(
        text, WIDTH, initial_indent=before, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    click.echo("\n".join(wrapped))


def _json(head: dict[str, object], value: object) -> None:
    import msgspec

    tree = msgspec.to_builtins(value)
    if head:
        tree = head | tree
    click.echo(msgspec.json.format(msgspec.json.encode(tree), indent=2).decode())
