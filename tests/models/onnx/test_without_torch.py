"""An exported folder runs where neither torch nor transformers can be imported, behind the host as any engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onnx_models import exported
from open_models import needs_torch

pytestmark = [pytest.mark.torch, needs_torch]

BLOCK = """
import sys

GONE = ("torch", "transformers", "onnx", "onnxscript", "safetensors", "huggingface_hub")


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"{name} is blocked in this test", name=name)

sys.meta_path.insert(0, Blocked())
"""

ASK = """
import asyncio, json, sys

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Embedder, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

folders = json.loads(sys.argv[1])


def request(text, **parts):
    return Request((Message("user", text),), Sampling(max_tokens=6), **parts)


async def main():
    found = {}
    for name, folder in folders.items():
        model = open_model(f"onnx:{folder}", ModelOptions(threads=1))
        said = found[name] = {"engine": model.engine, "revision": model.revision}
        if model.capabilities.embeddings:
            said["size"] = [len(vector) for vector in await model.embed(["a text", "another"])]
        elif model.capabilities.streaming:
            calls = [request(f"Tell me {number}") for number in range(5)]
            calls += [request("Which?", choices=("yes", "no"))]
            calls += [request("Which?", continuations=(" yes", " no"))]
            answers = await asyncio.gather(*(model.complete(call) for call in calls))
            said["texts"] = [answer.text for answer in answers]
            said["first"] = answers[0].usage.duration
            said["streamed"] = "".join([piece async for piece in model.stream(calls[0])])
            said["rendered"] = await model.rendered(calls[0])
            said["template"] = (await model.reading()).template
        else:
            said["texts"] = [(await model.complete(request("a text"))).text]
        await model.close()
    print(json.dumps(found))
    assert not {"torch", "transformers"} & set(sys.modules)


asyncio.run(main())
"""


@pytest.mark.slow
def test_runs_without_torch_and_transformers(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    (tmp_path / "ask.py").write_text(ASK)
    names = ("llama", "t5", "bert_classifier", "bert_encoder")
    folders = {name: str(exported(name)) for name in names}
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WEIGHBRIDGE_CACHE": str(tmp_path / "cache")}
    blocked = subprocess.run(
        [sys.executable, "-c", "import torch"], env=environment, capture_output=True, text=True, check=False
    )
    assert "is blocked in this test" in blocked.stderr
    done = subprocess.run(
        [sys.executable, str(tmp_path / "ask.py"), json.dumps(folders)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    for name in ("llama", "t5"):
        said = found[name]
        assert len(said["texts"]) == 7
        assert said["texts"][5] in ("yes", "no")
        assert said["texts"][6] in (" yes", " no")
        assert said["streamed"] == said["texts"][0]
        assert said["first"] > 0
        assert said["engine"].startswith("onnxruntime ")
        assert said["revision"].startswith("sha256:")
    assert found["llama"]["template"] == "chat"
    assert found["llama"]["rendered"].endswith("<|im_start|>assistant\n")
    assert found["t5"]["template"] == "plain"
    assert found["bert_classifier"]["texts"][0] in ("negative", "neutral", "positive")
    assert found["bert_encoder"]["size"] == [32, 32]
    assert len({said["revision"] for said in found.values()}) == 4
