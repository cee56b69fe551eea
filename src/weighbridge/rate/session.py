"""One rater's session: what is shown next, what was voted, and the table that grows with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighbridge.judge.answers import Answers
from weighbridge.rate.ballots import Ballot
from weighbridge.rate.preferences import preference_table
from weighbridge.rate.votes import Vote, VoteFile


@dataclass(slots=True)
class Session:
    """Ballots in order, votes so far. The page gets texts and never a name."""

    answers: Answers
    shown: list[Ballot]
    votes: VoteFile
    out: Path
    same: list[tuple[str, str, str]] = field(default_factory=list)
    with_reference: bool = False
    """Whether the rater may open the reference answer."""
    _by_id: dict[str, Ballot] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_id = {ballot.id: ballot for ballot in self.shown}

    @property
    def done(self) -> int:
        """Comparisons voted on."""
        return sum(ballot.id in self.votes.votes for ballot in self.shown)

    def state(self) -> dict[str, Any]:
        """What the page shows: progress, and the first comparison without a vote."""
        done = self.done
        found: dict[str, Any] = {"done": done, "total": len(self.shown), "undo": self._last() is not None}
        ballot = next((one for one in self.shown if one.id not in self.votes.votes), None)
        if ballot is None:
            return {**found, "ballot": None}
        answers = self.answers
        reference = answers.references.get(ballot.item) if self.with_reference else None
        return {
            **found,
            "ballot": {
                "id": ballot.id,
                "question": answers.questions[ballot.item],
                "reference": reference,
                "left": answers.texts[ballot.left, ballot.item],
                "right": answers.texts[ballot.right, ballot.item],
            },
        }

    def vote(self, ballot_id: str, vote: Vote) -> bool:
        """Record a vote; False where there is no such ballot. The table is written with it."""
        ballot = self._by_id.get(ballot_id)
        if ballot is None:
            return False
        if self.votes.votes.get(ballot_id) != vote:
            self.votes.cast(ballot, vote)
            self.write()
        return True

    def undo(self) -> bool:
        """Take back the last vote, so that its comparison is shown again; True, whether there was one or not."""
        last = self._last()
        if last is not None:
            self.votes.cast(last, None)
            self.write()
        return True

    def _last(self) -> Ballot | None:
        return self._by_id.get(self.votes.last or "")

    def write(self) -> None:
        """Write the preferences, whole or not at all."""
        part = self.out.with_name(f".{self.out.name}.part")
        table = preference_table(self.answers, self.shown, self.votes.votes, self.same)
        part.write_text(table, encoding="utf-8", errors="replace")
        part.replace(self.out)
