"""Which version of each model answers, and what is done when a vendor changes it in the middle of a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from weighbridge.evidence import Completion, Finding
from weighbridge.store import Answer

if TYPE_CHECKING:
    from weighbridge.weighing.job import Contender

Versions = Literal["stop", "strict", "allow"]
"""What a change does: ``stop`` the run where the model's version changes; ``strict``, where the fingerprint of the
system behind it does, too; ``allow`` says so and goes on."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A candidate whose answers come from two versions of its model."""

    candidate: str
    what: Literal["version", "fingerprint"]
    before: str
    now: str
    stored: bool
    """Whether the earlier version is that of answers which earlier runs paid for."""
    since: float | None
    """Unix time at which the first answer of the other version was written."""

    def __str__(self) -> str:
        kept = " (answers in the store)" if self.stored else ""
        when = f" since {_moment(self.since)} UTC" if self.since is not None else ""
        noun = "model" if self.what == "version" else "system behind the model"
        return (
            f"the {noun} changed during the comparison: {self.before!r} answered before{kept}, {self.now!r} "
            f"answers now{when}"
        )

    @property
    def remedy(self) -> str:
        """What the user can do about it."""
        pinned = "name a version that the vendor does not move (a dated name); " if self.what == "version" else ""
        age = "" if self.since is None else f" --older-than {_moment(self.since)}"
        return (
            f"{pinned}let go of the answers of the earlier version (weighbridge store prune "
            f"--candidate '{self.candidate}'{age} --yes) and run again, or take both for one model (`limits: "
            "versions: allow`)"
        )


class VersionWatch:
    """The versions that one candidate's answers name, against the one that is named first.

    An answer that names none says nothing. Vendors serve one version from several systems at a time, so that another
    fingerprint alone is noted, and stops a run only where that is asked for.
    """

    __slots__ = ("_allowed", "_candidate", "_first", "change", "fingerprints", "versions")

    def __init__(self, candidate: str, versions: Versions) -> None:
        self._candidate = candidate
        self._allowed = versions
        self._first: dict[str, tuple[str, bool]] = {}
        self.versions: dict[str, int] = {}
        """Answers by version, in the order in which they were first named."""
        self.fingerprints: dict[str, int] = {}
        self.change: Changed | None = None
        """The change that must stop the run."""

    def hear(self, answer: Answer, *, from_store: bool) -> bool:
        """Take in one answer; False where the run must stop because of it."""
        completion = answer.completion
        odd = self.odd(completion)
        self._count("version", completion.model, self.versions, from_store)
        self._count("fingerprint", completion.fingerprint, self.fingerprints, from_store)
        if odd is None:
            return True
        if self.change is None:
            before, stored = self._first[odd]
            now = completion.model if odd == "version" else completion.fingerprint
            since = answer.written if answer.written is not None else time.time()
            self.change = Changed(
                self._candidate, "version" if odd == "version" else "fingerprint", before, str(now), stored, since
            )
        return False

    def odd(self, completion: Completion) -> str | None:
        """What of this answer's version is not as at first and not allowed; None where nothing is."""
        watched = {"allow": (), "stop": ("version",), "strict": ("version", "fingerprint")}[self._allowed]
        said = {"version": completion.model, "fingerprint": completion.fingerprint}
        for what in watched:
            first = self._first.get(what)
            if first is not None and said[what] is not None and said[what] != first[0]:
                return what
        return None

    def note(self) -> str | None:
        """One sentence where several versions were taken for one; None where there is nothing to say."""
        if self.change is not None:
            return f"{self._candidate}: {self.change}; {self.change.remedy}"
        if len(self.versions) > 1:
            counts = ", ".join(f"{name!r} ({number:,} answers)" for name, number in self.versions.items())
            return f"{self._candidate}: several versions answered and are taken for one model: {counts}"
        if len(self.fingerprints) > 1:
            return (
                f"{self._candidate}: {len(self.fingerprints)} system fingerprints under one version; vendors serve a "
                "model from several systems at a time (`limits: versions: strict` stops a run at another one)"
            )
        return None

    def _count(self, what: str, said: str | None, counts: dict[str, int], from_store: bool) -> None:
        if said is None:
            return
        self._first.setdefault(what, (said, from_store))
        counts[said] = counts.get(said, 0) + 1


def version_findings(contenders: Sequence[Contender]) -> tuple[Finding, ...]:
    """One finding for each candidate whose version changed and stopped the run."""
    found = ((one.candidate.name, one.versions.change) for one in contenders)
    return tuple(
        Finding("version", "not met", f"{name}: {change}", candidate=name, would_change=change.remedy)
        for name, change in found
        if change is not None
    )


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
