"""What a verdict on a large score table costs: 50 models x 14,000 rows from csv.gz to verdict, JSON and HTML.

    python benchmarks/large_table.py [--runs 5]

The whole command in a process of its own, start and imports included; the aim is 5 s of CPU and 1 GB.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

AIM_SECONDS = 5.0
AIM_MB = 1000.0


def large_table(path: Path, models: int = 50, items: int = 14_000) -> None:
    """A score table as an evaluation would leave it, with costs, latencies and sides."""
    rng = random.Random(3)
    hardness = [rng.random() for _ in range(items)]
    with gzip.open(path, "wt", compresslevel=6, newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["item_id", "model", "score", "cost", "latency", "side"])
        for model in range(models):
            rate, side = 0.55 + 0.35 * model / models, "open" if model % 2 else "closed"
            for item, hard in enumerate(hardness):
                right = 0.7 * hard + 0.3 * rng.random() < rate
                seconds = round(rng.uniform(0.2, 2), 3)
                rows.writerow([f"q{item}", f"model-{model:02d}", int(right), 0.0001 * (model + 1), seconds, side])


def measured(folder: Path, *arguments: str) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one `weighbridge compare`."""
    command = [sys.executable, "-m", "weighbridge", "compare", *arguments]
    started = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode in (0, 3)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def speed(runs: int) -> None:
    """Median and worst of `runs`."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        large_table(folder / "large.csv.gz")
        used = sorted(measured(folder, "large.csv.gz", "--html", "r.html", "--json", "d.json") for _ in range(runs))
        seconds, memory = used[runs // 2]
        largest = max(each for _, each in used)
        print(
            f"csv.gz to verdict, JSON and HTML ({(folder / 'r.html').stat().st_size / 1e6:.1f} MB), median of {runs}:"
        )
        print(f"{seconds:.2f} s of CPU, {memory:.0f} MB; slowest {used[-1][0]:.2f} s, largest {largest:.0f} MB")
        met = used[-1][0] <= AIM_SECONDS and largest <= AIM_MB
        print(f"aim {AIM_SECONDS:g} s, {AIM_MB:g} MB: {'met' if met else 'MISSED'}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    speed(parser.parse_args().runs)


if __name__ == "__main__":
    main()
