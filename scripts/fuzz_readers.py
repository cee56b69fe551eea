"""Coverage-guided fuzzing of the log readers: whatever a file holds, reading it ends in rows or in a UsageError.

    pip install atheris
    python scripts/fuzz_readers.py FORMAT [SECONDS]     # a name of `weighbridge.logs.readers`, or "all"

Seeds are the fixtures in tests/logs/fixtures and the samples that tests/logs/samples.py makes. Each input replaces
one file of a fixture that the format has; the rest of a folder stays as it is. A crash prints its traceback and
leaves the input in the current folder.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "logs" / "fixtures"
ROWS = 2_000
"""Rows read of one input at most: an input may well describe many."""


def made(folder: Path) -> None:
    """Small files of the formats that have no recorded fixture, in `folder`."""
    sys.path.insert(0, str(ROOT / "tests"))
    samples = importlib.import_module("logs.samples")
    samples.write_array(
        folder / "alpaca.json", [samples.annotation(n, p, "m") for n, p in enumerate([1.0, 2.0, None])]
    )
    samples.write_lines(folder / "single.jsonl", [samples.single(81, 1, 8, "m"), samples.single(81, 2, 9.5, "m")])
    samples.write_array(folder / "zero.json", [samples.gsm(n, '{"answer": "3"}') for n in (1, 2)])


def cases(name: str, folder: Path) -> list[tuple[Path, Path]]:
    """(what is read, the file in it that is replaced) for every fixture that the reader of `name` recognises."""
    from weighbridge.logs.readers import reader_of

    made(folder)
    reader = reader_of(name)
    found = []
    for place in [*sorted(FIXTURES.rglob("*")), *sorted(folder.iterdir())]:
        files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        if (
            files
            and len(files) <= 8
            and max(path.stat().st_size for path in files) < 200_000
            and reader.recognise(place)
        ):
            found += [(place, path) for path in files]
    return found


def fuzz(name: str, seconds: int) -> None:
    """Run until the time is up; atheris ends the process."""
    import atheris

    with atheris.instrument_imports(include=["weighbridge.logs", "weighbridge.tasks.readers"]):
        from weighbridge.errors import UsageError
        from weighbridge.logs.readers import reader_of

        reader = reader_of(name)
    scratch = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    seeds = scratch / "seeds"
    seeds.mkdir()
    (scratch / "made").mkdir()
    known = cases(name, scratch / "made")
    if not known:
        sys.exit(f"no fixture of {name}: nothing to begin with")
    for number, (_, path) in enumerate(known):
        (seeds / str(number)).write_bytes(bytes([number % 256]) + path.read_bytes())
    copies = []
    for number, (place, path) in enumerate(known):
        copy = scratch / f"case{number}" / place.name
        copy.parent.mkdir()
        shutil.copytree(place, copy) if place.is_dir() else shutil.copy(place, copy)
        copies.append((copy, copy if place.is_file() else copy / path.relative_to(place)))

    def one(data: bytes) -> None:
        if not data:
            return
        place, target = copies[data[0] % len(copies)]
        kept = target.read_bytes()
        target.write_bytes(data[1:])
        try:
            if reader.recognise(place):
                for log in reader.read(place):
                    for _ in islice(log.rows(), ROWS):
                        pass
        except UsageError:
            pass
        finally:
            target.write_bytes(kept)

    flags = [
        f"-max_total_time={seconds}",
        "-max_len=200000",
        "-rss_limit_mb=2048",
        "-timeout=20",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(seeds)], one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main() -> None:
    """Fuzz one format here, or all in processes of their own."""
    name = sys.argv[1] if len(sys.argv) > 1 else "all"
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    if name != "all":
        fuzz(name, seconds)
        return
    from weighbridge.logs.readers import readers

    for one in readers():
        command = [sys.executable, __file__, one, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        executed = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        said = executed or done.stderr.splitlines()[-20:]
        print(f"{one:18s} exit {done.returncode}  " + "\n".join(said), flush=True)


if __name__ == "__main__":
    main()
