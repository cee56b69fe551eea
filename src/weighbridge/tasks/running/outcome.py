"""What a run of somebody's code may use, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one run."""

    seconds: float = 10.0
    """Wall clock, code and tests together; the processor time of each is bounded by the same number."""
    memory: int = 512
    """MiB of address space beyond what the interpreter has."""
    output: int = 16_384
    """Characters of output that are kept; what comes after is thrown away."""
    disk: int = 16
    """MiB that the private folder may hold; no single file may be larger either."""
    files: int = 200
    """Files and folders in the private folder."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    passed: tuple[bool, ...]
    """One entry a test text, in order; tests after the end of a run count as failed."""
    detail: str = ""
    """The first thing that went wrong, in a line; empty where everything passed."""
    output: str = ""
    """What the code printed, as far as it was kept."""

    @property
    def all_passed(self) -> bool:
        """Whether there were tests and every one passed."""
        return bool(self.passed) and all(self.passed)

    @property
    def share(self) -> float:
        """Tests passed / tests, in [0, 1]."""
        return sum(self.passed) / len(self.passed) if self.passed else 0.0
