"""Listings as a hub answers, clones of git repositories, and what lies beside a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub_folders import Folder, say, section
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.target import Target, find_target

SIBLINGS = [
    {"rfilename": "README.md"},
    {"rfilename": "config.json", "size": 600},
    {"rfilename": "model-00001-of-00002.safetensors", "size": 135, "lfs": {"size": 9_000_000_000}},
    {"rfilename": "model-00002-of-00002.safetensors", "lfs": {"size": 8_000_000_000}},
]


def listed(path: Path, **more: object) -> Openness:
    path.write_text(json.dumps({"id": "acme/stranger-7b", "siblings": SIBLINGS, **more}))
    return audit_openness(find_target(str(path)))


def test_a_hubs_answer_for_a_model(tmp_path) -> None:
    card = {"license": "mit", "datasets": ["acme/data"], "pipeline_tag": "text-generation"}
    found = listed(tmp_path / "stranger.json", cardData=card, gated=False, tags=["arxiv:2401.00001"])
    weights = found.row("weights")
    assert (weights.state, weights.licence, weights.terms) == ("released", "MIT", "open")
    assert "17,000,000,000 bytes" in weights.note
    assert found.row("datasets").state == "released"
    assert found.row("datasets").low == "unknown"
    assert found.row("paper").path == "arxiv:2401.00001"


@pytest.mark.parametrize("gate", ["auto", "manual", True])
def test_a_hubs_gate(gate: object, tmp_path) -> None:
    found = listed(tmp_path / "stranger.json", gated=gate, cardData={"license": "llama3.1"})
    assert found.row("weights").state == "partial"


def test_tags_name_the_licence_where_the_card_is_not_there(tmp_path) -> None:
    assert listed(tmp_path / "x.json", tags=["license:apache-2.0"]).licence == "Apache-2.0"


def test_the_card_lies_beside_the_listing(tmp_path) -> None:
    (tmp_path / "stranger.md").write_text(
        "---\nlicense: mit\n---\n" + say(50) + section("Limitations", say(40)) + section("Uses", say(40))
    )
    found = listed(tmp_path / "stranger.json")
    assert found.licence == "MIT"
    assert found.row("model_card").state == "released"


def test_a_tree_as_the_hub_lists_it(tmp_path) -> None:
    path = tmp_path / "stranger.json"
    path.write_text(
        json.dumps(
            [{"type": "directory", "path": "step1000"}, {"type": "file", "path": "model.safetensors", "size": 5}]
        )
    )
    assert audit_openness(Target("stranger", path=path)).row("weights").state == "released"


def test_a_listing_without_weights_has_none(tmp_path) -> None:
    path = tmp_path / "stranger.json"
    path.write_text(json.dumps({"siblings": [{"rfilename": "README.md"}]}))
    row = audit_openness(Target("stranger", path=path)).row("weights")
    assert row.state == "absent"
    assert "searched" in row.path


def test_checkpoints_by_branches_tags_or_folders(tmp_path) -> None:
    refs = {"branches": [{"name": "main"}, *({"name": f"step{n}000"} for n in range(5))], "tags": []}
    assert listed(tmp_path / "x.json", refs=refs).row("checkpoints").state == "released"
    assert (
        listed(tmp_path / "y.json", refs={"branches": [{"name": "main"}, {"name": "dev"}]}).row("checkpoints").state
        == "unknown"
    )
    files = {f"checkpoint-{n}00/model.safetensors": 10**6 for n in (1, 2, 3)}
    folder = Folder({"license": "mit"}, say(60), "llama", files).write(tmp_path / "m")
    assert audit_openness(Target("m", path=folder)).row("checkpoints").state == "released"


def test_branches_of_a_clone_are_read_without_git(tmp_path) -> None:
    folder = Folder({"license": "mit"}, say(60), "llama", {"model.safetensors": 10**6}).write(tmp_path / "m")
    (folder / ".git" / "refs" / "tags").mkdir(parents=True)
    for step in (1000, 2000):
        (folder / ".git" / "refs" / "tags" / f"step{step}").write_text("0" * 40)
    (folder / ".git" / "packed-refs").write_text(f"{'0' * 40} refs/heads/main\n{'0' * 40} refs/heads/step3000\n")
    assert audit_openness(Target("m", path=folder)).row("checkpoints").state == "released"


def card_with(code: str, data: str = "") -> Folder:
    body = "# M\n" + say(40) + f"\n\nTraining code: https://github.com/{code}\n"
    head = {"license": "mit", **({"datasets": [data]} if data else {})}
    return Folder(head, body, "llama", {"model.safetensors": 10**9})


def test_a_repository_beside_the_model_is_read(tmp_path) -> None:
    repository = Folder(
        {},
        "# Code\n" + say(200),
        None,
        {
            "scripts/train.py": "optimizer.step()\n",
            "src/data/loader.py": "batch = 1\n",
            "LICENSE.md": "",
            "pyproject.toml": "[project]\n",
        },
    )
    repository.write(tmp_path / "stranger-code")
    found = audit_openness(Target("m", path=card_with("acme/stranger-code").write(tmp_path / "m")))
    code = found.row("training_code")
    assert (code.state, code.low) == ("released", "released")
    assert code.path == "stranger-code/scripts/train.py"
    assert code.terms == "none", "its own licence counts, and it has none"


def test_a_repository_beside_that_holds_no_training_code(tmp_path) -> None:
    Folder({}, "# Code\n" + say(100), None, {"generate.py": "model.generate()\n"}).write(tmp_path / "stranger-code")
    found = audit_openness(Target("m", path=card_with("acme/stranger-code").write(tmp_path / "m")))
    assert found.row("training_code").state != "released"


def test_a_dataset_beside_the_model_is_read(tmp_path) -> None:
    data = Folder(
        {"license": "odc-by"},
        "# Data\n"
        + section("Source data", say(60))
        + section("Data processing", say(40))
        + section("Dataset structure", say(30)),
        None,
        {"data/train-00000.parquet": 10**9},
    )
    data.write(tmp_path / "datasets--acme--corpus")
    found = audit_openness(Target("m", path=card_with("acme/code", "acme/corpus").write(tmp_path / "m")))
    rows = found.row("datasets"), found.row("data_card")
    assert [(row.low, row.licence) for row in rows] == [("released", "ODC-By-1.0")] * 2


def test_a_dataset_without_files_is_described(tmp_path) -> None:
    Folder({"license": "odc-by"}, "# Data\n" + say(100)).write(tmp_path / "corpus")
    found = audit_openness(Target("m", path=card_with("acme/code", "acme/corpus").write(tmp_path / "m")))
    assert found.row("datasets").low == "described"


@pytest.mark.parametrize(
    ("sentence", "component"),
    [
        ("The training data has not been released.", "datasets"),
        ("We do not disclose the training data.", "datasets"),
        ("It was trained on proprietary data.", "datasets"),
        ("Our training dataset is not publicly available.", "datasets"),
        ("The training code is not released.", "training_code"),
        ("We cannot share the training code.", "training_code"),
    ],
)
def test_what_an_owner_says_is_withheld_is_absent(sentence: str, component: str, tmp_path) -> None:
    folder = Folder({"license": "mit"}, f"# M\n\n{sentence} {say(40)}\n", "llama", {"model.safetensors": 10**9})
    row = audit_openness(Target("m", path=folder.write(tmp_path / "m"))).row(component)
    assert row.state == "absent"
    assert row.rule == "card.withheld"
    assert row.path.startswith("README.md:")


@pytest.mark.parametrize(
    "sentence",
    [
        "The evaluation data was not seen in training.",
        "The training data is available.",
        "Do not use it on personal data.",
    ],
)
def test_other_sentences_withhold_nothing(sentence: str, tmp_path) -> None:
    folder = Folder({"license": "mit"}, f"# M\n\n{sentence} {say(40)}\n", "llama", {"model.safetensors": 10**9})
    assert audit_openness(Target("m", path=folder.write(tmp_path / "m"))).row("datasets").state != "absent"


def test_the_stricter_of_two_licences_counts(tmp_path) -> None:
    text = (Path(__file__).resolve().parents[3] / "LICENSE").read_text()
    folder = Folder({"license": "cc-by-nc-4.0"}, say(60), "llama", {"model.safetensors": 10**9, "LICENSE": text})
    found = audit_openness(Target("m", path=folder.write(tmp_path / "m")))
    assert found.licence == "CC-BY-NC-4.0"
    assert any("stricter" in one for one in found.problems)


def test_a_licence_file_alone_is_read(tmp_path) -> None:
    text = (Path(__file__).resolve().parents[3] / "LICENSE").read_text()
    folder = Folder({}, say(60), "llama", {"model.safetensors": 10**9, "LICENSE": text})
    assert audit_openness(Target("m", path=folder.write(tmp_path / "m"))).licence == "Apache-2.0"


def test_a_changed_licence_is_not_open(tmp_path) -> None:
    text = (Path(__file__).resolve().parents[3] / "LICENSE").read_text()
    text = text.replace(
        "3. Grant of Patent License.",
        "You may not use the Work for any military purpose.\n\n3. Grant of Patent License.",
        1,
    )
    folder = Folder({"license": "apache-2.0"}, say(60), "llama", {"model.safetensors": 10**9, "LICENSE": text})
    found = audit_openness(Target("m", path=folder.write(tmp_path / "m")))
    assert found.row("weights").terms == "not open"
    assert "modified" in str(found.row("weights").licence)


FRAMEWORK = """
release:
  name: Stranger
  license: {distribution: {name: Apache-2.0}}
  components:
  - {name: Training code, license: MIT}
  - {name: Model parameters (Final)}
  - {name: Datasets, license: unlicensed}
  - {name: Something else}
