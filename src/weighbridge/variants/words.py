"""What was found out about prompts, put together and put into words: what is claimed, and at which error."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge import __version__
from weighbridge.decide import Calls, Cost, Decision
from weighbridge.decide.words import about, count, listed, percent, points, signed, sureness
from weighbridge.evidence import Question
from weighbridge.variants.result import CandidateSpread, Sensitivity, Survival, Tuned, VariantVerdict
from weighbridge.weighing.run import Run

DECIDED = ("best", "non_inferior", "superior", "frontier", "none")


def told(
    title: str,
    question: Question,
    variants: Sequence[str],
    spreads: list[CandidateSpread],
    verdicts: list[VariantVerdict],
    tuned: Tuned | None,
    *,
    runs: Sequence[Run],
    decisions: Sequence[Decision],
    prompts: dict[str, str],
    contest: bool,
    ended: str | None,
    currency: str,
) -> Sensitivity:
    """The finding. `contest`: whether there was anybody to compare with; `ended`: what cut the weighing short."""
    first = runs[0]
    survival = survival_of(verdicts, len(variants)) if contest else "alone"
    simulated = any(column.simulated for column in first.evidence.columns)
    sentence = sentence_of(survival, spreads, verdicts, question, len(first.evidence.items), len(variants))
    made = sum(run.calls_made for run in runs)
    spent = [run.spent_now for run in runs]
    exhaustive = first.calls_exhaustive
    return Sensitivity(
        sentence=f"[simulated] {sentence}" if simulated else sentence,
        survival=survival,
        question=question,
        claim=question.claim,
        alpha=question.alpha,
        claims=claims_of(question, spreads, verdicts, tuned, len(variants)),
        variants=list(variants),
        candidates=spreads,
        verdicts=verdicts,
        tuned=tuned,
        items=len(first.evidence.items),
        asked=min((one.items for spread in spreads for one in spread.variants), default=0),
        seed=first.seed,
        calls=Calls(
            made=made,
            exhaustive=exhaustive,
            from_store=sum(run.calls_from_store for run in runs),
            retries=sum(run.retries for run in runs),
        ),
        cost=Cost(
            spent=None,
            now=None if any(one is None for one in spent) else float(sum(one or 0.0 for one in spent)),
            currency=currency,
        ),
        prompts=prompts,
        warnings=_warnings(runs, decisions, ended),
        simulated=simulated,
        title=title,
        version=__version__,
    )


def survival_of(verdicts: Sequence[VariantVerdict], variants: int) -> Survival:
    """Whether the verdicts agree. An undecided one neither agrees nor contradicts."""
    decided = [one.verdict for one in verdicts if one.verdict.kind in DECIDED]
    if len({(one.kind, tuple(sorted(one.candidates))) for one in decided}) > 1:
        return "changes"
    return "survives" if len(decided) == variants else "open"


def sentence_of(
    survival: Survival,
    spreads: Sequence[CandidateSpread],
    verdicts: Sequence[VariantVerdict],
    question: Question,
    items: int,
    variants: int,
) -> str:
    """One sentence: the verdict's fate, or for one candidate the spread."""
    ending = f"{sureness(question.alpha)}, {about(question.claim, items)}"
    widest = max(spreads, key=lambda one: one.spread or 0.0)
    if survival == "alone":
        return f"{_apart(widest)}; {ending}."
    spread = f"; {_apart(widest)}"
    by: dict[str, list[str]] = {}
    for one in verdicts:
        by.setdefault(_who(one), []).append(one.variant)
    if survival == "survives":
        return f"The verdict survives every one of {variants} prompts: {next(iter(by))}, {ending}{spread}."
    parts = "; ".join(f"{who} under {listed(names)}" for who, names in by.items())
    missing = variants - len(verdicts)
    left = f"; {count(missing, 'prompt')} not weighed" if missing else ""
    if survival == "changes":
        return f"The verdict changes with the prompt: {parts}{left}, {ending}{spread}."
    return f"No prompt contradicts another, but not all decide: {parts}{left}, {ending}{spread}."


