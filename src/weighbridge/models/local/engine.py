"""A llama.cpp engine in a process of its own, shared by all candidates that use the same file and settings."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from weighbridge.models.protocol import ModelError

_CACHE_MIB = 1024
"""Host memory for prompts whose slot another prompt took; a few-shot prefix comes back from there."""

_CRASH = "assert|abort|terminate|out of memory|failed to allocate|segmentation"


class Settings(msgspec.Struct, frozen=True):
    """What an engine is started with; engines are shared where all of it is the same."""

    path: str
    slots: int
    context: int
    threads: int
    gpu_layers: int | None
    embeddings: bool = False
    """Makes vectors instead of text: llama.cpp's server does one or the other."""
    pooling: str = ""
    """How token vectors become one, where the file does not say: ``mean``, ``last``, ``cls``."""


@dataclass(slots=True)
class Engine:
    """One engine process. `start` and `stop` block, and are safe to call from any thread."""

    settings: Settings
    where: str
    key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    url: str = ""
    users: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _noise: IO[bytes] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _failure: str = ""

    def start(self) -> None:
        """Load the weights, unless they are. Raises ModelError (``dead``) where the engine does not come up."""
        with self._lock:
            if self._failure:
                raise self._dead(self._failure)
            if self.process is None:
                self._launch()

    def _launch(self) -> None:
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - read after the process has ended
        self.process = subprocess.Popen(
            [sys.executable, "-m", "weighbridge.models.local.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            # Ctrl-C in the terminal is the parent's to handle; it then ends the engine.
            start_new_session=True,
        )
        message = {
            **msgspec.to_builtins(self.settings),
            "key": self.key,
            "alias": Path(self.settings.path).name,
            "cache_mib": _CACHE_MIB,
        }
        reply: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            into, out = self.process.stdin, self.process.stdout
            if into is not None and out is not None:
                into.write(json.dumps(message).encode() + b"\n")
                into.flush()
                reply = json.loads(out.readline())
        self.url = reply.get("url", "")
        if not self.url:
            told = self._last_words() or reply.get("error", "")
            self._end()
            self._failure = f"llama.cpp cannot load {self.settings.path}" + (f": {told}" if told else "")
            raise self._dead(self._failure)

    @property
    def dead(self) -> bool:
        """Whether the process has ended by itself."""
        return bool(self._failure) or (self.process is not None and self.process.poll() is not None)

    def death(self) -> ModelError:
        """The error for an engine that is `dead`."""
        if not self._failure:
            code = self.process.poll() if self.process is not None else None
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            told = self._last_words(_CRASH)
            self._failure = f"the llama.cpp engine ended by itself ({how})" + (f": {told}" if told else "")
        return self._dead(self._failure)

    def _dead(self, what: str) -> ModelError:
        fix = "check that the file is whole and that the memory suffices; fewer slots or a smaller context need less"
        if "unknown model architecture" in what:
            fix = f"a newer llama.cpp may know it (pip install -U xllamacpp); or path:{self.settings.path}"
        return ModelError(what, kind="dead", where=self.where, fix=fix)

    def _last_words(self, pattern: str = "") -> str:
        """The first error line that the engine printed and that matches `pattern`, without its time stamp."""
        if self._noise is None or self._noise.closed:
            return ""
        self._noise.seek(0)
        lines = self._noise.read()[-16_384:].decode("utf-8", "replace").splitlines()
        lines = [line for line in lines if re.search(pattern, line, re.IGNORECASE)]
        errors = [line.split(" E ", 1)[1] for line in lines if " E " in line]
        return " ".join((errors[0] if errors else lines[-1] if lines else "").split())[:200]

    def stop(self) -> None:
        """End the process; answers under way are lost."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._noise is not None:
            self._noise.close()


_engines: dict[Settings, Engine] = {}
_registry = threading.Lock()


def acquire(settings: Settings, where: str) -> Engine:
    """The engine for `settings`, not yet started; give it back with `release`."""
    with _registry:
        engine = _engines.get(settings)
        if engine is None:
            engine = _engines[settings] = Engine(settings, where)
        engine.users += 1
        return engine


def release(engine: Engine) -> None:
    """One user less; the last one stops the engine."""
    with _registry:
        engine.users -= 1
        if engine.users > 0:
            return
        if _engines.get(engine.settings) is engine:
            del _engines[engine.settings]
    engine.stop()


def usable_cores() -> int:
    """Cores this process may run on: its affinity, and the container's quota where there is one (cgroup v2)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores
