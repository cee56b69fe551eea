"""Install Weighbridge into a fresh virtual environment and weigh what lands in site-packages.

    python scripts/measure_install.py                # the base install
    python scripts/measure_install.py --extra gguf   # with an extra
    python scripts/measure_install.py --json out.json

Prints one line per distribution (MB = 10^6 bytes on disk, compiled bytecode included) and the sum. Needs the
package registry. The figures in docs/dependencies.md come from here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

LIST = """
import importlib.metadata, json, pathlib, sysconfig
out = {}
for dist in importlib.metadata.distributions():
    files = [pathlib.Path(dist.locate_file(f)) for f in dist.files or ()]
    out[dist.metadata["Name"]] = [dist.version, sum(f.stat().st_size for f in files if f.is_file())]
print(json.dumps({"site": sysconfig.get_path("purelib"), "dists": out}))
"""


class Sizes(NamedTuple):
    """Bytes on disk."""

    total: int
    """The whole site-packages folder, the installer included."""
    tools: int
    """pip and setuptools, which every new environment brings along."""
    distributions: dict[str, tuple[str, int]]
    """Version and size by name."""


TOOLS = ("pip", "setuptools")


def measure(extra: str | None = None) -> Sizes:
    """Install into a new environment and weigh it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        target = f"{ROOT}[{extra}]" if extra else str(ROOT)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--retries", "10", "--timeout", "60"]
        subprocess.run([*pip, "--disable-pip-version-check", target], check=True)
        listed = json.loads(subprocess.run([str(python), "-c", LIST], check=True, capture_output=True).stdout)
        total = sum(f.lstat().st_size for f in Path(listed["site"]).rglob("*") if f.is_file())
    found = {name: (version, size) for name, (version, size) in listed["dists"].items()}
    return Sizes(total, sum(found[name][1] for name in TOOLS if name in found), found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--extra", help="an extra of pyproject.toml to install as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    args = parser.parse_args()
    sizes = measure(args.extra)
    for name, (version, size) in sorted(sizes.distributions.items(), key=lambda row: -row[1][1]):
        print(f"{name:<26} {version:<16} {size / 1e6:8.1f} MB")
    print(f"{'site-packages in all':<43} {sizes.total / 1e6:8.1f} MB")
    print(f"{'without pip and setuptools':<43} {(sizes.total - sizes.tools) / 1e6:8.1f} MB")
    if args.json:
        args.json.write_text(json.dumps(sizes._asdict(), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
