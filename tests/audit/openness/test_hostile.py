"""Files that mean harm, or are damaged: a row or a line each, never a traceback and never a wrong "released"."""

from __future__ import annotations

import json
import os
import pickle
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub_folders import Folder, say
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.target import Target, find_target
from weighbridge.errors import UsageError

GOOD = {"model.safetensors": 10**9}


def audit(path: Path) -> Openness:
    return audit_openness(Target("stranger", path=path))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("license: [mit", "unreadable front matter"),
        ("license: !!python/object/apply:os.system ['touch pwned']", "anchors or tags"),
        ("a: &a [x]\nb: [*a, *a]", "anchors or tags"),
        ("- just\n- a list", "no table of fields"),
        ("license: mit\n\tx: y", "unreadable front matter"),
        ("x: " + "[" * 3000, "nested too deep"),
        ("- " * 100_000, "nested too deep"),
        ("? " * 50_000, "nested too deep"),
        ("x: " + "{a: " * 19_000, "nested too deep"),
        ("x: " + "[a, " * 5000 + "]" * 5000, "nested too deep"),
        ("license: \x00mit", "unreadable"),
        ("license: " + "x" * 1_100_000, "longer than"),
    ],
)
def test_damaged_front_matter_is_one_line(head: str, said: str, tmp_path) -> None:
    Folder({}, "", "llama", dict(GOOD)).write(tmp_path / "m")
    (tmp_path / "m" / "README.md").write_bytes(f"---\n{head}\n---\n# Text\n".encode())
    found = audit(tmp_path / "m")
    assert any("README.md" in one and said in one for one in found.problems), found.problems
    assert found.row("weights").state == "released"
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"null", b'{"model_type": 5}', b"\xff\xfe\x00{", b"", b"[" * 100_000, b"\x00" * 9000]
)
def test_a_damaged_config_is_no_architecture(content: bytes, tmp_path) -> None:
    Folder({"license": "mit"}, say(80), None, dict(GOOD)).write(tmp_path / "m")
    (tmp_path / "m" / "config.json").write_bytes(content)
    found = audit(tmp_path / "m")
    assert found.row("architecture").state == "unknown"


def test_links_do_not_lead_out(tmp_path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("---\nlicense: mit\n---\n" + say(100))
    (tmp_path / "weights.bin").write_bytes(b"x" * 1000)
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "README.md").symlink_to(secret)
    (folder / "pytorch_model.bin").symlink_to(tmp_path / "weights.bin")
    (folder / "all").symlink_to(tmp_path)
    (folder / "broken").symlink_to("nowhere")
    found = audit(folder)
    assert found.licence is None
    assert found.row("weights").state == "absent"
    assert sum("not followed" in one for one in found.problems) == 3


def test_a_hubs_cache_links_inside_itself(tmp_path) -> None:
    cache = tmp_path / "models--acme--base"
    (cache / "blobs").mkdir(parents=True)
    (cache / "blobs" / "a").write_bytes(b"x" * 5000)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    for revision in ("abc", "old"):
        (cache / "snapshots" / revision).mkdir(parents=True)
    (cache / "snapshots" / "abc" / "model.safetensors").symlink_to("../../blobs/a")
    (cache / "snapshots" / "abc" / "README.md").write_text("---\nlicense: mit\n---\n" + say(80))
    for path in (cache, cache / "snapshots" / "abc"):
        found = audit(path)
        assert found.row("weights").state == "released"
        assert found.licence == "MIT"


def test_pickles_are_never_opened(tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    folder = Folder({"license": "mit"}, say(80), "llama", {}).write(tmp_path / "m")
    for name in ("pytorch_model.bin", "training_args.bin", "data.pkl", "config.pkl"):
        (folder / name).write_bytes(pickle.dumps(Trap()))
    audit(folder)
    assert not (tmp_path / "sprung").exists()


def test_special_files_are_passed_over(tmp_path) -> None:
    folder = Folder({"license": "mit"}, say(80), "llama", dict(GOOD)).write(tmp_path / "m")
    os.mkfifo(folder / "LICENSE")
    os.mkfifo(folder / "train.py")
    found = audit(folder)
    assert any("no ordinary file" in one for one in found.problems)


def test_a_huge_card_is_cut(tmp_path) -> None:
    folder = Folder({"license": "mit"}, "# M\n" + "word [x](https://x.org) " * 200_000, "llama", dict(GOOD)).write(
        tmp_path / "m"
    )
    started = time.process_time()
    found = audit(folder)
    assert time.process_time() - started < 60
    assert any("only its first" in one for one in found.problems)
    assert found.licence == "MIT"


@pytest.mark.parametrize(
    "piece", ["[", "(((", "http://", "| a ", "**", "#" * 7, "<!--", "```", "@article{", "[a](", "data not "]
)
def test_no_pattern_runs_away(piece: str, tmp_path) -> None:
    body = "# M\n" + piece * (300_000 // len(piece)) + "\n" + (piece + "\n") * 5000
    folder = Folder({"license": "mit"}, body, "llama", dict(GOOD)).write(tmp_path / "m")
    started = time.process_time()
    audit(folder)
    assert time.process_time() - started < 60


def test_empty_weights_are_no_weights(tmp_path) -> None:
    folder = Folder({"license": "mit"}, say(80), "llama", {}).write(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"")
    found = audit(folder)
    assert found.row("weights").state == "absent"
    assert any("empty file" in one for one in found.problems)


def test_an_empty_folder_holds_nothing(tmp_path) -> None:
    (tmp_path / "m").mkdir()
    found = audit(tmp_path / "m")
    assert found.mof.low is None
    assert found.mof.high is None
    assert found.row("weights").state == "absent"
    assert found.row("model_card").state == "absent"
    assert found.row("datasets").state == "unknown"


@pytest.mark.parametrize("content", ["{}", "[1, 2]", '{"siblings": 5}', "{", "[]x", "null", '"x"', '{"a": 1}'])
def test_a_file_that_lists_nothing_is_one_error(content: str, tmp_path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UsageError) as error:
        audit(tmp_path / "x.json")
    assert "x.json" in str(error.value)
    assert error.value.fix


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(card=st.binary(max_size=400), config=st.binary(max_size=200), licence=st.text(max_size=200))
def test_any_bytes_give_an_audit(card: bytes, config: bytes, licence: str, tmp_path) -> None:
    folder = tmp_path / "m"
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_bytes(b"---\n" + card + b"\n---\n" + card)
    (folder / "config.json").write_bytes(config)
    (folder / "LICENSE").write_text(licence, encoding="utf-8", errors="replace")
    found = audit(folder)
    assert found.mof.low is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tree=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "siblings",
                        "cardData",
                        "tags",
                        "gated",
                        "rfilename",
                        "size",
                        "lfs",
                        "refs",
                        "license",
                        "datasets",
                        "id",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_listing_gives_an_audit_or_an_error(tree: object, tmp_path) -> None:
    path = tmp_path / "listing.json"
    path.write_text(json.dumps(tree))
    try:
        found = audit_openness(Target("stranger", path=path))
    except UsageError:
        return
    assert found.rows


def test_another_file_is_no_target(tmp_path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(UsageError):
        find_target(str(tmp_path / "x.txt"))
