"""`hf:` models: found in the hub's cache, downloaded from a hub, refused with the command or page that helps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub_server import COMMIT, Hub
from open_models import needs_torch, tiny
from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local import hub
from weighbridge.models.local.hub import Repo, Snapshot, cache, fetch_weights, offline, parse_repo
from weighbridge.models.options import ModelOptions
from weighbridge.models.specs import open_model

pytestmark = needs_torch


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and downloads off."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "hf" / "hub"


def kept(home: Path, name: str, source: Path, *, branch: str = "main", commit: str = COMMIT) -> Path:
    """The cache as a download leaves it: blobs, and links to them by commit."""
    repo = home / f"models--{name.replace('/', '--')}"
    snapshot = repo / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir(exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, repo / "blobs" / f"{commit[:4]}{file.name}")
        (snapshot / file.name).symlink_to(repo / "blobs" / f"{commit[:4]}{file.name}")
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / branch).write_text(commit)
    return snapshot


def test_a_model_in_the_cache(home: Path) -> None:
    kept(home, "team/small", tiny("llama"))
    kept(home, "team/small", tiny("llama"), branch="v2", commit="f" * 40)
    model = open_model("hf:team/small")
    assert model.revision == COMMIT
    assert model.spec == "hf:team/small"
    assert model.capabilities.scoring
    for spec, options in (
        ("hf:team/small@v2", None),
        (f"hf:team/small@{'f' * 40}", None),
        ("hf:team/small", ModelOptions(revision="v2")),
    ):
        assert open_model(spec, options).revision == "f" * 40


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path) -> None:
    assert cache() == home
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert cache() == tmp_path / "elsewhere"
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache() == tmp_path / "xdg" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert not offline()
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "true")
    assert offline()


@pytest.mark.parametrize("rest", ["../../etc", "a/b/c", "a b", "team/small@", "team/small@../x", "/abs", "-x/y"])
def test_names_that_are_none(rest: str) -> None:
    with pytest.raises(UsageError, match="names no model of the hub") as caught:
        parse_repo(rest, None)
    assert "path:" in str(caught.value)


def test_two_revisions(home: Path) -> None:
    assert parse_repo("gpt2", None) == Repo("gpt2", "main")
    with pytest.raises(UsageError, match="two revisions"):
        parse_repo("a/b@one", "two")


def test_offline_the_command_is_named(home: Path) -> None:
    kept(home, "team/small", tiny("llama"))
    with pytest.raises(UsageError) as caught:
        open_model("hf:team/smal@v3")
    said = str(caught.value)
    assert "hf download team/smal --revision v3" in said
    assert "did you mean 'team/small'" in said


def test_a_download_that_was_not_finished(home: Path) -> None:
    snapshot = kept(home, "team/small", tiny("llama"))
    (snapshot / "model.safetensors").resolve().unlink()
    with pytest.raises(UsageError, match="not whole") as caught:
        open_model("hf:team/small")
    assert "hf download team/small" in str(caught.value)


def test_a_download_of_which_one_part_is_missing(home: Path) -> None:
    snapshot = kept(home, "team/small", tiny("llama"))
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UsageError, match="not whole"):
        open_model("hf:team/small")


SCRIPT = """
import asyncio, sys
from weighbridge.errors import WeighbridgeError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

async def main():
    model = open_model(sys.argv[1], ModelOptions(threads=1))
    print("opened", model.revision)
    if len(sys.argv) > 2:
        answer = await model.complete(Request((Message("user", "yes"),), Sampling(max_tokens=3)))
        print("answered", answer.usage.output_tokens)
    await model.close()

try:
    asyncio.run(main())
except WeighbridgeError as error:
    print(error)
"""


def opened(url: str, home: Path, *arguments: str) -> tuple[str, str]:
    """The hub's client reads its settings once, so each case is a process of its own."""
    environment = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(home.parent), "HF_HUB_DISABLE_XET": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_a_download_says_its_size_first_and_happens_once(home: Path) -> None:
    with Hub({"team/small": tiny("llama")}) as served:
        out, err = opened(served.url, home, "hf:team/small@v1")
        assert out == f"opened {COMMIT}\n"
        assert "model.safetensors" not in served.fetched
        assert "config.json" in served.fetched
        served.fetched.clear()

        size = (tiny("llama") / "model.safetensors").stat().st_size
        out, err = opened(served.url, home, "hf:team/small@v1", "ask")
        assert "answered" in out
        assert err.startswith(f"downloading team/small ({COMMIT[:7]}): {size / 1000:.3g} kB in 1 file, to {home}")
        assert served.fetched == ["model.safetensors"]

        served.fetched.clear()
        out, err = opened(served.url, home, "hf:team/small@v1", "ask")
        assert "answered" in out
        assert err == ""
        assert served.fetched == []


@pytest.mark.slow
def test_what_a_hub_refuses(home: Path) -> None:
    with Hub({"team/small": tiny("gpt2")}, gated=("team/secret",)) as served:
        out, _ = opened(served.url, home, "hf:team/secret")
        assert "gated" in out
        assert "hf auth login" in out
        assert "huggingface.co/team/secret" in out
        out, _ = opened(served.url, home, "hf:team/smoll")
        assert "the hub has no model team/smoll" in out
        out, _ = opened(served.url, home, "hf:team/small@v9")
        assert "no revision 'v9'" in out
        served.broken = True
        out, _ = opened(served.url, home, "hf:team/small", "ask")
        assert "broke off" in out
        assert "hf download team/small" in out
        served.broken = False
        out, _ = opened(served.url, home, "hf:team/small", "ask")
        assert "answered" in out
    out, _ = opened(served.url, home, "hf:team/other")
    assert "cannot be reached" in out
    assert "hf download team/other" in out


def test_a_disk_that_is_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(parents=True)
    monkeypatch.setattr(hub, "told", lambda size: f"{size} bytes")
    snapshot = Snapshot(Repo("team/huge"), COMMIT, home, ("model.safetensors",), 1 << 60)
    with pytest.raises(WeighbridgeError, match=r"has .* left") as caught:
        fetch_weights(snapshot, "hf:team/huge")
    assert "HF_HOME" in str(caught.value.fix)
