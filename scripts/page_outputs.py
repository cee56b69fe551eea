"""Writes into a page what its commands print today: every block after ``<!-- output -->``.

    python scripts/page_outputs.py docs/decision.md

The commands run as in the tests of the pages: in an empty folder with the examples beside it, 80 columns wide.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(
    r"^(?:<!-- *(?P<note>[^>]*?) *-->\n+)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)


def ran(command: list[str], folder: Path) -> str:
    """What a command prints; a verdict may be an exit code of its own."""
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3, 4):
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def renewed(page: Path) -> str:
    """The page's text with the outputs of today."""
    text, printed = page.read_text(encoding="utf-8"), ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(ROOT / "examples")
        (folder / "bin").mkdir()
        program = folder / "bin" / "weighbridge"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weighbridge "$@"\n')
        program.chmod(0o755)
        parts: list[str] = []
        last = 0
        for found in FENCE.finditer(text):
            note, kind, body = found["note"] or "", found["kind"], found["body"]
            if note == "output":
                parts += [text[last : found.start("body")], printed.rstrip() + "\n"]
                last = found.end("body")
            elif note.startswith("file:"):
                target = folder / note.removeprefix("file:").strip()
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(body, encoding="utf-8")
            elif kind == "console" and not note.startswith("not run"):
                commands = re.sub(r"\\\n>? *", "", body).splitlines()
                for command in (line[2:] for line in commands if line.startswith("$ ")):
                    printed = ran(["bash", "-c", command], folder)
            elif kind == "python" and not note.startswith("not run"):
                printed = ran([sys.executable, "-c", body], folder)
    return "".join([*parts, text[last:]])


if __name__ == "__main__":
    for given in sys.argv[1:]:
        Path(given).write_text(renewed(Path(given)), encoding="utf-8")
        print(given)
