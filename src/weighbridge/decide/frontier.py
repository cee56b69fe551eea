"""The frontier of quality, cost and risk: who is beaten by nobody in all of them together."""

from __future__ import annotations

from weighbridge.decide.aspects import stays
from weighbridge.decide.bench import Judged
from weighbridge.decide.counsel import Standpoint


def frontier(judged: Judged) -> list[Standpoint]:
    """Everybody's quality, cost and risk, in the order of the candidates; empty where nothing is demanded.

    Risk is three things that are not added up: demands of which it is not known whether they are met, the
    probability that it is gone before the demanded months are over, and whether what is sent leaves one's machines.
    What is not known of a candidate neither beats anybody nor saves it from being beaten by whom it is known of.
    """
    if judged.terms.nothing:
        return []
    points = [_standpoint(judged, k) for k in range(len(judged.standing.names))]
    found = []
    for point in points:
        if not point.eligible or point.score is None:
            found.append(point)
            continue
        beaten = next((other.candidate for other in points if _beats(other, point)), None)
        found.append(_placed(point, beaten))
    return found


def _standpoint(judged: Judged, k: int) -> Standpoint:
    name = judged.standing.names[k]
    mine = [finding for finding in judged.findings if finding.candidate == name]
    stay = next((stays(finding) for finding in mine if finding.dimension == "continuity"), None)
    hosting = judged.terms.subject(judged.run.evidence.columns[k]).hosting
    return Standpoint(
        candidate=name,
        score=judged.standing.mean(k),
        cost_per_1000=judged.costs[k],
        open_questions=sum(finding.met == "unknown" for finding in mine),
        gone=None if stay is None else 1 - stay,
        leaves=None if hosting == "unknown" else hosting == "vendor",
        eligible=judged.met[k] != "not met" and name not in judged.run.dead,
    )


def _beats(other: Standpoint, point: Standpoint) -> bool:
    """At least as good in everything and better in something; figures of `other` must be known."""
    if other.candidate == point.candidate or not other.eligible or other.score is None:
        return False
    gaps: list[float] = [other.score - (point.score or 0.0), float(point.open_questions - other.open_questions)]
    for mine, theirs in (
        (point.cost_per_1000, other.cost_per_1000),
        (point.gone, other.gone),
        (
            None if point.leaves is None else float(point.leaves),
            None if other.leaves is None else float(other.leaves),
        ),
    ):
        if theirs is None:
            if mine is not None:
                return False
            continue
        # Unknown is as bad as anything that is known, and so no reason to stay on the frontier.
        gaps.append(1.0 if mine is None else mine - theirs)
    return all(gap >= -1e-12 for gap in gaps) and any(gap > 1e-12 for gap in gaps)


def _placed(point: Standpoint, beaten: str | None) -> Standpoint:
    import msgspec

    return msgspec.structs.replace(point, on=beaten is None, beaten_by=beaten)
