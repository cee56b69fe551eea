"""Clones: what git says of small ones that the test makes, and that nothing of them is run."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from weighbridge.audit.continuity.clone import read_clone
from weighbridge.audit.continuity.people import people
from weighbridge.audit.continuity.releases import releases
from weighbridge.errors import UsageError

TODAY = date(2026, 11, 21)


def git(folder: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **environment},
    )
    return done.stdout


def commit(folder: Path, name: str, email: str, day: str) -> None:
    count = len(list(folder.glob("*.txt")))
    (folder / f"{count}.txt").write_text(f"{name} {day}")
    git(folder, "add", "-A")
    when = f"{day}T12:00:00+0000"
    git(
        folder,
        *("commit", "-q", "-m", f"work {count}"),
        GIT_AUTHOR_NAME=name,
        GIT_AUTHOR_EMAIL=email,
        GIT_COMMITTER_NAME="Committer",
        GIT_COMMITTER_EMAIL="committer@example.org",
        GIT_AUTHOR_DATE=when,
        GIT_COMMITTER_DATE=when,
    )


def tag(folder: Path, name: str, day: str) -> None:
    when = f"{day}T12:00:00+0000"
    who = {"GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": when}
    git(folder, "tag", "-a", name, "-m", name, **who)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "Ann Lee", "ann@acme.com", "2024-01-10")
    tag(folder, "v0.9", "2024-01-11")
    commit(folder, "Bo Kim", "bo@other.org", "2026-02-01")
    commit(folder, "Ann Lee", "ann@old-acme.com", "2026-03-01")
    tag(folder, "v1.0", "2026-03-02")
    commit(folder, "A. Lee", "annlee@private.net", "2026-04-01")
    commit(folder, "dependabot[bot]", "dependabot[bot]@users.noreply.github.com", "2026-05-01")
    commit(folder, "Cy Ode", "cy@acme.com", "2026-06-01")
    tag(folder, "v1.1", "2026-06-02")
    (folder / ".mailmap").write_text(
        "Ann Lee <ann@acme.com> <ann@old-acme.com>\nAnn Lee <ann@acme.com> <annlee@private.net>\n"
    )
    return folder


def test_the_log_is_read_with_its_mailmap(clone):
    found = read_clone(clone)
    assert len(found.commits) == 6
    assert not found.shallow
    assert [one.name for one in found.tags] == ["v1.1", "v1.0", "v0.9"]
    assert found.tags[0].day == date(2026, 6, 2)
    assert {one.email for one in found.commits if one.name == "Ann Lee"} == {"ann@acme.com"}


def test_counts_agree_with_shortlog(clone):
    """An independent count: git's own, without bots."""
    lines = git(clone, "shortlog", "-sne", "--no-merges", "--since=2025-11-21T23:59:59", "HEAD").splitlines()
    theirs = Counter({line.split("\t")[1]: int(line.split("\t")[0]) for line in lines if "[bot]" not in line})
    ours = people(read_clone(clone).commits, TODAY)
    assert ours.contributors == len(theirs) == 3
    assert ours.commits == sum(theirs.values()) == 4
    assert ours.new == 2
    assert ours.bots == 1
    assert ours.absence_factor == 1
    assert ours.elephant_factor == 1
    found = releases(read_clone(clone).tags, TODAY)
    assert (found.number, found.last, found.since) == (3, "v1.1", (TODAY - date(2026, 6, 2)).days)


def test_a_shallow_clone_is_called_shallow(clone, tmp_path):
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow")
    assert read_clone(tmp_path / "shallow").shallow


def test_a_bare_clone_and_another_branch_will_do(clone, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(clone), "bare.git")
    assert len(read_clone(tmp_path / "bare.git").commits) == 6


def test_nothing_of_a_clone_is_run(clone, tmp_path):
    """Hooks, pagers, file monitors and signature checks that a clone's configuration names stay where they are."""
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho $0 >> {ran}\n")
    script.chmod(0o755)
    hooks = clone / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).write_text(script.read_text())
        (hooks / hook).chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "pager.log", "gpg.program", "diff.external", "core.sshCommand"):
        git(clone, "config", key, str(script))
    for key, value in (("log.showSignature", "true"), ("alias.log", f"!{script}"), ("core.hooksPath", str(hooks))):
        git(clone, "config", key, value)
    ran.unlink(missing_ok=True)
    assert len(read_clone(clone).commits) == 6
    assert not ran.exists()


def test_names_with_odd_characters_are_no_harm(tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "Zoë \x1b[31m", "zoe@acme.com", "2026-01-01")
    found = read_clone(folder)
    assert len(found.commits) == 1


def test_what_is_no_clone_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        read_clone(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no git clone"):
        read_clone(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    with pytest.raises(UsageError, match="no commit"):
        read_clone(empty)


def test_a_damaged_clone_is_refused(clone):
    for path in (clone / ".git" / "objects").glob("??"):
        for file in path.iterdir():
            file.unlink()
    with pytest.raises(UsageError):
        read_clone(clone)
