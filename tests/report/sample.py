"""Decisions to draw: correlated random scores, summarised by the textbook.

`decide` makes the real ones; these reach the corners it seldom visits (unknown costs, hostile names, 20 candidates).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from weighbridge.decide import (
    Calls,
    CandidateResult,
    Cost,
    Decision,
    PairResult,
    TracePoint,
    Verdict,
)
from weighbridge.evidence import NOT_ASKED, Column, Evidence, Finding, Question, Side

HOSTILE = "</script><img src=x onerror=window.broken=1>\u202egnp.exe\x00\ud83d<!--{{ 7*7 }}' \"onload=1"

NAMES = ("qwen2.5-7b", "gpt-4.1-mini", "llama-3.1-8b", "claude-haiku", "keyword rules", "mistral-nemo", "gemma-2-9b")
SIDES: tuple[Side, ...] = ("open", "closed", "open", "closed", "rule", "open", "open")
TEAMS = ("billing", "shipping", "returns", "technical")


@dataclass(frozen=True)
class Sample:
    decision: Decision
    evidence: Evidence


def _names(count: int) -> list[tuple[str, Side]]:
    return [
        (NAMES[i] if i < len(NAMES) else f"candidate {i + 1} with a long name", SIDES[i % len(SIDES)])
        for i in range(count)
    ]


def evidence(candidates: int = 4, items: int = 300, seed: int = 1, answers: bool = True) -> Evidence:
    """K candidates of falling quality; the last leave early; rules cost nothing, the fourth has no known price."""
    rng = np.random.default_rng(seed)
    people = _names(candidates)
    hardness = rng.normal(0, 1, items)
    skill = np.linspace(1.35, -0.2, candidates)
    score = (skill[:, None] - hardness + rng.normal(0, 0.7, (candidates, items)) > 0).astype(float)
    status = np.where(score > 0, 0, 0).astype(np.uint8)
    wrong = (score == 0) & (rng.random(score.shape) < 0.12)
    status[wrong] = rng.choice([1, 2, 3, 4], int(wrong.sum()), p=[0.3, 0.2, 0.4, 0.1])
    latency = rng.lognormal(np.linspace(-0.9, 0.6, candidates)[:, None], 0.45, score.shape)
    tokens_out = rng.integers(3, 40, score.shape).astype(float)
    tokens_in = np.broadcast_to(rng.integers(80, 400, items).astype(float), score.shape).copy()
    price = np.array([[0.0, np.nan][i % 2] if i in (4, 3) else 0.25 * 3.0**i for i in range(candidates)])
    price = np.where(np.arange(candidates) > 4, 0.4 * (1 + np.arange(candidates)), price)
    cost = (tokens_in + 4 * tokens_out) * price[:, None] / 1e6
    order = rng.permutation(items)
    for k in range(candidates):
        stop = items if k < 2 else max(40, int(items * (0.9 - 0.8 * k / candidates)))
        unasked = order[stop:]
        for table in (score, cost, latency, tokens_in, tokens_out):
            table[k, unasked] = np.nan
        status[k, unasked] = NOT_ASKED
    truth = rng.integers(0, len(TEAMS), items)

    def answer(k: int, n: int) -> str | None:
        if status[k, n] in (NOT_ASKED, 4):
            return None
        if status[k, n] == 1:
            return "I'm sorry, but I can't help with that request."
        team = TEAMS[truth[n]] if score[k, n] > 0 else TEAMS[(truth[n] + 1 + k) % len(TEAMS)]
        return f"The customer writes about an order.\n\nTeam: {team}"

    return Evidence(
        columns=tuple(
            Column(name, side, spec=f"http://127.0.0.1:8000/v1#{name}", cost_known=bool(np.isfinite(price[k])))
            for k, (name, side) in enumerate(people)
        ),
        items=tuple(f"ticket-{n:04d}" for n in range(items)),
        order=order,
        score=score,
        status=status,
        cost=cost,
        latency=latency,
        first_token=latency * 0.3,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        repeats=np.ones(candidates, dtype=np.int64),
        within=np.full(score.shape, np.nan),
        answers=tuple(tuple(answer(k, n) for n in range(items)) for k in range(candidates)) if answers else None,
        extracted=tuple(
            tuple(None if status[k, n] else (answer(k, n) or "").rpartition(" ")[2] for n in range(items))
            for k in range(candidates)
        )
        if answers
        else None,
        questions=tuple(
            f"Hello, my parcel {1000 + n} has not come although the tracking page says it was delivered on Monday. "
            f"Please tell me what to do. Regards, customer {n}."
            for n in range(items)
        )
        if answers
        else None,
        references=tuple(TEAMS[t] for t in truth) if answers else None,
        meta={"channel": tuple(("mail", "chat", "form")[n % 3] for n in range(items))} if answers else {},
    )


def _interval(values: np.ndarray, width: float = 3.0) -> tuple[float, float]:
    half = width * np.sqrt(max(values.mean() * (1 - values.mean()), 0.02) / len(values))
    return float(max(0, values.mean() - half)), float(min(1, values.mean() + half))


def _result(table: Evidence, k: int) -> CandidateResult:
    asked = table.asked[k]
    column, drawn = table.columns[k], int(asked.sum())
    values, cost, latency = table.score[k, asked], table.cost[k, asked], table.latency[k, asked]
    priced = bool(np.isfinite(cost).all())
    mean = float(cost.mean() * 1000) if priced else None
    out = drawn < table.score.shape[1]
    return CandidateResult(
        name=column.name,
        side=column.side,
        score=float(values.mean()),
        interval=_interval(values),
        items=drawn,
        spec=column.spec,
        simulated=column.simulated,
        cost_per_1000=mean,
        cost_interval=(mean * 0.93, mean * 1.07) if mean is not None else None,
        cost_spent=float(cost.sum()) if priced else None,
        latency_p50=float(np.median(latency)),
        latency_p95=float(np.quantile(latency, 0.95)),
        latency_p95_interval=(float(np.quantile(latency, 0.92)), float(np.quantile(latency, 0.98))),
        first_token_p50=float(np.median(latency) * 0.3),
        tokens_in=float(np.nanmean(table.tokens_in[k])),
        tokens_out=float(np.nanmean(table.tokens_out[k])),
        statuses=table.statuses(k),
        out=f"more than 2 points below {table.columns[0].name}" if out else None,
        out_at=drawn if out else None,
        certified_epsilon=0.0 if k == 0 else 0.01 + 0.005 * k,
    )


def _trace(table: Evidence) -> list[TracePoint]:
    size = table.score.shape[1]
    drawn = table.score[:, table.order]
    points = []
    for look in np.unique(np.round(np.geomspace(4, size, 60)).astype(int)):
        rows = [row[:look][np.isfinite(row[:look])] for row in drawn]
        spans = [_interval(row) for row in rows]
        points.append(
            TracePoint(
                items=int(look),
                calls=sum(len(row) for row in rows),
                score=[float(row.mean()) for row in rows],
                low=[low for low, _ in spans],
                high=[high for _, high in spans],
                alive=[bool(len(row) == look) for row in rows],
                leader=0,
            )
        )
    return points


def _pair(table: Evidence, a: int, b: int) -> PairResult:
    both = table.asked[a] & table.asked[b]
    gap = table.score[a, both] - table.score[b, both]
    half = float(3 * (gap.std() + 0.1) / np.sqrt(len(gap)))
    mean = float(gap.mean())
    return PairResult(
        a=table.columns[a].name,
        b=table.columns[b].name,
        items=len(gap),
        win=int((gap > 0).sum()),
        tie=int((gap == 0).sum()),
        loss=int((gap < 0).sum()),
        difference=mean,
        interval=(mean - half, mean + half),
    )


def sample(candidates: int = 4, items: int = 300, seed: int = 1, answers: bool = True) -> Sample:
    """A whole decision with its evidence."""
    table = evidence(candidates, items, seed, answers)
    results = [_result(table, k) for k in range(candidates)]
    best, second = results[0], results[min(1, candidates - 1)]
    made = int(table.asked.sum())
    spent = sum(result.cost_spent or 0.0 for result in results)
    return Sample(
        Decision(
            verdict=Verdict(
                kind="best",
                candidates=[best.name],
                sentence=(
                    f"Use {best.name}: it scores {100 * best.score:.1f} %, at most 2 points below the best of "
                    f"{candidates} (95 % sure, for the traffic the items were drawn from), "
                    "at $0.06 per 1,000 requests."
                ),
                reasons=[f"{best.name} leads {second.name} by 2.3 points on the items both answered"],
                would_change=[
                    f"A rise of {second.name} by 4.1 points.",
                    f"An epsilon of 0.5 points would have left {best.name} and {second.name} undecided.",
                ],
                stopped="decided",
            ),
            question=Question(),
            claim="population",
            alpha=0.05,
            items=items,
            units=items,
            unit="item",
            items_drawn=items,
            seed=seed,
            calls=Calls(made=made, exhaustive=candidates * items, from_store=made // 3, retries=7),
            cost=Cost(spent=spent, exhaustive=spent * 2.1, now=spent * 0.6),
            candidates=results,
            pairs=[_pair(table, a, b) for a in range(min(candidates, 6)) for b in range(a + 1, min(candidates, 6))],
            findings=[
                Finding(
                    "cost", "met", "Costs $0.06 per 1,000 requests, limit $1.00.", best.name, 0.06, (0.05, 0.07), 1
                ),
                Finding(
                    "latency",
                    "not met",
                    "95 % of requests take up to 1.62 s, limit 1.00 s.",
                    second.name,
                    1.62,
                    (1.4, 1.9),
                    1.0,
                    would_change="A machine twice as fast.",
                ),
                Finding("cost", "unknown", "No price is stated.", results[-1].name, would_change="State its price."),
            ],
            warnings=["12 of 300 items have a reference that no candidate ever reached: check them."],
            trace=_trace(table),
            title="Support desk: route a request to a team",
            seconds=83.4,
            version="0.1.0",
        ),
        table,
    )


def hostile(items: int = 40) -> Sample:
    """Every text a stranger may write holds markup, control characters and half a surrogate pair."""
    base = sample(3, items)
    bad = [f"{HOSTILE} {k}" for k in range(3)]
    columns = tuple(replace(column, name=bad[k]) for k, column in enumerate(base.evidence.columns))
    width = "W" * 3000 + HOSTILE
    table = replace(
        base.evidence,
        columns=columns,
        items=tuple(f"{HOSTILE}{n}" for n in range(items)),
        answers=tuple(
            tuple(HOSTILE * 3 if n % 3 else ("x" * 1_000_000 if n == 0 and k == 0 else width) for n in range(items))
            for k in range(3)
        ),
        extracted=tuple(tuple(HOSTILE for _ in range(items)) for _ in range(3)),
        questions=tuple(f"{HOSTILE} {n} <script>window.broken=1</script>" for n in range(items)),
        references=tuple(HOSTILE for _ in range(items)),
        meta={HOSTILE: tuple(HOSTILE for _ in range(items))},
    )
    old = base.decision
    import msgspec

    decision = msgspec.structs.replace(
        old,
        title=HOSTILE,
        verdict=Verdict("best", [bad[0]], f"Use {bad[0]}", [HOSTILE], [HOSTILE], "decided"),
        candidates=[
            msgspec.structs.replace(result, name=bad[k], spec=HOSTILE, out=HOSTILE if k else None)
            for k, result in enumerate(old.candidates)
        ],
        pairs=[PairResult(bad[0], bad[1], 40, 20, 10, 10, 0.25, (0.1, 0.4))],
        findings=[Finding(HOSTILE, "unknown", HOSTILE, bad[0], evidence=(HOSTILE,), would_change=HOSTILE)],
        warnings=[HOSTILE],
        simulated=True,
    )
    return Sample(decision, table)
