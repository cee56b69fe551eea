"""What holds for every job and every licence: less is never forbidden, more is never freer, unknown never allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.audit.licence import Component, Gathered, LicenceAudit, Statement, audit_components
from weighbridge.audit.licence.ruling import VERDICTS
from weighbridge.catalog.licences import catalogue_of_licences
from weighbridge.evidence.requirements import Job

KNOWN = catalogue_of_licences()
NAMES = sorted(KNOWN.licences)
ROLES = ("weights", "service", "base", "adapter", "code", "tokenizer", "data", "outputs")
USES = ("internal", "service", "ship_weights", "ship_product", "train_model")

plain = st.sampled_from([*NAMES, "LicenseRef-nobody-knows"])
expressions = st.one_of(
    plain,
    st.tuples(plain, st.sampled_from(["AND", "OR"]), plain).map(" ".join),
    st.tuples(plain, plain, plain).map(lambda names: f"{names[0]} OR ({names[1]} AND {names[2]})"),
)
numbers = st.sampled_from([None, 0, 1_000_000, 100_000_000, 100_000_001, 700_000_001, 3_000_000_000])
jobs = st.builds(
    Job,
    use=st.lists(st.sampled_from(USES), min_size=1, unique=True).map(tuple),
    commercial=st.booleans(),
    country=st.sampled_from([None, "DE", "US", "NO"]),
    users_in=st.sampled_from([(), ("DE",), ("US",)]),
    monthly_users=st.one_of(numbers.filter(lambda number: number != 0), st.just(None)),
    yearly_revenue=numbers,
    field=st.sampled_from(
        [None, "medicine", "medical advice", "justice", "military", "finance", "research", "xyzzy"]
    ),
    modality=st.sampled_from([("text",), ("text", "image")]),
    modified=st.booleans(),
)


def components(named: Any) -> Any:
    made = st.builds(
        lambda role, name, inherited: Component(role, "it", (Statement(name, "a test"),), inherited=inherited),
        st.sampled_from(ROLES),
        named,
        st.booleans(),
    )
    return st.lists(made, min_size=1, max_size=3).map(tuple)


def asked(parts: tuple[Component, ...], job: Job, multimodal: bool | None = None) -> LicenceAudit:
    return audit_components("it", Gathered(parts, multimodal), job, KNOWN)


def rank(audit: LicenceAudit) -> int:
    return VERDICTS.index(audit.verdict)


def smaller_jobs(job: Job) -> list[Job]:
    """Everything that asks for less than `job` in one respect."""
    changes: list[dict[str, Any]] = [{"use": tuple(one for one in job.use if one != use)} for use in job.use]
    changes += [{"commercial": False}, {"modified": False}, {"modality": ("text",)}]
    if job.monthly_users is not None:
        changes += [{"monthly_users": job.monthly_users // 2}, {"monthly_users": 1}]
    if job.yearly_revenue is not None:
        changes += [{"yearly_revenue": job.yearly_revenue / 2}, {"yearly_revenue": 0.0}]
    return [msgspec.structs.replace(job, **change) for change in changes if change.get("use", True)]


@settings(max_examples=150, deadline=None)
@given(components(expressions), jobs, st.sampled_from([None, True, False]))
def test_a_smaller_job_never_fares_worse(parts: tuple[Component, ...], job: Job, multimodal: bool | None) -> None:
    before = rank(asked(parts, job, multimodal))
    for less in smaller_jobs(job):
        assert rank(asked(parts, less, multimodal)) <= before, less


@settings(max_examples=150, deadline=None)
@given(components(plain), components(plain), jobs)
def test_another_component_never_frees_of_a_duty(
    parts: tuple[Component, ...], more: tuple[Component, ...], job: Job
) -> None:
    alone, together = asked(parts, job), asked(parts + more, job)
    assert rank(together) >= rank(alone)
    assert {ruling.says for ruling in alone.duties} <= {ruling.says for ruling in together.duties}
    assert {ruling.says for ruling in alone.of("forbids")} <= {ruling.says for ruling in together.of("forbids")}


@settings(max_examples=150, deadline=None)
@given(
    components(expressions), jobs, st.sampled_from(ROLES), st.sampled_from([None, "nobody-knows", "MIT AND x", "("])
)
def test_what_is_not_known_is_never_allowed(
    parts: tuple[Component, ...], job: Job, role: Any, says: str | None
) -> None:
    unknown = Component(role, "that", (Statement(says, "a test"),))
    audit = asked((*parts, unknown), job)
    assert audit.verdict in ("unknown", "not allowed")
    assert audit.met != "met"


@settings(max_examples=100, deadline=None)
@given(components(expressions), jobs)
def test_a_doubt_or_silence_is_never_allowed(parts: tuple[Component, ...], job: Job) -> None:
    doubted = msgspec.structs.replace(
        parts[0],
        statements=tuple(msgspec.structs.replace(one, doubt="it looks changed") for one in parts[0].statements),
    )
    silent = msgspec.structs.replace(parts[0], statements=())
    for changed in (doubted, silent):
        assert asked((changed, *parts[1:]), job).verdict in ("unknown", "not allowed")


@settings(max_examples=100, deadline=None)
@given(components(expressions), jobs)
def test_everything_said_has_its_clause_or_is_unknown(parts: tuple[Component, ...], job: Job) -> None:
    audit = asked(parts, job)
    for ruling in audit.rulings:
        assert ruling.says
        assert ruling.component
        if ruling.clause is None:
            assert ruling.kind == "unclear"
        else:
            assert ruling.clause.clause
            assert ruling.clause.source
            assert ruling.clause.seen
            assert set(ruling.clause.source) <= set(audit.sources)
        assert (ruling.kind == "condition") == bool(ruling.ways)
    assert audit.disclaimer in audit.finding().statement
    assert (audit.would_change is None) == (audit.met == "met")
    assert msgspec.json.decode(msgspec.json.encode(audit), type=LicenceAudit) == audit


@settings(max_examples=60, deadline=None)
@given(components(plain), jobs)
def test_what_would_change_it_was_asked_again(parts: tuple[Component, ...], job: Job) -> None:
    audit = asked(parts, job)
    for change in audit.changes:
        assert VERDICTS.index(change.verdict) < rank(audit)


def test_a_gathered_target_is_joined_with_another() -> None:
    one = Gathered((Component("weights", "a", (Statement("MIT", "x"),)),), True, ("d",), ("n",))
    other = replace(one, multimodal=False)
    assert one.with_(other) == Gathered(one.components * 2, True, ("d", "d"), ("n", "n"))
