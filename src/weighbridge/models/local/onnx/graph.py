"""A graph in onnxruntime: opened with every reason why it cannot be, and run with its caches left in place."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.onnx.manifest import Manifest, within
from weighbridge.models.local.onnx.wire import outside

if TYPE_CHECKING:
    import numpy as np

Tensors = list[Any]
"""``OrtValue``s: they stay in the engine's memory from one step to the next."""

_INSTALL = "pip install 'weighbridge[onnx]'"
_AGAIN = "export it again: weighbridge onnx export SOURCE DIR"


def installed(where: str) -> None:
    """Raises UsageError where onnxruntime or tokenizers is not there."""
    missing = [name for name in ("onnxruntime", "tokenizers") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"{' and '.join(missing)} not installed", where=where, fix=_INSTALL)


@dataclass(slots=True)
class Graph:
    """One graph; `run` gives its outputs in their order."""

    session: Any = field(repr=False)
    """An ``onnxruntime.InferenceSession``."""
    inputs: frozenset[str]
    outputs: list[str]

    def run(self, feed: Mapping[str, Any]) -> Tensors:
        """Outputs for `feed`: numpy arrays or tensors by name; what the graph does not take is left out.

        Raises WeighbridgeError where the engine fails (memory, as a rule).
        """
        import onnxruntime

        given = {name: tensor(value) for name, value in feed.items() if name in self.inputs}
        try:
            found: Tensors = self.session.run_with_ort_values(self.outputs, given)
        except _errors(onnxruntime) as error:
            raise WeighbridgeError(
                f"onnxruntime failed: {_told(error)}", fix="give it fewer rows at once, or shorter prompts"
            ) from None
        return found


def open_graph(folder: Path, role: str, manifest: Manifest, threads: int | None) -> Graph:
    """The graph of that role. Raises UsageError for a damaged file, data outside the folder, an unknown operator."""
    installed(str(folder))
    import onnxruntime

    path = within(folder, manifest.graphs[role])
    refers = outside(path)
    for location in sorted(refers.files):
        if location not in manifest.files:
            within(folder, location)
            raise UsageError(
                f"{path.name} reads {location!r}, which is not among the exported files", where=str(path), fix=_AGAIN
            )
        if not within(folder, location).is_file():
            raise UsageError(
                f"{location} is missing: {path.name} keeps its weights there", where=str(path), fix=_AGAIN
            )
    if refers.domains:
        names = ", ".join(sorted(refers.domains))
        raise UsageError(
            f"{path.name} needs operators of {names}, which come as libraries of native code: they are never loaded",
            where=str(path),
            fix="export the model with standard operators: weighbridge onnx export SOURCE DIR",
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.inter_op_num_threads = 1
    if threads is not None:
        options.intra_op_num_threads = threads
    # Threads that wait for work sleep: the machine is shared with the run itself, and with other engines.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _errors(onnxruntime) as error:
        raise _refusal(path, error, onnxruntime.__version__, refers.opset) from None
    return Graph(
        session,
        frozenset(entry.name for entry in session.get_inputs()),
        [entry.name for entry in session.get_outputs()],
    )


def _refusal(path: Path, error: Exception, version: str, opset: int) -> UsageError:
    told = _told(error)
    lacks = ("not a registered function", "no op registered", "opset")
    if type(error).__name__ == "NotImplemented" or any(sign in told.lower() for sign in lacks):
        return UsageError(
            f"onnxruntime {version} lacks an operator of {path.name} (opset {opset}): {told}",
            where=str(path),
            fix="pip install -U onnxruntime, or export it again for this version",
        )
    return UsageError(f"onnxruntime cannot read {path.name}: {told}", where=str(path), fix=_AGAIN)


def _errors(onnxruntime: Any) -> tuple[type[Exception], ...]:
    state = onnxruntime.capi.onnxruntime_pybind11_state
    names = ("Fail", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "InvalidArgument", "NoSuchFile")
    more = ("NoModel", "EngineError", "RuntimeException", "EPFail", "ModelLoaded", "ModelLoadCanceled")
    known = [getattr(state, name) for name in (*names, *more) if hasattr(state, name)]
    return (*known, RuntimeError, ValueError)


def _told(error: Exception) -> str:
    """The first line of the engine's message, without its code."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    if text.startswith("[ONNXRuntimeError]"):
        text = text.split(" : ", 3)[-1]
    return text if len(text) <= 300 else f"{text[:100]} ... {text[-200:]}"


def tensor(value: Any) -> Any:
    """`value` as an ``OrtValue``; an array's memory is taken as it is where the engine can."""
    import onnxruntime

    if isinstance(value, onnxruntime.OrtValue):
        return value
    return onnxruntime.OrtValue.ortvalue_from_numpy(value)


def empty(shapes: Sequence[tuple[int, int]], rows: int) -> list[np.ndarray]:
    """A cache of nothing for `rows` rows."""
    import numpy as np

    return [np.zeros((rows, heads, 0, size), np.float32) for heads, size in shapes]


def taken(tensors: Tensors, rows: Sequence[int], *, after: int = 0) -> list[np.ndarray]:
    """Copies of those rows of cache tensors (a row may be asked for more than once), without their first columns."""
    import numpy as np

    index = np.asarray(rows, np.int64)
    return [np.ascontiguousarray(part.numpy()[index, :, after:]) for part in tensors]
