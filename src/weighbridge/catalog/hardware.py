"""Accelerators: memory, bandwidth, dense peak rates, links, power and what an hour costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.catalog.entries import Entry, find, known_tables

FILE = "hardware.json"

Precision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"]


@dataclass(frozen=True, slots=True)
class Accelerator(Entry):
    """One kind of accelerator (or ``CPU``). None where a figure is not known."""

    @property
    def vendor(self) -> str | None:
        """Who makes it."""
        return self.says("vendor") or None

    @property
    def memory_gb(self) -> float | None:
        """Memory of one, GB (10^9 bytes)."""
        return self.number("memory")

    @property
    def bandwidth_gb_s(self) -> float | None:
        """Peak bandwidth of its memory, GB/s."""
        return self.number("bandwidth")

    @property
    def link_gb_s(self) -> float | None:
        """Peak bandwidth of the links to its neighbours in one machine, GB/s, both directions together."""
        return self.number("link")

    @property
    def link(self) -> str | None:
        """What the link is: ``NVLink``, ``PCIe``, ``Infinity Fabric``, ..."""
        return self.says("link_kind") or None

    @property
    def tdp_w(self) -> float | None:
        """Thermal design power, W."""
        return self.number("tdp")

    def tflops(self, precision: Precision) -> float | None:
        """Dense peak, TFLOPS (or TOPS), of matrix products in a precision; None where it has no units for it.

        bf16 and fp16 are the same on every accelerator that has both; weights in int4 are multiplied in fp16.
        """
        own = self.number(f"{precision}_tflops")
        if own is not None:
            return own
        same = {"bf16": "fp16", "int4": "fp16"}.get(precision)
        if same is None or (precision == "bf16" and self.yes("bf16") is False):
            return None
        return self.number(f"{same}_tflops")

    @property
    def hour_usd(self) -> tuple[float, float] | None:
        """Least and most that renting one for an hour costs, USD; None where no price is known."""
        low, high = self.number("hour_low"), self.number("hour_high")
        return None if low is None or high is None else (low, high)


def accelerators() -> dict[str, Accelerator]:
    """All accelerators known here by id, the user's own facts over the shipped ones. Raises `UsageError`."""
    return known_tables(FILE).of("accelerators", Accelerator)


def accelerator(name: str) -> Accelerator:
    """An accelerator by id, name or alias (``H100``, ``h100-sxm``). Raises `UsageError` with the nearest match."""
    return find(accelerators(), name, "accelerator", "weighbridge models hardware")
