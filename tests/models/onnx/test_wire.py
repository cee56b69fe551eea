"""What a graph refers to is found in its bytes, and damaged bytes are no more than a message."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.models.local.onnx.wire import outside

onnx = pytest.importorskip("onnx")


def model(*names: str, domain: str = "", nested: bool = False):
    from onnx import TensorProto, helper

    def tensor(name: str) -> TensorProto:
        made = TensorProto(name=f"t{name}", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
        made.external_data.add(key="offset", value="0")
        made.external_data.add(key="location", value=name)
        return made

    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    if not nested:
        node = helper.make_node("Identity", [f"t{names[0]}"] if names else ["x"], ["y"], domain=domain)
        graph = helper.make_graph([node], "g", [], [value], [tensor(name) for name in names])
    else:
        constants = [helper.make_node("Constant", [], [f"c{at}"]) for at in range(len(names))]
        for node, name in zip(constants, names, strict=True):
            node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR).t.CopyFrom(tensor(name))
        inner = helper.make_graph([*constants, helper.make_node("Odd", [], ["z"], domain=domain)], "inner", [], [])
        branch = helper.make_node("If", ["b"], ["y"], then_branch=inner, else_branch=inner)
        graph = helper.make_graph([branch], "g", [], [value])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("a.b", 2)])


@given(
    st.lists(st.text(min_size=1, max_size=30), max_size=4), st.booleans(), st.sampled_from(["", "ai.onnx.ml", "x.y"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_finds_what_the_library_of_onnx_wrote(tmp_path: Path, names: list[str], nested: bool, domain: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model(*names, domain=domain, nested=nested).SerializeToString())
    found = outside(path)
    assert found.files == frozenset(names)
    assert found.domains == ({domain} if domain == "x.y" else set())
    assert found.opset == 17


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        outside(path)


@given(st.integers(0, 400), st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_a_graph_with_one_wrong_byte_is_read_or_refused(tmp_path: Path, place: int, value: int) -> None:
    data = bytearray(model("weights.bin", "more.bin", nested=True).SerializeToString())
    data[place % len(data)] = value
    path = tmp_path / "model.onnx"
    path.write_bytes(bytes(data))
    with contextlib.suppress(UsageError):
        outside(path)


def test_graphs_within_graphs_come_to_an_end(tmp_path: Path) -> None:
    def part(number: int, data: bytes) -> bytes:
        size = len(data)
        length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
        return bytes([number << 3 | 2]) + length + data

    graph = b""
    for _ in range(60):
        # A graph whose node has an attribute that is a graph.
        graph = part(1, part(5, part(6, graph)))
    path = tmp_path / "model.onnx"
    path.write_bytes(part(7, graph))
    with pytest.raises(UsageError, match="without end"):
        outside(path)
