"""The npm package `@copilotkit/aimock`, a server that speaks all vendors' formats; installed once, under build/."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "@copilotkit/aimock@1.43.0"
CACHE = Path(__file__).resolve().parents[1] / "build" / "aimock"


@contextmanager
def serving(folder: Path, fixtures: list[dict[str, Any]]) -> Iterator[int]:
    """The package's server with these fixtures, kept in `folder`; gives its port. Streams come in pieces of 7."""
    (folder / "all.json").write_text(json.dumps({"fixtures": fixtures}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["node", str(installed()), "-p", str(port), "-f", str(folder), "-c", "7", "--log-level", "silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        else:
            pytest.fail("aimock does not answer")
        yield port
    finally:
        process.kill()
        process.wait()


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
