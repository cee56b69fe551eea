"""A git clone on disk, read by plain `git log` alone: nothing of the clone is run, and nothing in it is changed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from weighbridge.errors import UsageError

TIMEOUT = 300.0
"""Seconds for one question to git; the histories of the largest projects take some ten seconds."""

_SETTINGS = (
    *("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "log.showSignature=false"),
    *("protocol.allow=never", "gpg.program=false", "diff.external="),
)
"""A clone's own configuration may name programs; these are the settings by which reading a log could start one."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, under its author's name after the clone's .mailmap."""

    day: date
    """Of authorship, in UTC."""
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag, with the day of what it points to (of the tag itself where it has one)."""

    name: str
    day: date


@dataclass(frozen=True, slots=True)
class Clone:
    """What a clone's log holds."""

    path: Path
    commits: tuple[Commit, ...]
    """Of the checked-out branch, without merges, the newest first."""
    tags: tuple[Tag, ...]
    """The newest first."""
    shallow: bool
    """Whether the history was cut off when it was cloned: counts over time are then too low."""


def read_clone(path: Path) -> Clone:
    """Reads a clone. Raises `UsageError` for a folder that is none, a damaged one, or where git is missing."""
    if not path.is_dir():
        raise UsageError(
            "there is no such folder", where=str(path), fix="name a folder with a git clone: git clone ADDRESS FOLDER"
        )
    inside = _git(path, "rev-parse", "--is-inside-work-tree", "--is-bare-repository", check=False)
    if "true" not in inside.split():
        raise UsageError(
            "the folder is no git clone", where=str(path), fix="clone the project: git clone ADDRESS FOLDER"
        )
    if not _git(path, "rev-parse", "--verify", "--quiet", "HEAD", check=False).strip():
        raise UsageError("the clone has no commit", where=str(path), fix="clone it again, or check out a branch")
    log = _git(
        path, "log", "--no-merges", "--use-mailmap", "--no-show-signature", "--format=%at%x1f%aN%x1f%aE", "HEAD"
    )
    commits = tuple(_commit(line) for line in log.splitlines() if line.count("\x1f") == 2)
    refs = _git(
        path, "for-each-ref", "refs/tags", "--sort=-creatordate", "--format=%(creatordate:unix)%1f%(refname:short)"
    )
    tags = tuple(_tag(line) for line in refs.splitlines() if line.partition("\x1f")[0].strip().isdigit())
    shallow = _git(path, "rev-parse", "--is-shallow-repository").strip() == "true"
    return Clone(path, commits, tags, shallow)


def _git(path: Path, *arguments: str, check: bool = True) -> str:
    """The output of one question to git, without hooks, pagers, prompts, signatures or the network."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    # A folder of another owner is refused by git because its configuration might run programs; none is run here.
    command = [
        "git",
        "-c",
        f"safe.directory={path.resolve()}",
        *(part for one in _SETTINGS for part in ("-c", one)),
        "-C",
        str(path),
        *arguments,
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            command, capture_output=True, env=environment, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise UsageError("git is not installed", fix="install git, for instance: apt install git") from None
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"git did not answer within {TIMEOUT:g} s", where=str(path), fix="put the clone on a local disk"
        ) from None
    if check and done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(
            f"git cannot read the clone: {said[-1] if said else 'no reason given'}",
            where=str(path),
            fix="clone it again; `git fsck` in the folder says what is damaged",
        )
    return done.stdout.decode("utf-8", "replace")


def _commit(line: str) -> Commit:
    when, name, email = line.split("\x1f")
    return Commit(_day(when), name.strip(), email.strip().lower())


def _tag(line: str) -> Tag:
    when, _, name = line.partition("\x1f")
    return Tag(name.strip(), _day(when))


def _day(seconds: str) -> date:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    except (ValueError, OverflowError, OSError):
        return date(1970, 1, 1)
