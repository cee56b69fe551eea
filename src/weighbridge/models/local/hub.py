"""Models of the Hugging Face hub: found in the local cache, or downloaded where the network allows it.

The cache is looked at without `huggingface_hub`, whose import takes a second; a download uses it, with its own
settings (``HF_TOKEN``, ``HF_ENDPOINT``, proxies).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from weighbridge.errors import UsageError, WeighbridgeError, nearest
from weighbridge.models.local.memory import told

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SMALL = ("*.json", "*.txt", "*.jinja", "*.model", "1_Pooling/*")
"""Everything but weights."""


@dataclass(frozen=True, slots=True)
class Repo:
    """``org/name`` at a revision: a branch, a tag or a commit."""

    name: str
    revision: str = "main"

    @property
    def folder(self) -> Path:
        return cache() / f"models--{self.name.replace('/', '--')}"

    @property
    def command(self) -> str:
        """What downloads it."""
        return f"hf download {self.name}" + (f" --revision {self.revision}" if self.revision != "main" else "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One commit of a repository, in the cache."""

    repo: Repo
    commit: str
    path: Path
    missing: tuple[str, ...] = ()
    """Files of weights that are still to be downloaded."""
    size: int = 0
    """Bytes of those."""


def parse_repo(rest: str, revision: str | None) -> Repo:
    """The repository behind ``hf:rest``. Raises UsageError."""
    name, at, said = rest.partition("@")
    if not _NAME.fullmatch(name) or (at and not re.fullmatch(r"[\w./-]+", said)) or ".." in rest:
        raise UsageError(
            f"{rest!r} names no model of the hub",
            where=f"hf:{rest}",
            fix="write hf:org/name or hf:org/name@revision; for a folder on this machine write path:./folder",
        )
    if revision and said and revision != said:
        raise UsageError(f"two revisions: {said!r} and {revision!r}", where=f"hf:{rest}", fix="leave one out")
    return Repo(name, said or revision or "main")


