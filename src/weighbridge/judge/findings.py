"""What must be said before a judge's verdict is believed, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.judge.controls import TOO_GOOD
from weighbridge.judge.judgement import Asked, Graded
from weighbridge.judge.pairwise import FEWEST_FOR_LENGTH, Standing, Steadiness

SWAYED = 0.01
"""p value of the flips below which the judge is said to favour a place."""

FLIPS = 0.2
"""Share of pairs with contradictory verdicts above which the judge is called unsteady."""

UNREAD = 0.05

APART = 0.2
"""Mean log ratio of lengths beyond which answers are called longer or shorter: about a fifth."""


def findings_of(
    standings: Sequence[Standing],
    graded: Sequence[Graded],
    controls: Sequence[Standing] | Sequence[Graded],
    steady: Steadiness | None,
    asked: Asked,
    reference_kin: Sequence[str],
) -> tuple[str, ...]:
    """Sentences, the gravest first; empty where nothing speaks against the judge."""
    found = [*_controls(controls, standings, graded)]
    if steady is not None:
        found += _order(steady)
        found += _length(standings, asked)
    found += _kin(standings or graded, asked, reference_kin)
    unread = sum(one.unreadable for one in graded)
    of = sum(one.items + one.unreadable for one in graded)
    if unread > UNREAD * max(of, 1):
        found.append(f"{unread} of {of} ratings could not be read; they are left out, not counted as bad answers")
    return tuple(found)


def _controls(
    controls: Sequence[Standing] | Sequence[Graded], standings: Sequence[Standing], graded: Sequence[Graded]
) -> list[str]:
    found = []
    worst = min((one.score.value for one in graded), default=1.0)
    for one in controls:
        name = one.model.removeprefix("control: ")
        if isinstance(one, Standing):
            if one.raw.value >= TOO_GOOD:
                found.append(
                    f"the judge can be gamed: a text that answers nothing ({name}) wins {one.raw.value:.0%} of "
                    f"{one.items} comparisons, and must lose nearly all"
                )
        elif one.score.value >= max(TOO_GOOD, worst - 1e-9) or one.score.value >= 0.4:
            found.append(
                f"the judge can be gamed: a text that answers nothing ({name}) is rated {one.score.value:.2f} over "
                f"{one.items} items; the worst candidate has {worst:.2f}"
            )
    del standings
    return found


def _order(steady: Steadiness) -> list[str]:
    found = []
    place = "first" if steady.first * 2 >= steady.flipped else "second"
    times = max(steady.first, steady.flipped - steady.first)
    if steady.p_value < SWAYED and steady.flipped:
        found.append(
            f"the judge favours the answer that stands {place}: of {steady.flipped} verdicts that the order turned "
            f"round, {times} went to it (p = {steady.p_value:.2g}); both orders are averaged, so the win rates are "
            "not shifted by it, only blunted"
        )
    elif steady.share > FLIPS:
        found.append(
            f"the judge is unsteady: {steady.flipped} of {steady.pairs} verdicts ({steady.share:.0%}) turn round "
            "with the order of the answers"
        )
    asked = 2 * steady.pairs
    if steady.unreadable > UNREAD * max(asked, 1):
        found.append(f"{steady.unreadable} of {asked} verdicts could not be read and count as ties")
    return found


def _length(standings: Sequence[Standing], asked: Asked) -> list[str]:
    found = []
    for one in standings:
        control = one.controlled
        if control is None or not control.slope.interval[0] > 0:
            continue
        turned = (one.raw.value - 0.5) * (control.rate.value - 0.5) < 0
        more = "; at equal length the verdict turns round" if turned else ""
        found.append(
            f"verdicts on {one.model} go with length: raw win rate {one.raw.value:.1%}, at equal length "
            f"{control.rate.value:.1%}{more}"
        )
    for one in standings:
        control = one.controlled
        if control is None and one.items >= FEWEST_FOR_LENGTH and abs(one.longer) > APART:
            side = "longer" if one.longer > 0 else "shorter"
            found.append(
                f"answers of {one.model} are {side} than those of {asked.against}, hardly any the other way round: "
                "how it would fare at equal length cannot be told"
            )
        if control is not None and control.slope.interval[1] < 0:
            found.append(f"verdicts on {one.model} favour the shorter answer")
    return found


def _kin(judged: Sequence[Standing] | Sequence[Graded], asked: Asked, reference_kin: Sequence[str]) -> list[str]:
    found = [
        f"the judge and {one.model} are of one family ({', '.join(one.kin)}): it may favour its own kin"
        for one in judged
        if one.kin
    ]
    if reference_kin:
        found.append(
            f"the judge and the reference candidate {asked.against} are of one family ({', '.join(reference_kin)}): "
            "it may favour its own kin"
        )
    return found
