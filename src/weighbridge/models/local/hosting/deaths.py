"""Why an engine's process ended, in words."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

_CRASH = re.compile(r"error|fatal|assert|abort|terminate|out of memory|can't allocate|failed to allocate", re.I)

_MEMORY = "a smaller model, dtype: bfloat16, fewer slots or batch_tokens, or a GGUF file (gguf:) needs less memory"


def how_it_ended(code: int | None, for_memory: bool, said: str) -> tuple[str, str]:
    """What happened and what to do, from the exit code (negative: a signal) and what the process printed last."""
    words = _last(said)
    if code == -signal.SIGKILL and for_memory:
        return "the system killed it for want of memory", _MEMORY
    if code == -signal.SIGKILL:
        what = "it was killed (signal 9), by somebody or by the system for want of memory"
        return what, f"run again; if it happens again: {_MEMORY}"
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in {one.value for one in signal.Signals} else f"signal {-code}"
        what = f"it crashed in native code ({name})" + (f": {words}" if words else "")
        if code == -signal.SIGBUS:
            return what, "the files changed or the disk filled up while they were read: check them, and run again"
        return what, "run again with another dtype or with fewer slots; if it stays, please report the model's name"
    what = f"it ended with exit code {code}" + (f": {words}" if words else "")
    return what, "run again; if it stays, please report the model's name"


def _last(said: str) -> str:
    """The last line that looks like the reason."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if _CRASH.search(line)]
    return (telling or lines or [""])[-1][:200]


def killed_for_memory() -> int:
    """Processes the kernel has killed for want of memory since it started (Linux; 0 elsewhere)."""
    found = 0
    for path in ("/proc/vmstat", "/sys/fs/cgroup/memory.events"):
        with contextlib.suppress(OSError, ValueError):
            for line in Path(path).read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == "oom_kill":
                    found += int(value)
    return found