def cache() -> Path:
    """Where the hub's downloads lie, by the same variables and in the same order as huggingface_hub."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    home = os.environ.get("HF_HOME")
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home or base).expanduser() / "hub"


def offline() -> bool:
    """Whether the user has forbidden downloads."""
    return any(
        os.environ.get(name, "").strip().upper() in ("1", "ON", "YES", "TRUE")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def cached(repo: Repo) -> Snapshot | None:
    """Its snapshot in the cache, if config.json is there; weights may still be missing."""
    commit = repo.revision
    if not _COMMIT.fullmatch(commit):
        reference = repo.folder / "refs" / commit
        if not reference.is_file():
            return None
        commit = reference.read_text().strip()
    path = repo.folder / "snapshots" / commit
    return Snapshot(repo, commit, path) if (path / "config.json").is_file() else None


def found(repo: Repo, where: str) -> Snapshot:
    """The repository in the cache; its small files are downloaded where they are not there.

    Raises UsageError where it is not there and cannot be had, with the command or the page that helps.
    """
    snapshot = cached(repo)
    if snapshot is not None and _has_weights(snapshot.path):
        return snapshot
    if offline():
        fix = f"unset HF_HUB_OFFLINE, or where there is a network: {repo.command}"
        near = _near(repo)
        what = "its weights are not whole" if snapshot else "it is not in the cache"
        raise UsageError(f"{repo.name}: {what} ({cache()}), and downloads are off", where=where, fix=fix + near)
    return _looked_up(repo, where)


def _has_weights(path: Path) -> bool:
    """Whether weights are there: every file that the index names, and every link leads somewhere."""
    files = [one for one in path.iterdir() if one.suffix in (".safetensors", ".bin")]
    named: set[str] = set()
    for index in path.glob("*.index.json"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            named |= set(json.loads(index.read_bytes()).get("weight_map", {}).values())
        if any((path / name).is_file() for name in named):
            break  # of two formats one is enough
    whole = all(one.is_file() for one in files) and all((path / name).is_file() for name in named)
    return bool(files) and whole


def _near(repo: Repo) -> str:
    names = [one.name.removeprefix("models--").replace("--", "/") for one in cache().glob("models--*")]
    return f"; in the cache, {nearest(repo.name, names)}" if names else ""


def _looked_up(repo: Repo, where: str) -> Snapshot:
    """Ask the hub what it has, and get everything but the weights."""
    hub = _hub(where)
    from huggingface_hub import errors

    try:
        info = hub.HfApi().model_info(repo.name, revision=repo.revision, files_metadata=True, timeout=20)
        path = hub.snapshot_download(
            repo.name, revision=info.sha, cache_dir=cache(), allow_patterns=list(_SMALL), ignore_patterns=["*.bin"]
        )
    except errors.GatedRepoError:
        raise _gated(repo, where) from None
    except errors.RevisionNotFoundError:
        raise UsageError(
            f"{repo.name} has no revision {repo.revision!r}",
            where=where,
            fix="name a branch, a tag or a commit of it",
        ) from None
    except errors.RepositoryNotFoundError:
        raise UsageError(
            f"the hub has no model {repo.name}, or it is private",
            where=where,
            fix=f"check the name{_near(repo)}; for a private model: hf auth login",
        ) from None
    except (*errors.HfHubHTTPError.__bases__, errors.RevisionResolutionError) as error:
        told_so = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            f"{repo.name} is not in the cache ({cache()}), and the hub cannot be reached: {told_so[0][:160]}",
            where=where,
            fix=f"where there is a network: {repo.command}{_near(repo)}",
        ) from None
    _refer(repo, str(info.sha))
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or []}
    wanted = [name for name in _weights_among(sizes) if not (Path(path) / name).is_file()]
    return Snapshot(repo, str(info.sha), Path(path), tuple(wanted), sum(sizes[name] for name in wanted))


def _refer(repo: Repo, commit: str) -> None:
    """Write down which commit the branch or tag is: a download by commit alone does not."""
    if repo.revision != commit:
        reference = repo.folder / "refs" / repo.revision
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit)


def _weights_among(names: dict[str, int]) -> list[str]:
    """Safetensors where there are any, else the pickled parts; only those beside config.json."""
    flat = [name for name in names if "/" not in name]
    safe = [name for name in flat if re.fullmatch(r"model(-\d+-of-\d+)?\.safetensors", name)]
    return safe or [name for name in flat if re.fullmatch(r"pytorch_model(-\d+-of-\d+)?\.bin", name)]


def fetch_weights(snapshot: Snapshot, where: str) -> None:
    """Download what is missing, with its size said first. Raises UsageError, WeighbridgeError."""
    if not snapshot.missing:
        return
    repo = snapshot.repo
    free = shutil.disk_usage(cache()).free
    if free < snapshot.size:
        raise WeighbridgeError(
            f"{repo.name} takes {told(snapshot.size)}, and the disk of the cache has {told(free)} left",
            where=str(cache()),
            fix="make room, or let HF_HOME name another disk",
        )
    files = "1 file" if len(snapshot.missing) == 1 else f"{len(snapshot.missing)} files"
    said = f"downloading {repo.name} ({snapshot.commit[:7]}): {told(snapshot.size)} in {files}, to {cache()}\n"
    sys.stderr.write(said)
    hub = _hub(where)
    from huggingface_hub import errors

    try:
        hub.snapshot_download(
            repo.name, revision=snapshot.commit, cache_dir=cache(), allow_patterns=list(snapshot.missing)
        )
    except errors.GatedRepoError:
        raise _gated(repo, where) from None
    except (*errors.HfHubHTTPError.__bases__, errors.RevisionResolutionError) as error:
        raise WeighbridgeError(
            f"the download of {repo.name} broke off: {str(error).strip().splitlines()[:1]}",
            where=where,
            fix=f"run again, it goes on where it stopped; or: {repo.command}",
        ) from None


def _gated(repo: Repo, where: str) -> UsageError:
    return UsageError(
        f"{repo.name} is gated: its makers give it only to those who accept their terms",
        where=where,
        fix=f"accept them at https://huggingface.co/{repo.name}, then: hf auth login",
    )


def _hub(where: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the module, whose types are skipped
    try:
        import huggingface_hub
        import huggingface_hub.utils
    except ImportError:
        raise UsageError(
            "downloads need huggingface_hub", where=where, fix="pip install 'weighbridge[local]'"
        ) from None
    huggingface_hub.utils.disable_progress_bars()
    return huggingface_hub
