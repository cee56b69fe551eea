"""What files a release has, read as data from a folder, a hub's cache, or a listing as a model hub answers.

Whoever made the files may be hostile: nothing is run or unpickled, links are followed only inside the target, special
files are passed over, and every read has a limit.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError

MOST_FILES = 20_000
MOST_DEPTH = 12
LARGEST_TEXT = 2_000_000
"""Bytes of a text file that are read; the rest is left."""
LARGEST_LISTING = 32_000_000
SKIPPED = {".git", "__pycache__", ".venv", "node_modules", ".cache"}
POINTER = re.compile(rb"\Aversion https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?size (\d+)")


@dataclass(slots=True)
class Listing:
    """Files of a release by their path in it, with what a hub says of it."""

    name: str
    files: dict[str, int]
    """Bytes of each; of a pointer to large storage, those of what it points at."""
    root: Path | None = None
    """Folder that texts are read from; None where there is but a list."""
    bounds: Path | None = None
    """Folder that no link may lead out of."""
    pointers: set[str] = field(default_factory=set)
    """Files of which only the pointer is here."""
    fields: dict[str, Any] = field(default_factory=dict)
    """What the hub says: ``gated``, ``tags``, ``cardData``, ..."""
    refs: tuple[str, ...] = ()
    """Names of branches and tags."""
    texts: dict[str, str] = field(default_factory=dict)
    """Texts that came with a list."""
    problems: list[str] = field(default_factory=list)
    complete: bool = True
    """Whether the list holds all there is."""

    def named(self, pattern: str) -> list[str]:
        """Files whose path matches, shortest first."""
        rule = re.compile(pattern, re.I)
        return sorted((path for path in self.files if rule.search(path)), key=lambda path: (path.count("/"), path))

    def text(self, path: str, largest: int = LARGEST_TEXT) -> str | None:
        """A file's text, cut at `largest` bytes; None (and a problem noted) where it cannot be read as text."""
        if path in self.texts:
            return self.texts[path]
        if self.root is None or path in self.pointers:
            return None
        try:
            with (self.root / path).open("rb") as file:
                content = file.read(largest + 1)
        except OSError as error:
            self.note(f"{path}: unreadable ({error.strerror or error})")
            return None
        if len(content) > largest:
            self.note(f"{path}: only its first {largest:,} bytes were read")
            content = content[:largest]
        if b"\0" in content[:8192] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.note(f"{path}: unreadable (binary, not text)")
            return None
        for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        return content.decode("utf-8", errors="replace")

    def json(self, path: str) -> dict[str, Any] | None:
        """A JSON object; None (and a problem noted) for what is none."""
        text = self.text(path)
        if text is None:
            return None
        try:
            tree = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            self.note(f"{path}: unreadable (no JSON: {str(error)[:120]})")
            return None
        if not isinstance(tree, dict):
            self.note(f"{path}: unreadable (a {type(tree).__name__} where an object is expected)")
            return None
        return tree

    def note(self, problem: str) -> None:
        """A problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)


def read_listing(path: Path, name: str) -> Listing:
    """The files of the folder or list at `path`. Raises `UsageError` where it is neither."""
    try:
        return _from_list(path, name) if path.is_file() else _from_folder(path, name)
    except OSError as error:
        raise UsageError(
            f"the target cannot be read: {error.strerror or error}", where=str(path), fix="check its permissions"
        ) from None


def _from_folder(path: Path, name: str) -> Listing:
    root, bounds = path.resolve(), path.resolve()
    if (root / "snapshots").is_dir():
        root = _snapshot(root)
    elif root.parent.name == "snapshots":
        bounds = root.parent.parent
    found = Listing(name, {}, root=root, bounds=bounds)
    _walk(found, root, bounds)
    found.refs = _git_refs(root) or tuple(one.name for one in _children(bounds / "refs"))
    for beside in ("model_info.json", "listing.json", "siblings.json", "tree.json"):
        if beside in found.files:
            _merge(found, beside)
    return found


def _snapshot(root: Path) -> Path:
    """The revision of a hub's cache that its main branch is at, else the newest."""
    main = root / "refs" / "main"
    revision = main.read_text(encoding="utf-8", errors="replace").strip()[:64] if main.is_file() else ""
    snapshots = [one for one in _children(root / "snapshots") if one.is_dir() and not one.is_symlink()]
    chosen = [one for one in snapshots if one.name == revision] or sorted(
        snapshots, key=lambda one: one.stat().st_mtime
    )
    return chosen[-1] if chosen else root


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _walk(found: Listing, root: Path, bounds: Path) -> None:
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        linked = [one for one in folders if (here / one).is_symlink()]
        if linked:
            found.note(f"{linked[0]}: a link to a folder is not followed")
        folders[:] = sorted(one for one in folders if one not in SKIPPED and one not in linked)
        if depth >= MOST_DEPTH and folders:
            found.complete = False
            found.note(f"folders deeper than {MOST_DEPTH} are not searched")
            folders[:] = []
        for file in sorted(files):
            if len(found.files) >= MOST_FILES:
                found.complete = False
                found.note(f"only the first {MOST_FILES:,} files were looked at")
                return
            _take(found, here / file, root, bounds)


