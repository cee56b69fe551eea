"""Put the demo's output into the README, as today's report shows the decision that the demo reached.

    python scripts/readme_output.py                                   # show the kept decision anew
    python scripts/readme_output.py build/demo/support-desk.json      # keep another decision, and show it

The decision of a real run of `make demo` is kept in examples/support-desk/decision.json. The README's block is that
decision in the terminal report's present form; a test compares the two.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from weighbridge.decide import Decision
from weighbridge.report.terminal import render

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
KEPT = ROOT / "examples" / "support-desk" / "decision.json"
BLOCK = re.compile(r"(<!-- not run: output of make demo -->\n```text\n)(.*?)(^```$)", re.M | re.S)


def shown(decision: Decision) -> str:
    """The terminal report at 80 columns, without colour."""
    out = io.StringIO()
    render(decision, Console(file=out, width=80, force_terminal=False, no_color=True))
    return out.getvalue().strip("\n") + "\n"


def readme_with(text: str, output: str) -> str:
    """README `text` with the demo's block replaced. Raises ValueError where there is no such block."""
    changed, count = BLOCK.subn(lambda found: found[1] + output + found[3], text)
    if count != 1:
        raise ValueError("README.md needs exactly one block of the demo's output")
    return changed


def main() -> int:
    if len(sys.argv) > 1:
        KEPT.write_bytes(Path(sys.argv[1]).read_bytes())
    output = shown(msgspec.json.decode(KEPT.read_bytes(), type=Decision))
    README.write_text(readme_with(README.read_text(encoding="utf-8"), output), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
