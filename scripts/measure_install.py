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

ROOT = Path(__file__).resolve().parents[1]

LIST = """
import importlib.metadata, json, pathlib, sysconfig
out = {}
for dist in importlib.metadata.distributions():
    files = [pathlib.Path(dist.locate_file(f)) for f in dist.files or ()]
    out[dist.metadata["Name"]] = [dist.version, sum(f.stat().st_size for f in files if f.is_file())]
print(json.dumps({"site": sysconfig.get_path("purelib"), "dists": out}))
"""


def measure(extra: str | None) -> dict[str, object]:
    """Sizes in bytes: `total` of the whole site-packages folder, and per distribution (version, bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        target = f"{ROOT}[{extra}]" if extra else str(ROOT)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--retries", "10", "--timeout", "60"]
        subprocess.run([*pip, "--disable-pip-version-check", target], check=True)
        listed = json.loads(subprocess.run([str(python), "-c", LIST], check=True, capture_output=True).stdout)
        total = sum(f.lstat().st_size for f in Path(listed["site"]).rglob("*") if f.is_file())
    return {"total": total, "distributions": listed["dists"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--extra", help="an extra of pyproject.toml to install as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    args = parser.parse_args()
    sizes = measure(args.extra)
    rows = sizes["distributions"]
    assert isinstance(rows, dict)
    for name, (version, size) in sorted(rows.items(), key=lambda row: -row[1][1]):
        print(f"{name:<22} {version:<16} {size / 1e6:8.1f} MB")
    print(f"{'site-packages in all':<39} {float(str(sizes['total'])) / 1e6:8.1f} MB")
    if args.json:
        args.json.write_text(json.dumps(sizes, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
