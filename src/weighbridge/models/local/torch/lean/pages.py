"""Gives back memory of weights that were copied: safetensors files stay mapped, what was read of them resident."""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path

_NOT_NEEDED = 4
"""``MADV_DONTNEED`` of Linux: pages of a file go at once, and whoever reads them later gets them from the file."""


class MappedFiles:
    """Where weight files are mapped into this process; nowhere on systems that do not tell."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        try:
            lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
            self._advise = ctypes.CDLL(None, use_errno=True).madvise
        except (OSError, AttributeError):
            return
        for line in lines:
            if line.endswith(".safetensors"):
                start, end = line.split(" ", 1)[0].split("-")
                self._ranges.append((int(start, 16), int(end, 16)))

    def drop(self, address: int, size: int) -> None:
        """The whole pages of a piece of memory, where it lies in such a file; anything else is left alone."""
        page = mmap.PAGESIZE
        start, end = -(-address // page) * page, (address + size) // page * page
        if start < end and any(low <= start and end <= high for low, high in self._ranges):
            # Only advice: where the kernel does not take it, the pages stay.
            self._advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _NOT_NEEDED)