def _take(found: Listing, path: Path, root: Path, bounds: Path) -> None:
    name = path.relative_to(root).as_posix()
    if path.is_symlink() and not path.resolve().is_relative_to(bounds):
        found.note(f"{name}: a link that leads out of the target is not followed")
        return
    try:
        status = path.stat()
    except OSError:
        found.note(f"{name}: a broken link")
        return
    if not stat.S_ISREG(status.st_mode):
        found.note(f"{name}: no ordinary file")
        return
    found.files[name] = status.st_size
    if 100 < status.st_size < 400:
        with path.open("rb") as file:
            pointer = POINTER.match(file.read(400))
        if pointer:
            found.files[name] = int(pointer[1][:18])
            found.pointers.add(name)


def _git_refs(root: Path) -> tuple[str, ...]:
    """Branches and tags of a clone, from the names that git keeps; git itself is not run."""
    git = root / ".git"
    if not git.is_dir() or git.is_symlink():
        return ()
    names = [one.name for kind in ("heads", "tags", "remotes/origin") for one in _children(git / "refs" / kind)]
    packed = git / "packed-refs"
    if packed.is_file() and not packed.is_symlink():
        with packed.open("rb") as file:
            lines = file.read(LARGEST_TEXT).decode("utf-8", errors="replace").splitlines()
        names += [line.rpartition("/")[2] for line in lines if "/" in line]
    return tuple(dict.fromkeys(names))


def _from_list(path: Path, name: str) -> Listing:
    if path.stat().st_size > LARGEST_LISTING:
        raise UsageError(
            f"the listing is larger than {LARGEST_LISTING:,} bytes", where=str(path), fix="name the model's folder"
        )
    try:
        tree = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the listing is no JSON: {str(error)[:160]}",
            where=str(path),
            fix="get it anew, or name the model's folder",
        ) from None
    found = Listing(name, {})
    if not _entries(found, tree):
        raise UsageError(
            "the file lists no files: a hub's answer has `siblings`, or is a list of files with `path` and `size`",
            where=str(path),
            fix="name the model's folder, or save the hub's answer for the model",
        )
    for card in (path.with_suffix(".md"), path.with_suffix(".README.md"), path.parent / "README.md"):
        lone = card.name != "README.md" or len(list(path.parent.glob("*.json"))) == 1
        if lone and card.is_file() and not card.is_symlink() and "README.md" not in found.texts:
            beside = Listing(name, {card.name: 0}, root=path.parent).text(card.name)
            found.texts |= {"README.md": beside} if beside is not None else {}
    return found


def _merge(found: Listing, beside: str) -> None:
    """A hub's answer that lies in the folder: it lists what was not fetched."""
    text = found.text(beside, LARGEST_LISTING)
    try:
        tree = msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError):
        found.note(f"{beside}: unreadable (no JSON)")
        return
    if _entries(found, tree):
        del found.files[beside]


def _entries(found: Listing, tree: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    """Takes the files of a hub's answer; whether there was such a list."""
    info = tree if isinstance(tree, dict) else {}
    rows = tree if isinstance(tree, list) else info.get("siblings", info.get("files"))
    if not isinstance(rows, list):
        return False
    taken = 0
    for row in rows[:MOST_FILES]:
        path = row if isinstance(row, str) else None
        size: object = None
        if isinstance(row, dict):
            if row.get("type", "file") not in ("file", "blob"):
                continue
            path = row.get("rfilename") or row.get("path") or row.get("name")
            large = row.get("lfs")
            size = large.get("size", row.get("size")) if isinstance(large, dict) else row.get("size")
            if isinstance(row.get("content"), str) and isinstance(path, str):
                found.texts[path] = row["content"][:LARGEST_TEXT]
        if isinstance(path, str) and 0 < len(path) < 1000:
            taken += 1
            bytes_ = int(size) if isinstance(size, (int, float)) and 0 <= size < 1e18 else -1
            if path not in found.files:
                found.files[path] = bytes_
                found.pointers |= {path} if found.root is not None else set()
    if len(rows) > MOST_FILES:
        found.complete = False
        found.note(f"only the first {MOST_FILES:,} files were looked at")
    found.fields |= info
    refs = info.get("refs")
    if isinstance(refs, dict):
        named = [
            one for kind in ("branches", "tags") for one in refs.get(kind) or [] if isinstance(refs.get(kind), list)
        ]
        found.refs = tuple(str(one.get("name") if isinstance(one, dict) else one)[:200] for one in named[:2000])
    for key in ("readme", "card"):
        if isinstance(info.get(key), str):
            found.texts.setdefault("README.md", info[key][:LARGEST_TEXT])
    return taken > 0 or not rows
