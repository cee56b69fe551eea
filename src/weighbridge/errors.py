"""The errors a user can meet: what is wrong, where, and how to mend it.

Every mistake a user can make raises a subclass of `WeighbridgeError`. The command line prints its three parts on
one screen and exits with `exit_code`; a traceback appears only under ``--debug``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class WeighbridgeError(Exception):
    """Something failed for a reason that can be told in one screen.

    `what` says what is wrong, `where` names the file (and ``:line``) or the object, `fix` says what to do next.
    """

    exit_code: ClassVar[int] = 5

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)


class UsageError(WeighbridgeError):
    """The input (project file, data file, command line) cannot be used as it is. Exit code 2."""

    exit_code: ClassVar[int] = 2


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest match of `name` among `known`, or lists what there is.

    Case does not matter. A name that is the beginning of others (``gemini``) means one of them, the shortest first.
    """
    choices = sorted(set(known))
    wanted = name.strip().lower()
    folded = {one.lower(): one for one in choices}
    longer = sorted((one for one in folded if one.startswith(wanted)), key=len) if len(wanted) > 2 else []
    if longer and wanted not in folded:
        return f"did you mean {folded[longer[0]]!r}?"
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    if not choices:
        return "there is none to choose from"
    shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    return f"known: {shown}"
