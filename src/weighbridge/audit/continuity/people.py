"""Who does the work: contributors, and how few of them, or of their employers, do half of it.

Contributor absence factor and elephant factor as CHAOSS defines them (https://chaoss.community).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from weighbridge.audit.continuity.clone import Commit

YEAR = timedelta(days=365)

_BOT = re.compile(
    r"(\[bot\]|\bbot@|\bbot\b$|-bot$|^bot-|dependabot|renovate|github-actions|pre-commit-ci|mergify|greenkeeper|snyk|"
    r"allcontributors|codecov|copybara|weblate|semantic-release|web-flow|jenkins|travis|circleci|automated?$)",
    re.IGNORECASE,
)

PRIVATE = frozenset(
    {
        *(
            "gmail.com",
            "googlemail.com",
            "hotmail.com",
            "outlook.com",
            "live.com",
            "yahoo.com",
            "icloud.com",
            "me.com",
        ),
        *("proton.me", "protonmail.com", "pm.me", "qq.com", "163.com", "126.com", "foxmail.com", "gmx.de", "gmx.net"),
        *(
            "web.de",
            "mail.ru",
            "yandex.ru",
            "msn.com",
            "aol.com",
            "fastmail.com",
            "hey.com",
            "users.noreply.github.com",
        ),
        *("users.noreply.gitlab.com", "noreply.github.com", "localhost", "example.com", ""),
    }
)
"""Domains of addresses that name no employer: each such person counts for one organisation of their own."""

_TWO_LEVELS = ("co", "ac", "com", "edu", "gov", "org", "net", "or", "ne", "go")


@dataclass(frozen=True, slots=True)
class People:
    """Contributors of a stretch of time; bots are left out."""

    commits: int
    contributors: int
    new: int
    """Whose first commit falls into it."""
    absence_factor: int
    """The fewest people who together made half of the commits; 0 where there are none."""
    elephant_factor: int
    """The fewest organisations, by the domains of e-mail addresses, that together made half of them."""
    named_share: float
    """Share of the commits whose address names an employer; the elephant factor is as good as this is high."""
    bots: int
    """Commits of bots, left out above."""


def absence_factor(contributions: Iterable[int]) -> int:
    """The fewest contributors who make half of all contributions; 0 where there are none.

    CHAOSS' example: 1000, 202, 90, 33, 332, 343, 42, 433 make 2.
    """
    counts = sorted((count for count in contributions if count > 0), reverse=True)
    half, run = sum(counts) / 2, 0
    for number, count in enumerate(counts, 1):
        run += count
        if run >= half:
            return number
    return 0


def is_bot(name: str, email: str) -> bool:
    """Whether a name or an address is a program's."""
    return bool(_BOT.search(name.strip()) or _BOT.search(email.partition("@")[0]) or "[bot]" in email)


def organisation(email: str) -> str:
    """The registered part of an address' domain; the address itself where the domain names no employer."""
    domain = email.rpartition("@")[2].lower().strip(".")
    if domain in PRIVATE or "." not in domain:
        return email.lower()
    parts = domain.split(".")
    keep = 3 if len(parts) > 2 and parts[-2] in _TWO_LEVELS and len(parts[-1]) == 2 else 2
    return ".".join(parts[-keep:])


def people(commits: Iterable[Commit], today: date, span: timedelta = YEAR) -> People:
    """Who contributed in the stretch that ends today. People are told apart by address, and by name where they have
    several addresses under one full name."""
    everyone = list(commits)
    known = [one for one in everyone if not is_bot(one.name, one.email)]
    recent = [one for one in known if today - span < one.day <= today]
    first: dict[str, date] = {}
    identity = _identities(known)
    for one in known:
        who = identity[one.name, one.email]
        first[who] = min(first.get(who, one.day), one.day)
    by_person = Counter(identity[one.name, one.email] for one in recent)
    by_house = Counter(organisation(one.email) for one in recent)
    named = sum("@" not in organisation(one.email) for one in recent)
    return People(
        commits=len(recent),
        contributors=len(by_person),
        new=sum(today - span < first[who] <= today for who in by_person),
        absence_factor=absence_factor(by_person.values()),
        elephant_factor=absence_factor(by_house.values()),
        named_share=named / len(recent) if recent else 0.0,
        bots=sum(today - span < one.day <= today and is_bot(one.name, one.email) for one in everyone),
    )


def _identities(commits: list[Commit]) -> dict[tuple[str, str], str]:
    """Each (name, address) to one person: the same address is one, and so is the same full name of two words."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one in commits:
        address = root(f"@{one.email}")
        if " " in one.name.strip():
            parent[root(f"n{one.name.strip().casefold()}")] = address
    return {(one.name, one.email): root(f"@{one.email}") for one in commits}
