"""Continuity of a target: calendar, alarms, outlook, findings, engines."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from weighbridge.audit.continuity import audit_continuity, continuity_of, named_target
from weighbridge.audit.continuity.calendar import endings
from weighbridge.audit.continuity.engines import architecture, engines
from weighbridge.audit.continuity.lifetimes import KEPT, record
from weighbridge.audit.continuity.plan import plan_of
from weighbridge.audit.target import Target, find_target
from weighbridge.catalog.fact import Contest, Fact
from weighbridge.catalog.versions import Version, version_named, versions
from weighbridge.cli.continuity_view import lines
from weighbridge.errors import UsageError
from weighbridge.evidence import ContinuityFor

TODAY = date(2026, 11, 21)
YEAR = ContinuityFor(months=12)


@pytest.fixture(autouse=True)
def nobodys_facts(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_FACTS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def version(name: str, seen: str = "2026-11-21", **days: str) -> Version:
    facts = {
        title: Fact(value=value, confidence="A", source=("test",), seen=seen)
        for title, value in ({"vendor": "acme", "kind": "general"} | days).items()
    }
    return Version(f"acme/{name}", name, (), facts)


def asked(name: str, demand: ContinuityFor = YEAR):
    return audit_continuity(named_target(name), TODAY, version=name).finding(demand, candidate="it")


@pytest.mark.parametrize(
    ("left", "alarm"), [(200, None), (91, None), (90, 90), (31, 90), (30, 30), (8, 30), (7, 7), (1, 7)]
)
def test_alarms_come_90_30_and_7_days_before(left, alarm):
    one = version("a", released="2025-01-01", retires=(TODAY + timedelta(days=left)).isoformat())
    (found,) = endings([one], TODAY)
    assert found.alarm == alarm
    assert found.left == left


def test_the_calendar_begins_with_the_nearest_end():
    rows = [
        version("past", released="2024-01-01", retires="2026-11-01"),
        version("open", released="2024-01-01"),
        version("later", released="2024-01-01", retires="2027-06-01"),
        version("soon", released="2024-01-01", retires="2026-12-01", announced="2026-09-01"),
        version("kept", released="2024-01-01", not_before="2027-01-01"),
    ]
    found = endings(rows, TODAY)
    assert [one.version.name for one in found] == ["soon", "kept", "later", "open", "past"]
    assert found[0].notice == 91
    assert "in 10 days" in found[0].words()
    assert found[-1].words() == "ended 2026-11-01"
    assert found[1].alarm is None


def test_sources_that_disagree_are_told():
    doubt = Contest(value="2026-06-01", source="other")
    one = version("a", released="2025-01-01")
    fact = Fact(value="2027-01-01", confidence="A", source=("test",), seen="2026-11-21", contested_by=(doubt,))
    (found,) = endings([Version(one.id, one.name, (), one.facts | {"retires": fact})], TODAY)
    assert found.doubts == ("2026-06-01 by other",)


def test_what_was_announced_later_is_not_known_before():
    one = version("a", released="2024-01-01", announced="2026-01-01", retires="2026-07-01", status="deprecated")
    before, after = one.as_of(date(2025, 12, 31)), one.as_of(date(2026, 1, 1))
    assert before is not None
    assert before.retires is None
    assert before.says("status") == ""
    assert after is not None
    assert after.retires == date(2026, 7, 1)
    assert one.as_of(date(2023, 12, 31)) is None
    unannounced = version("b", released="2024-01-01", retires="2026-07-01")
    assert unannounced.as_of(date(2026, 6, 30)).retires is None
    assert unannounced.as_of(date(2026, 7, 1)).retires == date(2026, 7, 1)


def test_a_version_with_an_end_is_served_until_then():
    rows = [version("a", released="2024-01-01", announced="2026-10-01", retires="2027-05-21")]
    known = record(rows, TODAY)
    assert known.outlook(rows[0], 5).chance.value == KEPT
    assert known.outlook(rows[0], 7).chance.value == pytest.approx(1 - KEPT)
    assert known.outlook(rows[0], 7).basis == "announced"


def test_versions_served_as_long_ago_are_what_a_version_without_an_end_is_judged_by():
    rows = [
        version(f"gone{n}", released="2024-01-01", announced="2026-01-01", retires=f"2026-0{n + 1}-01")
        for n in range(6)
    ]
    rows += [version(f"live{n}", released=f"2025-0{n + 1}-01") for n in range(4)]
    asks = version("new", released="2026-01-01")
    outlook = record([*rows, asks], TODAY).outlook(asks, 12)
    assert (outlook.compared, outlook.lasted) == (10, 4)
    assert outlook.basis == "record"
    assert outlook.chance.low < outlook.chance.value < outlook.chance.high
    assert 0.3 < outlook.chance.value < 0.7


def test_a_row_read_long_ago_says_nothing_of_today():
    stale = version("stale", seen="2026-01-01", released="2024-01-01")
    fresh = version("fresh", released="2024-01-01")
    assert record([stale, fresh], TODAY).outlook(fresh, 12).compared == 1


def test_a_record_that_was_read_a_year_ago_is_still_a_record():
    rows = [version(f"gone{n}", released="2024-01-01", retires=f"2026-0{n + 1}-01") for n in range(4)]
    rows += [version(f"live{n}", released="2024-01-01") for n in range(4)]
    now = record(rows, TODAY).outlook(rows[-1], 12)
    later = record(rows, TODAY + timedelta(days=365)).outlook(rows[-1], 12)
    assert (now.compared, now.lasted) == (later.compared, later.lasted) == (8, 4)


def test_a_promise_of_notice_counts_as_it_was_kept():
    kept = [
        version(f"k{n}", released="2024-01-01", announced=f"2025-0{n + 1}-01", retires="2026-01-01") for n in range(3)
    ]
    short = version("s", released="2024-01-01", announced="2026-01-01", retires="2026-02-01")
    asks = version("asks", released="2026-01-01")
    outlook = record([*kept, short, asks], TODAY).outlook(asks, 3, notice_days=180)
    assert outlook.basis == "promise"
    assert (outlook.compared, outlook.lasted) == (4, 3)
    assert outlook.chance.value == 0.75


def test_an_announced_end_is_not_met_and_one_beyond_the_horizon_is():
    gone = asked("gpt-4o")
    assert gone.met == "not met"
    assert gone.dimension == "continuity"
    assert gone.candidate == "it"
    assert gone.evidence[0] == "openai/gpt-4o-2024-08-06"
    assert gone.interval is not None
    assert asked("gpt-4o", ContinuityFor(months=1)).met == "met"


def test_what_is_gone_is_not_met():
    for name in ("gpt-3", "claude", "bard", "jurassic-1", "gpt-4"):
        found = asked(name)
        assert found.met == "not met", name
        assert "no more served" in found.statement


def test_weights_stay_where_an_engine_loads_them():
    found = asked("llama-2", ContinuityFor(months=60, probability=0.99))
    assert found.met == "met"
    assert any("llama" in row for row in found.evidence)


def test_the_unknown_is_never_met():
    for name in ("gopher", "azure-openai", "deepseek-v4-pro"):
        found = asked(name)
        assert found.met == "unknown", name
        assert found.would_change.startswith("meets if")
    nothing = audit_continuity(Target(name="nobody-knows"), TODAY).finding(YEAR)
    assert nothing.met == "unknown"


def test_a_version_is_found_by_its_own_name_and_by_its_vendor():
    assert audit_continuity(named_target("o3"), TODAY, version="o3").calendar[0].version.id == "openai/o3-2025-04-16"
    assert [one.id for one in version_named("azure:gpt-4.1")] == ["azure/gpt-4.1-2025-04-14"]
    assert [one.id for one in version_named("openai:gpt-4.1")] == ["openai/gpt-4.1-2025-04-14"]
    assert len(version_named("claude-2")) == 2
    with pytest.raises(UsageError, match="gtp-4o-mini") as caught:
        named_target("gtp-4o-mini")
    assert "gpt-4o-mini" in caught.value.fix


def test_a_model_without_a_row_of_its_own_is_judged_by_its_release():
    entry = find_target("gpt-5.5").facts
    found = audit_continuity(Target(name="a-model-without-a-row", facts=entry), TODAY)
    assert not found.calendar
    assert found.outlook(24).basis == "record"


def test_longer_is_never_likelier_by_age():
    curve = record(versions().values(), TODAY).curve
    shares = [curve.conditional(6, months).value for months in range(1, 30)]
    assert shares == sorted(shares, reverse=True)


def test_engines_are_named_with_their_versions(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "falcon"}))
    found = engines(find_target(str(folder)))
    assert found[0].name == "transformers"
    assert found[0].loads == "yes"
    (folder / "config.json").write_text(json.dumps({"model_type": "no_such_architecture"}))
    loads = {one.name: one.loads for one in engines(find_target(str(folder)))}
    assert "yes" not in loads.values()
    (folder / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config\.json"):
        engines(find_target(str(folder)))


def test_a_plan_has_a_calendar_of_all_its_candidates():
    plan = plan_of(
        [
            ("a", "openai:gpt-4o", None),
            ("b", "hf:meta-llama/Llama-2-7b", None),
            ("c", "openai:nobody-knows-it", None),
            ("d", "https://llm.example.com/v1#own-name", "gpt-4o"),
        ],
        TODAY,
    )
    assert plan["a"].calendar
    assert plan["b"].kind == "weights"
    assert plan["c"] is None
    assert plan["d"].calendar


def test_a_name_as_it_is_called_says_which_version():
    target = find_target("gpt-4o")
    assert continuity_of(target, "openai:gpt-4o-2024-11-20", TODAY).calendar[0].version.name == "gpt-4o-2024-11-20"
    assert continuity_of(None, "openai:o3", TODAY).finding(YEAR).met == "not met"
    assert continuity_of(None, "openai:nobody-knows-it", TODAY) is None
    # A recording that is called after another model says nothing of the entry it is said to be.
    other = continuity_of(find_target("claude-opus-4.8"), "gpt-4o", TODAY)
    assert other.calendar[0].version.vendor == "anthropic"


def test_a_vendors_service_of_an_open_model_may_end_before_its_weights():
    served = continuity_of(find_target("deepseek-r1"), "deepseek:deepseek-r1", TODAY)
    assert served.service == "deepseek"
    assert "may end its service" in served.finding(YEAR).statement
    own = continuity_of(find_target("deepseek-r1"), "hf:deepseek-ai/DeepSeek-R1", TODAY)
    assert "may end its service" not in own.finding(YEAR).statement


def test_architectures_are_read_from_listings_and_gguf_files(tmp_path):
    listing = tmp_path / "listing.json"
    listing.write_text(json.dumps({"id": "org/m", "config": {"model_type": "qwen3"}}))
    assert architecture(find_target(str(listing))) == "qwen3"
    listing.write_text(json.dumps({"id": "org/m"}))
    assert architecture(find_target(str(listing))) is None
    listing.write_text(json.dumps([{"path": "model.safetensors", "size": 5}]))
    assert architecture(find_target(str(listing))) is None
    for neither in ({"cardData": 5}, "a word"):
        listing.write_text(json.dumps(neither))
        with pytest.raises(UsageError, match="lists no files"):
            architecture(find_target(str(listing)))
    listing.write_text("[" * 200_000)
    with pytest.raises(UsageError, match="nested too deep"):
        architecture(find_target(str(listing)))
    folder = tmp_path / "gguf"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"no gguf")
    with pytest.raises(UsageError):
        architecture(find_target(str(folder)))


def test_a_day_in_the_past_is_judged_by_what_was_known_then():
    before = audit_continuity(named_target("gpt-4o"), date(2026, 10, 13), version="gpt-4o")
    after = audit_continuity(named_target("gpt-4o"), date(2026, 10, 14), version="gpt-4o")
    assert before.calendar[0].state == "open"
    assert after.calendar[0].state == "announced"
    assert before.finding(ContinuityFor(months=5)).value > after.finding(ContinuityFor(months=5)).value


@pytest.mark.parametrize(
    ("name", "listed"),
    [("gpt-4o-2024-08-06", True), ("gpt-4o", True), ("openai:gpt-4o-2024-08-06", True), ("gpt-4o-2024-01-31", False)],
)
def test_a_version_that_is_not_on_record_is_told_from_those_that_are(name, listed):
    found = audit_continuity(named_target(name), date(2026, 11, 21), version=name)
    assert found.calendar
    assert found.listed is listed
    said = "is no version on record" in "\n".join(lines(found, 12, None))
    assert said is not listed
