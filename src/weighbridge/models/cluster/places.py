"""Where engines go: one per GPU where the nodes have some and the engine uses them, else one per node."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class Node(msgspec.Struct, frozen=True):
    """One living machine of the cluster, as Ray describes it."""

    id: str
    host: str
    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"{self.host} (node {self.id[:8]})"


def living(rows: Iterable[Mapping[str, Any]]) -> list[Node]:
    """The nodes of ``ray.nodes()`` that live and may do work, in the order of their ids."""
    found = [
        Node(
            row["NodeID"],
            f"{row['NodeManagerHostname']} {row['NodeManagerAddress']}",
            float(row["Resources"].get("CPU", 0)),
            float(row["Resources"].get("GPU", 0)),
        )
        for row in rows
        if row["Alive"]
    ]
    return sorted((node for node in found if node.cpus or node.gpus), key=lambda node: node.id)


def wanted(nodes: Iterable[Node], replicas: int | None, gpus: float) -> Counter[str]:
    """How many engines each node should hold, by node id.

    `gpus` is what one engine has of a node's GPUs; 0: engines do not use them. `replicas` bounds the engines, or,
    without GPUs, is their number: then a node may hold several. Engines are spread evenly.
    """
    room: dict[str, float] = {
        node.id: (math.floor(node.gpus / gpus + 1e-9) if gpus else math.inf if replicas else 1) for node in nodes
    }
    counts: Counter[str] = Counter()
    while replicas is None or counts.total() < replicas:
        open_ones = [node for node in room if counts[node] < room[node]]
        if not open_ones:
            break
        counts[min(open_ones, key=lambda node: counts[node])] += 1
    return counts
