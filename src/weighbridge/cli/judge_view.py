"""How `weighbridge judge` shows a judgement: findings first, then the table, then the bill."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from weighbridge.judge.judgement import Asked, Graded, Judgement
from weighbridge.judge.pairwise import Rate, Standing
from weighbridge.report.clean import clean_line


def show(found: Judgement, asked: Asked, screen: Any, price: str | None = None) -> None:  # noqa: ANN401 - a rich console; rich is imported late
    """Print the judgement on a rich console of 80 columns or more; `price` tells where a price not stated is from."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table

    def say(text: str, style: str = "") -> None:
        screen.print(Padding(escape(clean_line(text, 600)), (0, 0, 0, 2)), style=style)

    how = f"in pairs against {found.against}, both orders" if found.against else "each answer by itself"
    screen.print(escape(f"{clean_line(found.judge)} judges {clean_line(how)}: {found.items:,} items"), style="bold")
    if found.simulated:
        say("the judge is simulated: this shows how it works, not how the models are", "yellow")
    for finding in found.findings:
        say(f"! {finding}", "yellow")
    if not found.findings:
        say(f"nothing found against the judge; looked at: {', '.join(_looked_at(found))}")
    for note in found.notes:
        say(note, "dim")
    screen.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    if found.mode == "pairwise":
        for name in ("candidate", "wins", "at equal length", "won/tied/lost"):
            table.add_column(name, justify="left" if name == "candidate" else "right")
        for row in found.standings:
            level = _rate(row.controlled.rate) if row.controlled else "cannot be told"
            table.add_row(escape(clean_line(row.model, 40)), _rate(row.raw), level, f"{row.win}/{row.tie}/{row.loss}")
        for row in (one for one in found.controls if isinstance(one, Standing)):
            table.add_row(escape(row.model), _rate(row.raw), "", f"{row.win}/{row.tie}/{row.loss}", style="dim")
    else:
        for name in ("candidate", "score", "goes with length"):
            table.add_column(name, justify="left" if name == "candidate" else "right")
        for one in (*found.graded, *(one for one in found.controls if isinstance(one, Graded))):
            with_length = "-" if math.isnan(one.longer) else f"{one.longer:+.2f}"
            style = "dim" if one in found.controls else ""
            table.add_row(escape(clean_line(one.model, 40)), _rate(one.score), with_length, style=style)
    screen.print(Padding(table, (0, 0, 0, 2)))
    screen.print()
    if found.steadiness is not None and found.steadiness.pairs:
        steady = found.steadiness
        say(
            f"order: {steady.flipped} of {steady.pairs} verdicts turn round when the answers change places "
            f"({steady.share:.0%}), {steady.first} to the first and {steady.flipped - steady.first} to the second"
        )
    _calibrated(found, say)
    bill = found.replies
    money = "of unknown price" if bill.spent is None else f"worth {bill.spent:.4g}"
    say(f"the judge: {bill.made:,} calls now, {bill.from_store:,} replies from the store, {money}")
    if price:
        say(f"its price: {price}", "dim")
    say(f"intervals at {1 - asked.alpha:.0%}, for the items' population; a sample of a size fixed beforehand", "dim")


def _looked_at(found: Judgement) -> list[str]:
    parts = ["order of answers"] if found.steadiness is not None else []
    parts += ["length"] if any(one.controlled for one in found.standings) else []
    return parts + (["texts that must lose"] if found.controls else []) + ["kin", "replies that cannot be read"]


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * rate.value:.1f}% [{100 * low:.1f}, {100 * high:.1f}]"


def _calibrated(found: Judgement, say: Any) -> None:  # noqa: ANN401 - prints one line
    calibration = found.calibration
    if calibration is None:
        return
    for name, one in calibration.scores.items():
        low, high = one.interval
        say(
            f"on the human scale {name}: {one.value:.1%} [{100 * low:.1f}, {100 * high:.1f}] from {one.labelled} "
            f"labels and {one.unlabelled} judgements, worth {one.worth:.2f} labels each"
        )
    for name in calibration.left_out:
        say(f"{name}: too few labels to calibrate on")
    for title, of in (("Krippendorff's alpha", calibration.alpha), ("Cohen's kappa", calibration.kappa)):
        value = "not defined" if math.isnan(of.value) else f"{of.value:.2f}"
        say(f"judge and humans: {title} {value} [{of.interval[0]:.2f}, {of.interval[1]:.2f}] on {of.units} answers")
    say("the labelled answers must be a random part of all, or the human-scale figures do not hold", "dim")


def judgement_json(found: Judgement) -> str:
    """The judgement as JSON; scores as rows, replies as counts, NaN as null."""
    tree = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    tree["scores"] = [{"model": m, "item_id": i, "score": s} for (m, i), s in found.scores.items()]
    bill = found.replies
    tree["replies"] = {
        "made": bill.made,
        "from_store": bill.from_store,
        "failed": len(bill.failed),
        "spent": bill.spent,
        "spent_now": bill.spent_now,
        "stopped": bill.stopped,
    }
    return json.dumps(_plain(tree), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of the judgement
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
