"""Retirements predicted by a catalogue frozen in the past, against the constant base rate.

    python benchmarks/continuity.py

For each day of freezing: what was known then (versions released by then, ends announced by then) predicts which of
the versions served then are retired some months later. Beside it two constants: the base rate that was known then
(the share of versions served as many months earlier that had gone by then), and that of hindsight (the share that
did go, which nobody knew). Brier score: mean squared error of the probability; lower is better.
"""

from __future__ import annotations

import statistics
from datetime import date, timedelta

from weighbridge.audit.continuity.lifetimes import MONTH, STALE, Basis, record
from weighbridge.audit.continuity.people import absence_factor
from weighbridge.catalog.versions import Version, versions

READ = date(2026, 11, 21)
"""The day the catalogue's rows were read; outcomes are known until then."""

ANCHOR = (date(2025, 6, 30), READ)
BACKTESTS = tuple(
    (start, start + timedelta(days=round(months * MONTH)))
    for start in (date(2024, 6, 30), date(2024, 12, 31), date(2025, 6, 30), date(2025, 11, 30))
    for months in (6, 12)
    if start + timedelta(days=round(months * MONTH)) <= READ
)


def outcome(version: Version, end: date) -> bool | None:
    """Whether it was retired by `end`; None where its row was read too early to say."""
    if version.ended(end):
        return True
    return False if version.seen >= end - STALE else None


def scores(start: date, end: date) -> tuple[int, float, float, float, float, list[tuple[float, bool, Basis]]]:
    """Versions, share retired, and Brier scores: ours, the base rate known then, that of hindsight."""
    rows = versions()
    known = record(rows.values(), start)
    months = (end - start).days / MONTH
    at_risk = [
        (one, happened)
        for one in known.versions
        if not one.ended(start) and (happened := outcome(rows[one.id], end)) is not None
    ]
    predicted = [
        (1 - known.outlook(one, months).chance.value, happened, known.outlook(one, months).basis)
        for one, happened in at_risk
    ]
    before = start - (end - start)
    earlier = [one for one in rows.values() if one.released and one.released <= before and not one.ended(before)]
    rate = statistics.fmean(one.ended(start) for one in earlier) if earlier else 0.5
    share = statistics.fmean(happened for _, happened, _ in predicted)

    def brier(probabilities: list[float]) -> float:
        return statistics.fmean(
            (probability - happened) ** 2
            for probability, (_, happened, _) in zip(probabilities, predicted, strict=True)
        )

    number = len(predicted)
    ours = brier([probability for probability, _, _ in predicted])
    return number, share, ours, brier([rate] * number), share * (1 - share), predicted


def main() -> None:
    curve = record(versions().values(), READ).curve
    assert curve is not None
    print(f"{curve.number} versions, {sum(curve.ended)} retired by {READ}; half last {curve.median():.1f} months")
    print("\nBrier score of retirements predicted")
    print(f"{'frozen':<12}{'until':<12}{'served':>7}{'retired':>9}{'ours':>8}{'base rate':>11}{'hindsight':>11}")
    for start, end in (ANCHOR, *BACKTESTS):
        number, share, ours, constant, hindsight, _ = scores(start, end)
        mark = "  <- the anchor" if (start, end) == ANCHOR else ""
        print(
            f"{start!s:<12}{end!s:<12}{number:>7}{share:>9.0%}{ours:>8.3f}{constant:>11.3f}{hindsight:>11.3f}{mark}"
        )
    predicted = scores(*ANCHOR)[-1]
    print("\nThe anchor by what the prediction rested on")
    for basis in ("announced", "planned", "promise", "record"):
        these = [(probability, happened) for probability, happened, why in predicted if why == basis]
        if these:
            said = statistics.fmean(probability for probability, _ in these)
            came = statistics.fmean(happened for _, happened in these)
            print(f"  {basis:<10}{len(these):>4} versions: {said:.2f} predicted, {came:.2f} came")
    print("\nCHAOSS worked examples (expected 2 and 4)")
    print(f"  contributor absence factor {absence_factor([1000, 202, 90, 33, 332, 343, 42, 433])}")
    print(f"  elephant factor            {absence_factor([125] * 8)}")


if __name__ == "__main__":
    main()
