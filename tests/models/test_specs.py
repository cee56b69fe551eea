"""Spec strings: what they open, and what is said of the ones that cannot be."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.models import specs
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model
from weighbridge.models.specs import KINDS, open_model


def refused(spec: str, base: Path | None = None, **options) -> str:
    with pytest.raises(UsageError) as caught:
        open_model(spec, ModelOptions(**options), base)
    assert caught.value.fix or caught.value.where
    return str(caught.value)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gguff:smollm2", "did you mean 'gguf'?"),
        ("simulate:accuracy=1", "did you mean 'simulated'?"),
        ("nonsense", "names no kind"),
        ("", "names no kind"),
        ("gguf:", "nothing after the colon"),
        ("weights/model.gguf", "write gguf:weights/model.gguf"),
        ("http://127.0.0.1:8000/v1", "#NAME"),
        ("http://127.0.0.1:8000/v1#", "#NAME"),
        ("http:///v1#m", "names no host"),
        ("http://127.0.0.1:port/v1#m", "is no address"),
        ("https://me:hunter2@host.example/v1#m", "carries a password"),
        ("https://host.example/v1?api_key=hunter2#m", "carries a secret"),
        ("gguf:smolm2", "did you mean 'smollm2'?"),
        ("gguf:missing.gguf", "there is no file"),
        ("recorded:missing.csv", "there is no file"),
        ("python:nodots", "no dotted path"),
        ("python:no.such.module_at_all", "there is no module"),
        ("simulated:accuracy=2", "must lie in [0, 1]"),
        ("simulated:acuracy=0.8", "did you mean 'accuracy'?"),
        ("simulated:latency=1", "needs its accuracy"),
        ("simulated:accuracy", "is not name=value"),
        ("simulated:accuracy=0.9,refuse=0.2", "above 1"),
        ("simulated:accuracy=0.9,side=left", "side"),
    ],
)
def test_bad_specs(spec: str, says: str, tmp_path: Path) -> None:
    message = refused(spec, tmp_path)
    assert says in message
    assert "hunter2" not in message


def test_bad_options() -> None:
    assert "concurrency must be at least 1" in refused("simulated:accuracy=1", concurrency=0)
    assert "carries a secret" in refused("http://127.0.0.1:1/v1#m", headers={"Authorization": "Bearer x"})
    assert "extra may not set 'messages'" in refused("http://127.0.0.1:1/v1#m", extra={"messages": []})
    assert "WB_NO_SUCH_KEY is not set" in refused("http://127.0.0.1:1/v1#m", key_env="WB_NO_SUCH_KEY")


@pytest.mark.parametrize(
    ("spec", "side"),
    [
        ("http://127.0.0.1:8000/v1#m", "open"),
        ("http://localhost:8000/v1#m", "open"),
        ("http://[::1]:8000/v1#m", "open"),
        ("http://10.1.2.3/v1#m", "open"),
        ("http://vllm:8000/v1#org/name", "open"),
        ("http://gpu.internal/v1#m", "open"),
        ("https://api.example.com/v1#m", "closed"),
        ("http://8.8.8.8/v1#m", "closed"),
        ("simulated:accuracy=0.5", "open"),
        ("simulated:accuracy=0.5,side=closed", "closed"),
        ("python:json.dumps", "rule"),
    ],
)
def test_sides(spec: str, side: str) -> None:
    model = open_model(spec)
    assert model.side == side
    assert model.spec == spec
    assert isinstance(model, Model)
    assert open_model(spec, ModelOptions(side="closed")).side == "closed"


def test_addresses() -> None:
    for spec, url in [
        ("http://127.0.0.1:11434#m", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/#m", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:1/api/v2/#m", "http://127.0.0.1:1/api/v2"),
        ("https://h.example/v1/chat/completions#m", "https://h.example/v1"),
    ]:
        model = open_model(spec)
        assert model.client.url == url
    one, two = open_model("http://127.0.0.1:1/v1#a"), open_model("http://127.0.0.1:1/v1#b")
    assert one.endpoint == two.endpoint


def test_every_kind_says_what_it_is() -> None:
    assert set(KINDS) >= {"gguf", "http", "https", "ray", "recorded", "python", "simulated"}
    for kind in KINDS.values():
        assert kind.doc
        assert kind.form.startswith(f"{kind.name}:")
        assert callable(kind.load())


def test_packages_add_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint(
        "oracle", "weighbridge.models.simulated:open_simulated", group=specs.ENTRY_POINTS
    )

    def entry_points(*, group: str, name: str | None = None):
        assert group == "weighbridge.models"
        return [point] if name in (None, "oracle") else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    assert open_model("oracle:accuracy=1").simulated
    assert "did you mean 'oracle'?" in refused("oracel:accuracy=1")
