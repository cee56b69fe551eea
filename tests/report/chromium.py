"""A headless Chromium over its debugging pipe: pages are opened, measured, typed into and photographed.

The pipe (file descriptors 3 and 4, messages ended by NUL; https://chromedevtools.github.io/devtools-protocol/) needs
neither a port nor a library.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--remote-debugging-pipe", "--disable-extensions", "--mute-audio", "--force-color-profile=srgb"),
)


def program() -> str | None:
    """Where Chromium is, or None."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@dataclass
class Page:
    """One tab. `errors` holds every uncaught exception, `refused` every breach of the page's policy."""

    reader: int
    writer: int
    session: str = ""
    number: int = 0
    rest: bytes = b""
    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    loaded: bool = False

    def _receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.reader], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("Chromium did not answer")
            part = os.read(self.reader, 1 << 20)
            if not part:
                raise ConnectionError("Chromium ended")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, message: dict[str, Any]) -> None:
        what, about = message.get("method"), message.get("params", {})
        if what == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(about["exceptionDetails"])[:500])
        elif what == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.refused.append(about["entry"]["text"])
        elif what == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif what == "Page.loadEventFired":
            self.loaded = True

    def send(self, method: str, limit: float = 30.0, **params: Any) -> dict[str, Any]:
        """Call `method` of the protocol and wait for its result."""
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + limit
        while True:
            reply = self._receive(until)
            if reply.get("id") == number:
                assert "error" not in reply, reply
                result: dict[str, Any] = reply["result"]
                return result
            self._note(reply)

    def attach(self) -> None:
        """Open a tab and listen to it."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def look(self, width: int = 1280, height: int = 900, dark: bool = False, phone: bool = False) -> None:
        """The size of the screen and the reader's colour scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[scheme, motion])

    def open(self, path: Path) -> None:
        """Load a file and wait until its load event has passed."""
        self.errors, self.refused, self.requests, self.loaded = [], [], [], False
        self.send("Page.navigate", url=path.resolve().as_uri())
        until = time.monotonic() + 30
        while not self.loaded:
            self._note(self._receive(until))

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression (promises are awaited)."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press and release one key, at whatever has the focus."""
        about = {"key": key, **({"text": text} if text else {})}
        self.send("Input.dispatchKeyEvent", type="keyDown", **about)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def settle(self) -> None:
        """Wait for two frames and the search's delay."""
        self.run(
            "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 180))"
        )

    def photograph(self, path: Path, whole: bool = False) -> None:
        """Save what is on the screen, or the whole page, as PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """A fresh Chromium with one tab; ends with the block."""
    found = program()
    if found is None:
        pytest.skip("no Chromium on this machine (install the package 'chromium' to run the browser tests)")
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    # Numbers above 9, so that redirecting them to 3 and 4 cannot overwrite one with the other.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (down_read, up_write)]
    os.close(down_read)
    os.close(up_write)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        command = f'exec "$0" "$@" 3<&{ends[0]} 4>&{ends[1]}'
        process = subprocess.Popen(
            ["bash", "-c", command, found, *FLAGS, f"--user-data-dir={home}", "about:blank"],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in ends:
            os.close(end)
        try:
            page = Page(up_read, down_write)
            page.attach()
            yield page
        finally:
            os.close(down_write)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(up_read)
