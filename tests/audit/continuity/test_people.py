"""Contributors: the worked examples of CHAOSS, bots, organisations and identities."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.audit.continuity.clone import Commit, Tag
from weighbridge.audit.continuity.people import absence_factor, is_bot, organisation, people
from weighbridge.audit.continuity.releases import is_release, releases

TODAY = date(2026, 11, 21)


def test_the_worked_examples_of_chaoss():
    assert absence_factor([1000, 202, 90, 33, 332, 343, 42, 433]) == 2
    assert absence_factor([125] * 8) == 4
    assert absence_factor([]) == 0
    assert absence_factor([0, 0]) == 0


@given(st.lists(st.integers(0, 500), max_size=40))
def test_no_fewer_people_make_half(counts):
    factor = absence_factor(counts)
    rising = sorted(counts, reverse=True)
    assert sum(rising[:factor]) * 2 >= sum(counts)
    if factor:
        assert sum(rising[: factor - 1]) * 2 < sum(counts)


@pytest.mark.parametrize(
    ("name", "email", "bot"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", True),
        ("renovate-bot", "bot@renovateapp.com", True),
        ("github-actions", "actions@github.com", True),
        ("Some CI", "jenkins@example.org", True),
        ("Robert Abbott", "abbott@example.org", False),
        ("Lambot Marie", "marie.lambot@example.org", False),
        ("Ann", "ann@botanik.example.org", False),
    ],
)
def test_bots_are_told_from_people(name, email, bot):
    assert is_bot(name, email) is bot


@pytest.mark.parametrize(
    ("email", "house"),
    [
        ("a@eng.example.com", "example.com"),
        ("a@cs.ox.ac.uk", "ox.ac.uk"),
        ("a@gmail.com", "a@gmail.com"),
        ("1+a@users.noreply.github.com", "1+a@users.noreply.github.com"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_organisations_are_registered_domains(email, house):
    assert organisation(email) == house


def made(name: str, email: str, days: int) -> Commit:
    return Commit(TODAY - timedelta(days=days), name, email)


def test_people_of_the_last_year_are_counted_once():
    commits = [
        *[made("Ann Lee", "ann@acme.com", 10)] * 4,
        *[made("Ann Lee", "ann@home.net", 20)] * 2,
        *[made("Bo", "bo@acme.com", 30)] * 3,
        *[made("Cy", "cy@other.org", 40)] * 3,
        *[made("dependabot[bot]", "dependabot[bot]@users.noreply.github.com", 5)] * 50,
        made("Bo", "bo@acme.com", 800),
        made("Old Hand", "old@acme.com", 900),
    ]
    found = people(commits, TODAY)
    assert (found.commits, found.contributors, found.new, found.bots) == (12, 3, 2, 50)
    assert found.absence_factor == 1
    assert found.elephant_factor == 1
    assert found.named_share == 1.0


def test_eight_organisations_of_equal_share_make_four():
    commits = [made(f"P{n}", f"p{n}@house{n}.com", 10) for n in range(8) for _ in range(5)]
    assert people(commits, TODAY).elephant_factor == 4


def test_nobody_is_nobody():
    found = people([], TODAY)
    assert (found.commits, found.contributors, found.absence_factor, found.elephant_factor) == (0, 0, 0, 0)


@pytest.mark.parametrize("tag", ["v1.2.3", "1.0", "release-3", "pkg-2.0.1", "b4567", "v1.0.post1", "2024.1"])
def test_tags_of_releases(tag):
    assert is_release(tag)


@pytest.mark.parametrize(
    "tag", ["v1.0rc1", "v2.0.0-beta.1", "nightly", "v0.1.0a1", "1.0.dev3", "foo", "v1.0-preview"]
)
def test_tags_that_are_none(tag):
    assert not is_release(tag)


def test_cadence_and_silence():
    tags = [Tag(f"v1.{n}", date(2025, 1, 1) + timedelta(days=30 * n)) for n in range(4)]
    tags += [Tag("v1.1.1", date(2025, 1, 31)), Tag("v9.9rc1", date(2026, 11, 1)), Tag("v2.0", date(2027, 1, 1))]
    found = releases(tags, TODAY)
    assert (found.number, found.last, found.last_day) == (4, "v1.3", date(2025, 4, 1))
    assert found.median_gap == 30
    assert found.since == found.longest_gap == (TODAY - date(2025, 4, 1)).days
    assert found.overdue
    none = releases([], TODAY)
    assert (none.number, none.since, none.overdue) == (0, None, False)
