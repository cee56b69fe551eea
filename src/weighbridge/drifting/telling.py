"""The state of one candidate in words and figures: what is established, what the vendor says, what a look can see."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from weighbridge.drifting.anchors import Anchored
from weighbridge.drifting.compared import moment, named, new_answers
from weighbridge.drifting.result import CandidateDrift, Cause, LookResult, State
from weighbridge.evidence import Finding
from weighbridge.evidence.words import count, percent, signed
from weighbridge.stats.drift import change_seen, log_threshold, over_looks
from weighbridge.store import Store

GUESSED_SD = 0.35
"""Standard deviation of an anchor's change before any was measured: right and wrong answers, rarely others."""


def told_of(one: Anchored, store: Store, watched: int, alpha: float, *, ask: bool) -> CandidateDrift:
    """What is known of one candidate now."""
    record = one.record
    never = one.new_baseline and not ask
    kept = store.get_many(key for row in one.keys(one.baseline.repeats) for key in row)
    one.kept = kept
    looks = () if never else tuple(record.looks)
    under_way = None if never else record.open
    fresh = [a for row in new_answers(one, under_way, store) for a in row] if under_way is not None else []
    then, now = named(kept.values()), named(fresh)
    versions = _new([*(look.versions for look in looks), now.versions], then.versions)
    fingerprints = _new([*(look.fingerprints for look in looks), now.fingerprints], then.fingerprints)
    threshold = log_threshold(watched, alpha)
    total = over_looks([look.log_e for look in looks])
    causes = (*(("version",) if versions else ()), *_tested(looks, threshold))
    since = one.kept_since()
    state: State = "not shown" if looks else "never" if never else "begun"
    if causes:
        state = "changed"
    elif one.contender.down is not None:
        state = "down"
    elif under_way is not None or (ask and not record.ready):
        state = "unfinished"
    found = CandidateDrift(
        name=one.name,
        spec=one.contender.candidate.model.spec,
        state=state,
        sentence="",
        anchors=len(one.items),
        kept_since=moment(since) if since is not None else None,
        kept_versions=then.versions,
        kept_fingerprints=then.fingerprints,
        evidence=math.exp(min(total - threshold, 700.0)),
        error=min(1.0, watched * math.exp(-max(total, -700.0))),
        new_versions=versions,
        new_fingerprints=fingerprints,
        causes=causes,
        looks=looks,
        seen=change_seen(looks[-1].sd if looks else GUESSED_SD, len(one.items), len(looks), watched, alpha),
        simulated=one.contender.candidate.model.simulated,
    )
    return msgspec.structs.replace(found, sentence=_sentence(found, one.contender.down))


def findings_of(candidates: Sequence[CandidateDrift]) -> tuple[Finding, ...]:
    """One finding on each candidate's test, and one on each thing that its vendor says otherwise than before."""
    found: list[Finding] = []
    for one in candidates:
        tested = any(cause != "version" for cause in one.causes)
        found.append(
            Finding(
                "drift",
                "not met" if tested else "met" if one.looks else "unknown",
                one.sentence,
                candidate=one.name,
                value=one.last.change if one.last else None,
                interval=one.last.interval if one.last else None,
                would_change=_remedy(one) if one.causes else None,
            )
        )
        found += _said_otherwise(one)
    return tuple(found)


def _tested(looks: Sequence[LookResult], threshold: float) -> tuple[Cause, ...]:
    """What the tests establish; they share one threshold."""
    if over_looks([look.log_e for look in looks]) < threshold:
        return ()
    score = over_looks([look.log_e_score for look in looks])
    answers = over_looks([look.log_e_answers for look in looks])
    # Together they may reach what neither does alone: then the stronger one is named.
    level = min(threshold, max(score, answers))
    return (*(("score",) if score >= level else ()), *(("answers",) if answers >= level else ()))


def _new(said: Sequence[Sequence[str]], then: Sequence[str]) -> tuple[str, ...]:
    """Names that are not among those of the kept answers; none where those name nothing."""
    if not then:
        return ()
    return tuple(dict.fromkeys(name for names in said for name in names if name not in then))


def _said_otherwise(one: CandidateDrift) -> list[Finding]:
    found = []
    if one.new_versions:
        statement = (
            f"{one.name}: the vendor names the version {_quoted(one.new_versions)} now; for the kept answers it "
            f"named {_quoted(one.kept_versions)}"
        )
        remedy = "name a version that the vendor does not move (a dated name)"
        found.append(Finding("version", "not met", statement, candidate=one.name, would_change=remedy))
    if one.new_fingerprints:
        statement = (
            f"{one.name}: another system answers behind the model ({_quoted(one.new_fingerprints)}); vendors serve "
            "one version from several systems, so that this alone is no change of the model"
        )
        found.append(Finding("fingerprint", "unknown", statement, candidate=one.name))
    return found


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")


def _sentence(one: CandidateDrift, down: str | None) -> str:
    since = f"since {one.kept_since[:10]}" if one.kept_since else "since its answers were kept"
    if one.state == "down":
        return f"{one.name} does not answer: {down}."
    if one.state == "never":
        return f"{one.name} was not looked at yet: weighbridge drift keeps its answers to {one.anchors} anchors."
    if one.state == "unfinished":
        return (
            f"{one.name}: the look is not finished, and says nothing until it is; the same command goes on with it "
            "and pays for no answer twice."
        )
    if one.state == "begun":
        return (
            f"{one.name}: its answers to {count(one.anchors, 'anchor')} are kept; call again later to hold new ones "
            "against them."
        )
    parts = []
    if "version" in one.causes:
        parts.append(f"{one.name} has changed {since}: its vendor names {_quoted(one.new_versions)} now")
    if set(one.causes) & {"score", "answers"}:
        also = "its answers show it too" if parts else f"{one.name} has changed {since}"
        parts.append(f"{also}, {_sure(one.error)} sure")
    elif parts and one.looks:
        parts.append("its answers do not show it")
    last = one.last
    if last is None:
        return f"{'; '.join(parts)}."
    figures = (
        f"{percent(last.score_then)} then, {percent(last.score_now)} at the last look "
        f"({signed(last.change)} points); "
        f"its answers differ from the kept ones by {percent(last.apart)}, from each other by {percent(last.own)}"
    )
    if parts:
        return f"{'; '.join(parts)}: {figures}."
    return f"{one.name}: no change is shown {since} in {count(len(one.looks), 'look')}: {figures}."


def _sure(error: float) -> str:
    return "over 99.99 %" if error < 1e-4 else f"{100 * (1 - error):.4g} %"


def _remedy(one: CandidateDrift) -> str:
    return (
        f"let go of its stored answers (weighbridge store prune --candidate '{one.name}' --yes) and weigh again, or "
        "take it as it is now: weighbridge drift --renew"
    )