"""


def test_the_frameworks_own_file_is_a_claim(tmp_path) -> None:
    files = {"model.safetensors": 10**9, "MOF.yml": FRAMEWORK}
    found = audit_openness(
        Target("m", path=Folder({"license": "mit"}, say(60), "llama", files).write(tmp_path / "m"))
    )
    code, data = found.row("training_code"), found.row("datasets")
    assert (code.state, code.low, code.licence) == ("released", "unknown", "MIT")
    assert (data.state, data.terms) == ("released", "none")
    assert found.row("weights").basis == "file"


@pytest.mark.parametrize("content", ["release: 5", "x: [", "release: {name: 1, components: 7}", "[]", ""])
def test_a_damaged_file_of_the_framework_says_nothing(content: str, tmp_path) -> None:
    files = {"model.safetensors": 10**9, "MOF.yml": content}
    found = audit_openness(
        Target("m", path=Folder({"license": "mit"}, say(60), "llama", files).write(tmp_path / "m"))
    )
    assert found.row("training_code").state == "unknown"


def test_a_claim_of_open_terms_does_not_open_what_is_here(tmp_path) -> None:
    files = {"model.safetensors": 10**9, "MOF.yml": FRAMEWORK}
    found = audit_openness(
        Target("m", path=Folder({"license": "openrail"}, say(60), "llama", files).write(tmp_path / "m"))
    )
    assert found.row("weights").terms == "not open"


def test_data_are_as_open_as_the_strictest_of_the_datasets(tmp_path) -> None:
    for name, licence in (("one", "odc-by"), ("two", "cc-by-nc-4.0")):
        Folder({"license": licence}, say(80), None, {"a.parquet": 10**6}).write(tmp_path / f"acme--{name}")
    folder = Folder(
        {"license": "mit", "datasets": ["acme/one", "acme/two"]}, say(60), "llama", {"model.safetensors": 10**9}
    )
    row = audit_openness(Target("m", path=folder.write(tmp_path / "m"))).row("datasets")
    assert (row.low, row.licence, row.terms) == ("released", "CC-BY-NC-4.0", "not open")


@pytest.mark.parametrize(("files", "states"), [(None, ("released", "partial")), ({}, ("partial", "partial"))])
def test_one_of_two_datasets_is_a_part(files: dict | None, states: tuple[str, str], tmp_path) -> None:
    """The other is only named, or described without its files."""
    Folder({"license": "odc-by"}, say(80), None, {"a.parquet": 10**6}).write(tmp_path / "acme--one")
    if files is not None:
        Folder({"license": "odc-by"}, say(80), None, files).write(tmp_path / "acme--two")
    folder = Folder(
        {"license": "mit", "datasets": ["acme/one", "acme/two"]}, say(60), "llama", {"model.safetensors": 10**9}
    )
    row = audit_openness(Target("m", path=folder.write(tmp_path / "m"))).row("datasets")
    assert (row.state, row.low) == states
