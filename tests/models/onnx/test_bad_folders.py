"""What is wrong with a folder is said in one screen, before the engine can stumble over it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from onnx_models import exported, onnx_engine
from open_models import needs_torch
from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.onnx.manifest import NAME, read
from weighbridge.models.options import ModelOptions
from weighbridge.models.specs import open_model

pytestmark = [pytest.mark.torch, needs_torch]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "exported"
    shutil.copytree(exported("gpt2"), target)
    return target


def refusal(folder: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        onnx_engine(folder)
    assert len(str(caught.value).splitlines()) <= 3
    assert caught.value.fix
    return caught.value


def recorded(folder: Path, **changes) -> None:
    """Change the manifest, and take the files as they are now for those that were exported."""
    import hashlib

    said = json.loads((folder / NAME).read_text())
    said |= changes
    for name in said["files"]:
        path = folder / name
        if path.is_file():
            said["files"][name] = {
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
    (folder / NAME).write_text(json.dumps(said))


def test_no_folder_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "exportet").mkdir()
    with pytest.raises(UsageError, match="no folder") as caught:
        open_model("onnx:exported", base_dir=tmp_path)
    assert "exportet" in str(caught.value)
    assert "weighbridge onnx export" in str(refusal(tmp_path / "exportet"))


def test_a_manifest_that_is_none(folder: Path) -> None:
    path = folder / NAME
    kept = path.read_text()
    for text, word in (("{", "cannot be read"), ('{"kind": 3}', "cannot be read"), ("\udc80", "cannot be read")):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert word in refusal(folder).what
    path.write_text(kept.replace('"format": 1', '"format": 9'))
    assert "format 9" in refusal(folder).what


def test_files_cut_changed_or_gone(folder: Path) -> None:
    data = folder / "model.onnx.data"
    kept = data.read_bytes()
    data.write_bytes(kept[:-100])
    assert "cut or replaced" in refusal(folder).what
    data.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "SHA-256" in refusal(folder).what
    data.unlink()
    assert "model.onnx.data is missing" in refusal(folder).what
    # Not in the manifest any more, and still needed by the graph.
    said = json.loads((folder / NAME).read_text())
    del said["files"]["model.onnx.data"]
    (folder / NAME).write_text(json.dumps(said))
    assert "model.onnx.data" in refusal(folder).what


def test_damaged_graph(folder: Path) -> None:
    path = folder / "model.onnx"
    kept = path.read_bytes()
    for damaged in (kept[: len(kept) // 2], b"", b"\x00" * 50, b"no graph at all", kept[:-3] + b"\xff\xff\xff"):
        path.write_bytes(damaged)
        recorded(folder)
        assert "model.onnx" in refusal(folder).what


def test_damaged_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    recorded(folder)
    assert "tokenizer.json" in refusal(folder).what


def test_names_that_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    said = json.loads((folder / NAME).read_text())
    for name in ("../secret", "/etc/hostname", "a/../../secret"):
        recorded(folder, files={**said["files"], name: {"size": 1, "sha256": ""}})
        assert "out of the folder" in refusal(folder).what
    (tmp_path / "outside").write_text("x")
    (folder / "link").symlink_to(tmp_path / "outside")
    recorded(folder, files={**said["files"], "link": {"size": 1, "sha256": ""}})
    assert "link" in refusal(folder).what


def test_external_data_that_leads_out_of_the_folder(folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../../etc/passwd"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    recorded(folder)
    assert "leads out of the folder" in refusal(folder).what


def test_operators_that_need_a_library_or_another_version(folder: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    kept = model.SerializeToString()
    model.graph.node[0].domain = "my.custom.ops"
    model.opset_import.append(onnx.helper.make_opsetid("my.custom.ops", 1))
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    recorded(folder)
    told = refusal(folder)
    assert "my.custom.ops" in told.what
    assert "never loaded" in told.what
    model = onnx.load_from_string(kept)
    node = next(node for node in model.graph.node if node.op_type == "MatMul")
    node.op_type = "MatMulOfTheFuture"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    recorded(folder)
    told = refusal(folder)
    assert "onnxruntime" in told.what
    assert "MatMulOfTheFuture" in told.what
    assert "pip install -U onnxruntime" in (told.fix or "")


def test_missing_packages_are_named_with_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "onnxruntime" else find(name, *rest)
    )
    with pytest.raises(UsageError, match="onnxruntime not installed") as caught:
        open_model(f"onnx:{folder}")
    assert caught.value.fix == "pip install 'weighbridge[onnx]'"
    from weighbridge.models.local.onnx.export import export

    with pytest.raises(UsageError) as caught:
        export(folder, folder.parent / "new")
    assert "pip install 'weighbridge[local,onnx]' onnx onnxscript" in (caught.value.fix or "")


def test_too_little_memory_is_said_before_loading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.models.local.onnx import model

    monkeypatch.setattr(model, "available", lambda: 1 << 20)
    with pytest.raises(UsageError, match="not enough memory"):
        open_model(f"onnx:{folder}").ready()  # type: ignore[attr-defined]


def test_a_wish_for_a_chat_template_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UsageError, match="no chat template"):
        open_model(f"onnx:{folder}", ModelOptions(template="chat"))


def test_an_export_that_does_not_agree_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onnx_models import source
    from weighbridge.models.local.onnx import export as exporting

    measured = exporting.measured

    def spoiled(loaded, graphs):
        found = measured(loaded, graphs)
        return type(found)(found.prompts, 0.002, found.prompts - 1, found.greedy_tokens, 0.1)

    monkeypatch.setattr(exporting, "measured", spoiled)
    with pytest.raises(WeighbridgeError, match="not the same model"):
        exporting.export(source("gpt2"), tmp_path / "new", threads=1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_export_is_never_replaced(tmp_path: Path) -> None:
    from onnx_models import source
    from weighbridge.models.local.onnx.export import export

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is there already"):
        export(source("bert_classifier"), tmp_path / "mine", threads=1)
    with pytest.raises(UsageError, match="not exported by Weighbridge"):
        export(source("bert_classifier"), tmp_path / "mine", threads=1, replace=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_decoder_without_a_cache_scores_and_says_that_it_cannot_write() -> None:
    from onnx_models import asked, request

    whole, alone = onnx_engine(exported("gpt2")), onnx_engine(exported("gpt2", cached=False), rows=2, tokens=60)
    calls = [request("The quick brown fox", continuations=(" jumps", "no", " jumps over")), request("a")]
    right, found = asked(whole, calls).outcomes, asked(alone, calls).outcomes
    for one, other in zip(found[0].scored, right[0].scored, strict=True):
        assert abs(one.logprob - other.logprob) < 1e-4
        assert one.greedy == other.greedy
    assert "--no-cache" in found[1].fix
    opened = open_model(f"onnx:{exported('gpt2', cached=False)}")
    assert opened.capabilities.scoring
    assert not opened.capabilities.logprobs
    assert "naive" in alone.describe().scoring


def test_reading_sizes_alone_is_quick_and_digests_are_the_engine_s(folder: Path) -> None:
    data = folder / "model.onnx.data"
    kept = data.read_bytes()
    data.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert read(folder, digests=False).kind == "causal"
    with pytest.raises(UsageError, match="SHA-256"):
        read(folder)
