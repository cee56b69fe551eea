"""Suites in a terminal: the list of them, one of them, and the figures of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.suites import SuiteRun
from weighbridge.tasks.suites import Figure, Suite
from weighbridge.tasks.suites.find import Found, fetch_command
from weighbridge.tasks.suites.metrics import METRICS


def listed(suites: Sequence[tuple[Suite, Found | None]], width: int, *, apart: bool) -> list[Line]:
    """Suites under the headings of their groups: languages, size, figures, and whether the data are here.

    The languages of one task share a row, unless `apart`.
    """
    headings = [
        Heading("languages", 1, left=True),
        Heading("items", 3),
        Heading("figures", 2, left=True),
        Heading("data", 4, left=True),
    ]
    groups: dict[str, dict[str, list[tuple[Suite, Found | None]]]] = {}
    for suite, found in suites:
        family = None if apart else _family(suite)
        group = "languages" if family is not None else suite.groups[0]
        groups.setdefault(group, {}).setdefault(family or suite.name, []).append((suite, found))
    rows = []
    for group, families in groups.items():
        rows.append(Row(group, ("",) * len(headings), style="bold"))
        rows += [Row(name, _cells(members)) for name, members in families.items()]
    lines = laid_out("suite", headings, rows, width)
    return [Line(line.text[2:].rstrip(), line.style) if line.style == "bold" else line for line in lines]


def _family(suite: Suite) -> str | None:
    """``xquad_*``: the name that one task in several languages goes by."""
    stem = suite.groups[0]
    return f"{stem}_*" if "languages" in suite.groups and suite.name.startswith(f"{stem}_") else None


def _cells(members: Sequence[tuple[Suite, Found | None]]) -> tuple[str, ...]:
    first, here = members[0][0], sum(found is not None for _, found in members)
    languages = {language for suite, _ in members for language in suite.languages}
    data = ("here" if here else "absent") if len(members) == 1 else f"{here} of {len(members)}"
    spoken = ", ".join(first.languages) if len(members) == 1 else f"{len(languages)} languages"
    sizes = {suite.size for suite, _ in members}
    size = f"{min(sizes):,}" if len(sizes) == 1 else f"{min(sizes):,} to {max(sizes):,}"
    return spoken, size, ", ".join(metric_titles(first)), data


def metric_titles(suite: Suite) -> list[str]:
    """The figures by the names that readers know."""
    return ["pass@k" if name == "pass_at_k" else METRICS[name].title for name in suite.metrics]


def shown(suite: Suite, found: Found | None, width: int) -> list[str]:
    """Everything there is to know of a suite, one fact a line."""
    where = suite.data
    facts = {
        "about": suite.about,
        "groups": ", ".join(suite.groups),
        "languages": ", ".join(suite.languages),
        "items": f"{suite.size:,}",
        "figures": ", ".join(metric_titles(suite)),
        "answered by": ", ".join(suite.ways),
        "scorer": suite.scorer if isinstance(suite.scorer, str) else str(suite.scorer["name"]),
        "examples": f"{suite.shots} unless asked for" if where.shots or where.shots_files else "none",
        "parts": f"by {suite.subset}: {suite.name}/PART" if suite.subset else "",
        "source": suite.source,
        "licence": suite.licence,
        "data set": " ".join(filter(None, [where.dataset, where.config, where.split])),
        "data": str(found.path) if found is not None else "not on this machine",
        "fetch": fetch_command(suite),
    }
    lines = [f"{suite.name}: {suite.title}"]
    for name, text in facts.items():
        if text:
            # A command is kept whole, so that it can be copied.
            whole = name in ("fetch", "data")
            lines += [f"  {name:<12} {text}"] if whole else _wrapped(f"  {name:<12} ", text, width)
    for note in suite.notes:
        lines += _wrapped("  note         ", note, width)
    for name, prompt in (("system", suite.ask.system), ("user", suite.ask.user)):
        if prompt:
            lines += ["", f"  {name} prompt:", *(f"    {line}" for line in prompt.splitlines())]
    if suite.loglikelihood is not None:
        prompt = suite.loglikelihood.user
        lines += ["", "  prompt for log-likelihoods:", *(f"    {line}" for line in prompt.splitlines())]
    return lines


def figure_lines(run: SuiteRun, width: int) -> list[Line]:
    """The figures of a run: every candidate's, then the differences, then what each claim rests on."""
    figures = run.figures
    level = f"{100 * (1 - figures.alpha):g} %"
    title = f"{run.suite.task.name}: the suite's own figures"
    lines = [Line(""), Line(title, "bold")]
    headings = [Heading("figure", 4, left=True), Heading("value", 5), Heading(level, 3), Heading("items", 2)]
    rows = [
        Row(clean_line(one.candidate, 60), (one.title, _value(one), _interval(one), f"{one.items:,}"))
        for one in figures.own
    ]
    lines += laid_out("candidate", headings, rows, width)
    if figures.differences:
        lines.append(Line(""))
        rows = [
            Row(
                f"{clean_line(one.candidate, 40)} - {clean_line(one.against or '', 40)}",
                (one.title, _value(one), _interval(one), f"{one.items:,}"),
            )
            for one in figures.differences
        ]
        lines += laid_out("difference", headings, rows, width)
    for text in [*_claims(run), *(f"Not computed: {each}" for each in figures.missing), *run.suite.notes]:
        lines += [Line(part, "dim", 2) for part in textwrap.wrap(text, max(40, width - 2), subsequent_indent="  ")]
    return lines


def _claims(run: SuiteRun) -> Iterable[str]:
    figures = run.figures
    if len(run.evidence.columns) == 1:
        yield "One candidate: it was measured and compared with nobody, so there is no verdict. Add -m for a second."
    elif run.decision is None:
        yield "The comparison was cut short, so there is no verdict."
    over = "groups of related items" if _clustered(run) else "items"
    yield (
        f"Figures: {100 * (1 - figures.alpha):g} % intervals over {over} (a bootstrap where the figure is no mean of "
        "items), each by itself, for a sample of fixed size. "
        f"Answers: {run.protocol}, {run.suite.shots or 'no'} examples; data {run.suite.digest}."
    )
    if run.decision is not None:
        yield (
            f"The verdict rests on the scores ({figures.raced}) and its guarantee holds whenever it stopped; "
            "the figures are shown beside it and decide nothing."
        )
        if not figures.complete:
            yield "The comparison stopped before every item was asked; --all asks them all, for figures of the whole."
    elif not figures.complete:
        yield "Not every item was answered: the figures are of those that were."
    if len(run.suite.task.items) < run.suite.whole:
        yield f"{len(run.suite.task.items):,} of the {run.suite.whole:,} items in these data, drawn at random."
    for name, why in run.dead.items():
        yield f"{name} {why}"


def _clustered(run: SuiteRun) -> bool:
    return any(item.cluster is not None for item in run.suite.task.items)


def _percent(figure: Figure) -> bool:
    return METRICS[figure.metric].percent if figure.metric in METRICS else True


def _value(figure: Figure) -> str:
    sign = "+" if figure.against is not None and figure.value else ""
    return f"{100 * figure.value:{sign}.1f} %" if _percent(figure) else f"{figure.value:{sign}.3g}"


def _interval(figure: Figure) -> str:
    if figure.interval is None:
        return "no variation"
    low, high = figure.interval
    return f"{100 * low:.1f} to {100 * high:.1f}" if _percent(figure) else f"{low:.3g} to {high:.3g}"


def _wrapped(lead: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(40, width), initial_indent=lead, subsequent_indent=" " * len(lead))
