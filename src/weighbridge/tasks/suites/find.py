"""Where a suite's data are: folders that were named, then the caches of the Hub's own tools. Nothing is fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.tasks.suites.definition import Suite

VARIABLE = "WEIGHBRIDGE_DATA"
ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Found:
    """Where the rows of a suite (or its examples) are."""

    path: Path
    split: str | None = None
    """Split of a folder."""
    files: tuple[Path, ...] = ()
    """Arrow files of the `datasets` cache, in place of `path`."""
    revision: str | None = None
    """Commit of the Hub's repository."""


def find(suite: Suite, folders: Sequence[str | Path] = (), *, shots: bool = False) -> Found:
    """The suite's rows, or those its examples are drawn from.

    Looks in `folders`, in those of the variable WEIGHBRIDGE_DATA, then in the Hub's cache and in that of `datasets`.
    Raises `UsageError` with the command that fetches the data where they are nowhere, and for a folder that is not
    there.
    """
    named = [*map(Path, folders), *(Path(each) for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each)]
    for folder in named:
        if not folder.expanduser().is_dir():
            raise UsageError(
                "the data folder is not there", where=str(folder), fix=f"check the path (--data, {VARIABLE})"
            )
    split = suite.data.shots if shots else suite.data.split
    places = (
        *(_in_folder(suite, folder.expanduser(), split, shots=shots) for folder in named),
        _in_hub_cache(suite, split),
        _in_datasets_cache(suite, split),
    )
    for found in places:
        if found is not None:
            return found
    what = "examples" if shots else "data"
    names = (suite.data.shots_files if shots else suite.data.files) or suite.data.files
    looked = ", ".join([*(str(folder) for folder in named), str(hub_cache()), str(datasets_cache())])
    raise UsageError(
        f"the {what} of {suite.name} are not on this machine",
        where=f"looked in {looked}",
        fix=f"{fetch_command(suite)}\n         or put them into a folder as {names[0]}.jsonl (csv, parquet, ... too) "
        f"and name it: --data FOLDER, or {VARIABLE}=FOLDER",
    )


def fetch_command(suite: Suite) -> str:
    """The command that fetches the data."""
    where = suite.data
    if where.dataset is None:
        return where.fetch or f"see {suite.source}"
    return f"hf download --repo-type dataset {where.dataset}"


def hub_cache() -> Path:
    """The cache of `huggingface_hub`, by the variables it reads itself."""
    if found := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(found).expanduser()
    return _home() / "hub"


def datasets_cache() -> Path:
    """The cache of `datasets`, by the variables it reads itself."""
    if found := os.environ.get("HF_DATASETS_CACHE"):
        return Path(found).expanduser()
    return _home() / "datasets"


def _home() -> Path:
    if found := os.environ.get("HF_HOME"):
        return Path(found).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(base) / "huggingface").expanduser()


def _in_folder(suite: Suite, folder: Path, split: str | None, *, shots: bool) -> Found | None:
    """A file under one of the suite's names, or a dataset folder under its Hub name."""
    names = suite.data.shots_files if shots else suite.data.files
    for name in names:
        for ending in ENDINGS:
            file = folder / f"{name}{ending}"
            if file.is_file():
                return Found(file)
    if shots and suite.data.dataset is None:
        return _in_folder(suite, folder, split, shots=False)
    for candidate in (*(folder / name for name in suite.data.files), *_hub_names(suite, folder)):
        if (candidate / "dataset_dict.json").is_file():
            return Found(candidate, split)
        if (candidate / "state.json").is_file():
            return None if shots else Found(candidate)
        if candidate.is_dir() and (found := _within(suite, candidate, split)):
            return found
    return None


def _hub_names(suite: Suite, folder: Path) -> Iterator[Path]:
    if suite.data.dataset is None:
        return
    owner, _, name = suite.data.dataset.partition("/")
    for base in (folder / owner / name, folder / f"{owner}___{name}", folder / f"{owner}--{name}", folder / name):
        if suite.data.config is not None:
            yield base / suite.data.config
        yield base


def _in_hub_cache(suite: Suite, split: str | None) -> Found | None:
    """The newest snapshot that has the split; ``refs/main`` says which one is meant."""
    if suite.data.dataset is None:
        return None
    base = hub_cache() / f"datasets--{suite.data.dataset.replace('/', '--')}"
    snapshots = base / "snapshots"
    if not snapshots.is_dir():
        return None
    main = base / "refs" / "main"
    wanted = main.read_text(encoding="ascii").strip() if main.is_file() else ""
    for snapshot in sorted(snapshots.iterdir(), key=lambda path: (path.name != wanted, path.name)):
        if found := _within(suite, snapshot, split):
            return Found(found.path, found.split, found.files, snapshot.name)
    return None


def _within(suite: Suite, folder: Path, split: str | None) -> Found | None:
    """The split in a repository's folder: under the config's name, under ``data``, or at the top."""
    config = suite.data.config
    for place in ([folder / config, folder / "data" / config] if config else []) + [folder]:
        if not place.is_dir():
            continue
        files = [path for path in sorted(place.rglob("*")) if path.name.endswith(ENDINGS) and _visible(path, place)]
        if place == folder and config:
            # Another config's files may lie beside; only names with this one's are meant.
            word = re.compile(rf"(?:^|[/_.-]){re.escape(config)}(?:[/_.-]|$)")
            files = [path for path in files if word.search(path.relative_to(folder).as_posix())]
        chosen = [path for path in files if split is None or _is_split(path, place, split)]
        if not chosen and not any(_is_split(path, place, name) for path in files for name in SPLITS):
            chosen = files
        if chosen:
            return Found(place, split, tuple(chosen))
    return None


def _visible(path: Path, base: Path) -> bool:
    own = ("dataset_info.json", "dataset_infos.json", "state.json")
    return (
        path.is_file() and path.name not in own and not any(p.startswith(".") for p in path.relative_to(base).parts)
    )


def _is_split(path: Path, base: Path, split: str) -> bool:
    """``test-00000-of-00001.parquet``, ``data/test.jsonl``, ``test/0000.parquet``, ``mgsm_test.tsv``."""
    parts = [part.lower() for part in path.relative_to(base).parts]
    words = parts[-1].replace(".", "-").replace("_", "-").split("-")
    others = {"validation": ("dev", "val", "valid")}.get(split, ())
    return any(name in words or name in parts[:-1] for name in (split, *others))


def _in_datasets_cache(suite: Suite, split: str | None) -> Found | None:
    """``org___name/config/version/fingerprint/name-split.arrow``."""
    if suite.data.dataset is None:
        return None
    base = datasets_cache() / suite.data.dataset.replace("/", "___")
    roots = [base / (suite.data.config or "default"), base]
    for root in roots:
        if not root.is_dir():
            continue
        files: Iterable[Path] = sorted(root.rglob("*.arrow"))
        by_folder: dict[Path, list[Path]] = {}
        for file in files:
            if _is_split(file, root, split or "train") and not file.name.startswith("cache-"):
                by_folder.setdefault(file.parent, []).append(file)
        if by_folder:
            newest = max(by_folder, key=lambda folder: (folder.stat().st_mtime, str(folder)))
            return Found(newest, split, tuple(by_folder[newest]))
    return None
