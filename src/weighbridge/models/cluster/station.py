"""A node's side: the model inside, opened where its weights lie, and asked."""

from __future__ import annotations

import os
import pickle
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.cluster.words import Identity, Told, encode
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Embedder, Model, ModelError, Preparing, Reading, Rendering, Templated
from weighbridge.models.specs import open_model


@dataclass(slots=True)
class Station:
    """One opened model."""

    model: Model
    engine_here: bool

    @classmethod
    async def open(
        cls, spec: str, options: bytes, base_dir: str, key: tuple[str, str] | None
    ) -> tuple[str, bytes, Station | None]:
        """``opened`` with its `Identity`, or ``failed`` with what is wrong."""
        if key is not None:
            os.environ[key[0]] = key[1]
        try:
            if not Path(base_dir).is_dir():
                raise UsageError(
                    f"the project's folder {base_dir} is not there",
                    fix="put it at the same path on every node: a shared file system, or a copy",
                )
            model = open_model(spec, msgspec.json.decode(options, type=ModelOptions), Path(base_dir))
            if isinstance(model, Preparing) and not model.prepared:
                await model.prepare()
            identity = identity_of(model)
        except WeighbridgeError as error:
            return "failed", encode(Told.of(error)), None
        finally:
            if key is not None:
                # The client holds it now; what a library may print of its environment must not.
                os.environ.pop(key[0], None)
        return "opened", encode(identity), cls(model, identity.engine_here)

    async def answer(self, method: str, data: bytes) -> tuple[str, bytes]:
        """One call. ``died`` where the engine on this node is no more, so that another may be asked."""
        try:
            return "done", pickle.dumps(await self._called(method, data), pickle.HIGHEST_PROTOCOL)
        except ModelError as error:
            return self._failed(error)
        except WeighbridgeError as error:
            return "failed", encode(Told.of(error))

    async def pieces(self, data: bytes) -> AsyncIterator[tuple[str, bytes]]:
        """Pieces of text, then the end."""
        try:
            async for text in self.model.stream(pickle.loads(data)):  # noqa: S301 - from the run's own process
                yield "piece", text.encode("utf-8", "surrogatepass")
        except ModelError as error:
            yield self._failed(error)
        else:
            yield "done", b""

    async def close(self) -> None:
        await self.model.close()

    def _failed(self, error: ModelError) -> tuple[str, bytes]:
        tag = "died" if error.kind == "dead" and self.engine_here else "failed"
        return tag, encode(Told.of(error))

    async def _called(self, method: str, data: bytes) -> Any:  # noqa: ANN401 - what the method returns
        argument = pickle.loads(data)  # noqa: S301 - from the run's own process
        model = self.model
        if method == "complete":
            return await model.complete(argument)
        if method == "embed":
            if not isinstance(model, Embedder):
                raise ModelError(f"{model.spec} makes no embeddings", kind="bad_request")
            return await model.embed(argument)
        if method == "rendered":
            return await model.rendered(argument) if isinstance(model, Rendering) else None
        return await model.reading() if isinstance(model, Templated) else Reading()


def identity_of(model: Model) -> Identity:
    """What `model` says of itself. Reads its weights once, where their digest is its revision."""
    return Identity(
        spec=model.spec,
        revision=model.revision,
        engine=model.engine,
        side=model.side,
        simulated=model.simulated,
        capabilities=model.capabilities,
        concurrency=max(1, model.concurrency),
        engine_here="://" not in model.endpoint,
    )


def uses_gpu(spec: str, options: bytes) -> bool:
    """Whether the engine of `spec`, as it is installed on this machine, would compute on a GPU."""
    kind = spec.partition(":")[0]
    said = msgspec.json.decode(options)
    if said.get("device") == "cpu" or said.get("gpu_layers") == 0:
        return False
    try:
        if kind in ("hf", "path"):
            import torch

            return torch.version.cuda is not None or torch.version.hip is not None
        if kind == "onnx":
            import onnxruntime

            return any(name.startswith(("CUDA", "ROCM")) for name in onnxruntime.get_available_providers())
        if kind == "gguf":
            import xllamacpp

            return any("CPU" not in str(one.get("name", "")) for one in xllamacpp.get_device_info())
    except ImportError:
        pass
    return False
