"""Every page's examples run as they stand, in order, in an empty folder with the examples beside it.

A page may say, in a comment on the line before a fenced block:

    <!-- file: NAME -->      the block is written to NAME, and not run
    <!-- output -->          the block is what the block before it prints
    <!-- not run: REASON --> the block is not run
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from weighbridge.decide import Decision

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("examples/*/*.md")])
FENCE = re.compile(r"^(?:<!-- *(?P<note>[^>]*?) *-->\n+)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#([^)]*))?\)")
DERIVED = {"project-file.md", "cli.md", "decision-json.md"}
"""Reference pages, written from the code and checked against it elsewhere."""
NO_EXAMPLE = {"CHANGELOG.md", "CONTRIBUTING.md", "DATASHEET.md", "dependencies.md", "RESULTS.md"}
PAUSE = 240
VERDICT = re.compile(r"\bweighbridge (run|compare|sensitivity|decide)\b")
"""Commands that may end undecided (3) or with nobody eligible (4): verdicts, not failures."""


@dataclass(frozen=True)
class Block:
    kind: str
    body: str
    note: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["kind"], found["body"], found["note"] or "", text[: found.start("body")].count("\n") + 1)
        for found in FENCE.finditer(text)
    ]


def runnable(block: Block) -> bool:
    return block.kind in ("python", "console") and not block.note.startswith(("not run", "file:", "output"))


def ran(command: list[str], folder: Path, where: str) -> str:
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PAUSE, check=False
    )
    verdicts = (0, 3, 4) if command[0] == "bash" and VERDICT.search(command[-1]) else (0,)
    assert done.returncode in verdicts, f"{where}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "weighbridge"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weighbridge "$@"\n')
    program.chmod(0o755)
    return tmp_path


WITH_EXAMPLES = [page for page in PAGES if any(runnable(block) for block in blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, folder: Path) -> None:
    printed = ""
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.note.startswith("file:"):
            target = folder / block.note.removeprefix("file:").strip()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, encoding="utf-8")
        elif block.note == "output":
            assert printed.rstrip() == block.body.rstrip(), f"{where}: another output"
        elif runnable(block) and block.kind == "python":
            printed = ran([sys.executable, "-c", block.body], folder, where)
        elif runnable(block):
            commands = re.sub(r"\\\n>? *", "", block.body).splitlines()
            for command in (line[2:] for line in commands if line.startswith("$ ")):
                printed = ran(["bash", "-c", command], folder, f"{where}: {command}")


def test_a_page_about_something_to_do_has_an_example() -> None:
    assert {"README.md", "first-comparison.md", "how-the-verdict-works.md", "python-api.md"} <= {
        page.name for page in PAGES
    }
    silent = {page.name for page in PAGES if page not in WITH_EXAMPLES} - DERIVED - NO_EXAMPLE
    assert silent <= {"README.md"}, "pages without an example that runs"


def test_a_block_that_is_not_run_says_why() -> None:
    for page in PAGES:
        for block in blocks(page):
            if block.note.startswith("not run"):
                assert len(block.note.removeprefix("not run").strip(" :")) > 8, f"{page.name}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, anchor in LINK.findall(text):
        path = (page.parent / target).resolve()
        assert path.exists(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            titles = re.findall(r"^#+ +(.*)$", path.read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in slugs, f"{page.name}: {target}#{anchor}"


def test_the_readme_shows_what_the_kept_decision_of_the_demo_looks_like_today() -> None:
    spec = importlib.util.spec_from_file_location("readme_output", ROOT / "scripts" / "readme_output.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    decision = msgspec.json.decode(module.KEPT.read_bytes(), type=Decision)
    assert not decision.simulated
    assert {candidate.spec for candidate in decision.candidates} >= {"gguf:smollm2"}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert module.readme_with(text, module.shown(decision)) == text, "stale: run `make docs`"
    assert decision.verdict.candidates[0] in text
