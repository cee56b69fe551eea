"""The npm package `@copilotkit/aimock`, a server that speaks all vendors' formats; installed once, under build/."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = "@copilotkit/aimock@1.43.0"
CACHE = Path(__file__).resolve().parents[1] / "build" / "aimock"


def installed() -> Path:
    """The package's command, installed once by the ordinary npm client."""
    command = CACHE / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    if command.is_file():
        return command
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm and node are not on this machine")
    making = CACHE.with_name(f"aimock.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    (making / "package.json").write_text('{"private": true}')
    found = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
        cwd=making,
        capture_output=True,
        timeout=120,
        check=False,
    )
    if found.returncode:
        shutil.rmtree(making)
        pytest.skip(f"npm cannot install {PACKAGE} here")
    try:
        making.rename(CACHE)
    except OSError:  # another worker was first
        shutil.rmtree(making)
    return command
