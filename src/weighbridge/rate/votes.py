"""Votes in a file: one line each, written before the next comparison is shown, never rewritten."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Literal, get_args

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.rate.ballots import Ballot

Vote = Literal["left", "right", "tie", "bad"]
"""``bad``: neither answer will do."""

VOTES: tuple[str, ...] = get_args(Vote)


class VoteFile:
    """The votes of one rater, by ballot id; made from what the file holds, and appended to.

    Raises UsageError (file and line) where the file holds something else. A last line that a crash cut short is
    passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.votes: dict[str, Vote] = {}
        self._order: list[str] = []
        self._torn: int | None = None
        """Bytes up to the last whole line, where a crash left half a line after it."""
        self._open = False
        """Whether the last line is whole but for its end."""
        if path.exists():
            self._load()

    def _load(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(
                f"the votes cannot be read: {reason}", where=str(self.path), fix="name another file"
            ) from None
        lines = text.split("\n")
        self._open = bool(lines[-1])
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                ballot, vote = row["ballot"], row["vote"]
                known = isinstance(ballot, str) and (vote is None or vote in VOTES)
            except (ValueError, TypeError, KeyError):
                known = False
            if not known:
                if number == len(lines):
                    self._torn, self._open = len(text.encode()) - len(line.encode()), False
                    continue
                raise UsageError(
                    "this line is no vote",
                    where=f"{self.path}:{number}",
                    fix="name another file with --votes, or remove the line",
                )
            self._keep(ballot, vote)

    def _keep(self, ballot: str, vote: Vote | None) -> None:
        if ballot in self.votes:
            self._order.remove(ballot)
            del self.votes[ballot]
        if vote is not None:
            self.votes[ballot] = vote
            self._order.append(ballot)

    @property
    def last(self) -> str | None:
        """The ballot voted on last."""
        return self._order[-1] if self._order else None

    def cast(self, ballot: Ballot, vote: Vote | None) -> None:
        """Record a vote, or with None take back the one that is there. On return it is on the disk."""
        row = {
            "ballot": ballot.id,
            "vote": vote,
            "item": ballot.item,
            "left": ballot.left,
            "right": ballot.right,
            "at": round(time.time(), 3),
        }
        line = ("\n" if self._open else "") + json.dumps(row) + "\n"
        try:
            if self._torn is not None:
                os.truncate(self.path, self._torn)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise WeighbridgeError(
                f"the vote cannot be written: {error.strerror}",
                where=str(self.path),
                fix="free some space, or name another file with --votes; votes written before are kept",
            ) from None
        self._torn, self._open = None, False
        self._keep(ballot.id, vote)
