"""Parts that need no cluster: where engines go, what an address is, what passes between the processes."""

from __future__ import annotations

import importlib.util
import io
import socket
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.models.cluster import address
from weighbridge.models.cluster.places import Node, living, wanted
from weighbridge.models.cluster.words import (
    Ask,
    Failed,
    Piece,
    Told,
    frame,
    from_driver,
    read_frame,
    to_driver,
)
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.specs import open_model
from weighbridge.weighing.endpoint import Endpoint

NODES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=6).map(
    lambda sizes: [Node(f"{number:02}", f"host{number}", cpus, gpus) for number, (cpus, gpus) in enumerate(sizes)]
)


@given(NODES, st.none() | st.integers(1, 30), st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]))
def test_engines_are_spread_evenly_within_what_there_is(nodes: list[Node], replicas: int | None, gpus: float) -> None:
    counts = wanted(nodes, replicas, gpus)
    room = {node.id: int(node.gpus // gpus) for node in nodes} if gpus else {}
    if gpus:
        assert all(counts[node] <= room[node] for node in counts)
        assert counts.total() == min(sum(room.values()), replicas or 10**9)
        open_ones = [counts[node] for node in room if counts[node] < room[node]]
    else:
        assert counts.total() == (0 if not nodes else replicas or len(nodes))
        open_ones = [counts[node.id] for node in nodes]
    if open_ones:
        assert max(counts.values(), default=0) - min(open_ones) <= 1


def test_only_nodes_that_live_and_may_work() -> None:
    def row(name: str, alive: bool = True, **resources: float) -> dict[str, object]:
        return {
            "NodeID": name,
            "Alive": alive,
            "NodeManagerHostname": "box",
            "NodeManagerAddress": "10.0.0.1",
            "Resources": resources,
        }

    found = living([row("b" * 20, CPU=2.0), row("a", CPU=0.0), row("c", alive=False, CPU=4.0), row("d", GPU=1.0)])
    assert [node.id for node in found] == ["b" * 20, "d"]
    assert str(found[0]) == "box 10.0.0.1 (node bbbbbbbb)"
    assert wanted(found, None, 1.0) == Counter({"d": 1})


def test_which_cluster_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(address, "CURRENT", tmp_path / "current")
    assert address.find_address(None) == "local"
    assert address.find_address("10.0.0.7:6379") == "10.0.0.7:6379"
    (tmp_path / "current").write_text("127.0.0.1:9")
    assert address.find_address(None) == "local", "a cluster that is gone must not be waited for"
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"127.0.0.1:{server.getsockname()[1]}"
        (tmp_path / "current").write_text(here)
        assert address.find_address(None) == here
        assert address.find_address("auto") == here
        assert address.find_address("local") == "local"
        monkeypatch.setenv("RAY_ADDRESS", "10.0.0.8:6379")
        assert address.find_address(None) == "10.0.0.8:6379"
        assert address.find_address("10.0.0.7:6379") == "10.0.0.7:6379"
    with pytest.raises(UsageError, match="no Ray cluster runs on this machine"):
        address.find_address("auto")


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        ("ray:ray:gguf:smollm2", {}, "a cluster runs on no cluster"),
        ("ray:gguff:x", {}, "did you mean 'gguf'"),
        ("ray:smollm2", {}, "names no kind"),
        ("ray:simulated:accuracy=2", {}, "accuracy must lie in"),
        ("ray:simulated:accuracy=1", {"ray_address": "ray://host:10001"}, "address of its head"),
        ("ray:simulated:accuracy=1", {"ray_address": "host"}, "write host:port"),
        ("ray:simulated:accuracy=1", {"ray_address": "host:99999"}, "write host:port"),
        ("ray:simulated:accuracy=1", {"replicas": 0}, "replicas must be at least 1"),
        ("ray:simulated:accuracy=1", {"gpus": -1.0}, "gpus must be at least 0"),
    ],
)
def test_what_cannot_be(spec: str, options: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'weighbridge[ray]'")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(address, "CURRENT", Path("/nowhere/current"))
    with pytest.raises(UsageError) as caught:
        open_model(spec, ModelOptions(**options))
    assert says in str(caught.value)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.models.cluster.model.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"Ray is not installed") as caught:
        open_model("ray:simulated:accuracy=1")
    assert caught.value.fix == "pip install 'weighbridge[ray]'"


@given(st.integers(0, 2**40), st.binary(max_size=3000), st.text())
def test_messages_come_out_as_they_went_in(call: int, data: bytes, text: str) -> None:
    pipe = io.BytesIO()
    for message in (Ask(call, 1, "complete", data), Piece(call, text), Failed(call, Told(text, "cut", billed=True))):
        pipe.write(frame(message))
    pipe.seek(0)
    asked = read_frame(pipe)
    assert asked is not None
    assert to_driver(asked) == Ask(call, 1, "complete", data)
    assert [from_driver(part) for part in iter(lambda: read_frame(pipe), None)] == [
        Piece(call, text),
        Failed(call, Told(text, "cut", billed=True)),
    ]
    assert read_frame(io.BytesIO(frame(Piece(1, "whole"))[:-1])) is None


def test_an_error_keeps_what_matters_on_its_way() -> None:
    sent = ModelError(
        "slow down",
        kind="rate_limit",
        where="w",
        fix="f",
        retry_after=2.5,
        status=429,
        usage_may_be_billed=True,
    )
    came = Told.of(sent).model_error("elsewhere")
    assert (came.what, came.kind, came.where, came.fix) == ("slow down", "rate_limit", "w", "f")
    assert (came.retry_after, came.status, came.usage_may_be_billed) == (2.5, 429, True)
    usage = Told.of(UsageError("no file", fix="look"))
    assert usage.model_error("ray:x").kind == "dead"
    assert str(usage.model_error("ray:x")) == "no file\n  where: ray:x\n  fix:   look"


def test_an_elastic_endpoint_follows_its_model() -> None:
    room = 2
    gate = Endpoint("ray://auto/x", first=2, most=64, room=lambda: room)
    assert [gate.try_enter(0.0) for _ in range(3)] == [True, True, False]
    room = 1
    gate.leave()
    assert not gate.try_enter(0.0), "one is under way, and one is all there is room for"
    room = 5
    for _ in range(6):
        gate.answered()
        gate.try_enter(0.0)
    assert gate.in_flight == 5