def _who(one: VariantVerdict) -> str:
    verdict = one.verdict
    names = listed(verdict.candidates)
    match verdict.kind:
        case "best":
            return f"{names} is best"
        case "non_inferior":
            return f"{names} is non-inferior"
        case "superior":
            return f"{names} is superior"
        case "frontier":
            return f"{names} on the frontier"
        case "none":
            return "no candidate"
        case _:
            return "undecided"


def _apart(spread: CandidateSpread) -> str:
    """How far a candidate's prompts lie apart."""
    if spread.spread is None or spread.spread_interval is None:
        return f"{spread.name} was not asked enough to tell its prompts apart"
    low, high = spread.spread_interval
    scores = {one.variant: one.score or 0.0 for one in spread.variants}
    top, bottom = spread.best or "", spread.worst or ""
    between = f"between {points(low)} and {points(high)}" if spread.differs else f"at most {points(high)}"
    return (
        f"the prompt moves {spread.name} by {points(spread.spread)} "
        f"({top} {percent(scores[top])}, {bottom} {percent(scores[bottom])}; truly {between})"
    )


def claims_of(
    question: Question,
    spreads: Sequence[CandidateSpread],
    verdicts: Sequence[VariantVerdict],
    tuned: Tuned | None,
    variants: int,
) -> list[str]:
    """What is claimed, and how often each claim is wrong at most."""
    alpha = f"{100 * question.alpha:.4g} %"
    found = [
        f"All intervals of the {count(len(spreads), 'candidate')}' {variants} prompts and of their spreads hold "
        f"together; wrong in at most {alpha} of runs."
        if len(spreads) > 1
        else f"All intervals of its {variants} prompts and of their spread hold together; wrong in at most {alpha} "
        "of runs."
    ]
    if verdicts:
        found.append(
            f"The verdicts under all {variants} prompts hold together; wrong in at most {alpha} of runs "
            f"(each race at {100 * question.alpha / variants:.3g} %)."
        )
    if tuned is not None and tuned.verdict is not None:
        where = f"the {tuned.rest:,} items" if question.claim == "pool" else "the traffic"
        found.append(
            f"The verdict with the best prompts: chosen on {count(tuned.items, 'item')}, the same for everyone, and "
            f"judged on the other {tuned.rest:,}, about {where}; wrong in at most {alpha} of runs."
        )
    elif tuned is not None:
        found.append(
            f"The score with the best prompt: chosen on {count(tuned.items, 'item')}, and measured on others that "
            f"were asked; its interval is wrong in at most {alpha} of runs."
        )
    if len(found) > 1:
        found.append(
            f"Each statement stands by itself; that all are right fails in at most "
            f"{100 * min(1.0, question.alpha * len(found)):.4g} % of runs."
        )
    return found


def _warnings(runs: Sequence[Run], decisions: Sequence[Decision], ended: str | None) -> list[str]:
    lines = []
    if ended == "budget":
        lines.append("The budget ended before all was weighed: what is not there is left open.")
    elif ended is not None:
        lines.append(f"The weighing was cut short ({ended}): what is not there is left open.")
    for run in runs:
        lines += run.notes
    for decision in decisions:
        # Made-up answers are told of once; and each with its own prompt is just what was asked for.
        lines += [text for text in decision.warnings if "made up" not in text and "different prompts" not in text]
    return list(dict.fromkeys(lines))


def difference(verdict: VariantVerdict) -> str:
    """The winner against its nearest rival, in points with the interval; empty where there is none."""
    mine = [pair for pair in verdict.pairs if verdict.verdict.candidates and pair.a == verdict.verdict.candidates[0]]
    pair = min(mine, key=lambda one: one.difference, default=None)
    if pair is None:
        return ""
    low, high = pair.interval
    return f"{signed(pair.difference)} on {pair.b} ({signed(low)} to {signed(high)})"
