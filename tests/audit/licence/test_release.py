"""Folders and listings: tags, texts, base models, adapters, data; and where they disagree."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.audit.licence import LicenceAudit, audit_licence, licence_target
from weighbridge.errors import UsageError
from weighbridge.evidence.requirements import Job

APACHE = (Path(__file__).resolve().parents[3] / "LICENSE").read_text()


def folder(path: Path, card: str = "", **files: str) -> Path:
    """A model's folder; a name's ``__`` stands for a dot."""
    path.mkdir(parents=True)
    if card:
        (path / "README.md").write_text(f"---\n{card}\n---\n# It\n")
    (path / "model.safetensors").write_bytes(b"\0" * 64)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text)
    return path


def audited(path: Path, **job: object) -> LicenceAudit:
    return audit_licence(licence_target(str(path)), Job(**job))  # type: ignore[arg-type] # a test's keywords


def test_tag_and_text_that_agree(tmp_path: Path) -> None:
    audit = audited(folder(tmp_path / "it", "license: apache-2.0", LICENSE=APACHE), use=("ship_weights",))
    assert audit.verdict == "allowed if"
    assert not audit.disagreements
    assert audit.parts[0].licences == ("Apache-2.0",)
    assert any("README.md:2" in one.where for one in audit.parts[0].component.statements)


def test_tag_and_text_that_disagree_take_the_stricter(tmp_path: Path) -> None:
    """A research licence's tag above Apache's text, and the other way round."""
    audit = audited(folder(tmp_path / "it", "license: cc-by-nc-4.0", LICENSE=APACHE))
    assert audit.verdict == "not allowed"
    assert "Apache-2.0" in audit.disagreements[0]
    assert "CC-BY-NC-4.0" in audit.disagreements[0]
    assert audit.disagreements[0] in audit.finding().evidence


def test_a_text_that_was_changed_is_unknown(tmp_path: Path) -> None:
    changed = APACHE.replace(
        "   3. Grant of Patent License.",
        "   You may not offer the Work to third parties as a hosted service.\n\n   3. Grant of Patent License.",
    )
    assert changed != APACHE
    audit = audited(folder(tmp_path / "it", "license: apache-2.0", LICENSE=changed), use=("service",))
    assert audit.verdict == "unknown"
    assert "not the licence as published" in audit.statement


def test_half_a_text_is_unknown(tmp_path: Path) -> None:
    half = APACHE[: APACHE.index("   7. Disclaimer of Warranty")]
    audit = audited(folder(tmp_path / "it", "license: apache-2.0", LICENSE=half))
    assert audit.verdict == "unknown"
    assert audit.met == "unknown"


def test_a_licence_file_that_is_none_is_unknown(tmp_path: Path) -> None:
    audit = audited(folder(tmp_path / "it", LICENSE="Ask Bob, he knows.\n"))
    assert audit.verdict == "unknown"
    assert "LICENSE" in audit.statement
    empty = audited(folder(tmp_path / "that", LICENSE="\n"))
    assert empty.verdict == "unknown"
    assert "LICENSE is empty" in empty.statement


def test_nothing_said_is_unknown(tmp_path: Path) -> None:
    audit = audited(folder(tmp_path / "it"))
    assert audit.verdict == "unknown"
    assert "neither a card nor a licence text" in audit.statement


@pytest.mark.parametrize("card", ["license: other", "license: unknown", "license: acme-eula", "license: [mit"])
def test_tags_that_say_nothing_known_are_unknown(tmp_path: Path, card: str) -> None:
    assert audited(folder(tmp_path / "it", card)).verdict == "unknown"


def test_an_own_name_beside_other(tmp_path: Path) -> None:
    card = "license: other\nlicense_name: mrl\nlicense_link: https://example.org/mrl"
    audit = audited(folder(tmp_path / "it", card), field="research")
    assert audit.verdict == "not allowed"
    assert audit.parts[0].licences == ("mistral-mrl-0.1",)


def test_several_tags_all_hold(tmp_path: Path) -> None:
    assert audited(folder(tmp_path / "it", "license: [mit, cc-by-nc-4.0]")).verdict == "not allowed"


def test_the_base_model_s_terms_reach_a_tune(tmp_path: Path) -> None:
    """An Apache tag on a tune of Llama 2: the ban on improving other models stays."""
    path = folder(tmp_path / "it", "license: apache-2.0\nbase_model: meta-llama/Llama-2-7b-chat-hf")
    audit = audited(path, use=("train_model",), monthly_users=1)
    assert audit.verdict == "not allowed"
    assert "1.b.v" in audit.statement
    assert {part.component.role for part in audit.parts} >= {"weights", "base"}


def test_a_base_that_lies_beside_is_read(tmp_path: Path) -> None:
    folder(tmp_path / "base", "license: cc-by-nc-4.0")
    path = folder(tmp_path / "tune", "license: mit\nbase_model: acme/base")
    assert audited(path).verdict == "not allowed"


def test_a_base_that_is_not_known_is_unknown(tmp_path: Path) -> None:
    audit = audited(folder(tmp_path / "it", "license: mit\nbase_model: nobody/nothing-7b"))
    assert audit.verdict == "unknown"
    assert "nobody/nothing-7b" in audit.statement


def test_bases_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    folder(tmp_path / "one", "license: mit\nbase_model: ../two")
    path = folder(tmp_path / "two", "license: mit\nbase_model: acme/one")
    audit = audited(path)
    assert audit.verdict in ("allowed", "unknown")
    assert any("itself" in note for note in audit.notes)


def test_an_adapter_changes_its_base(tmp_path: Path) -> None:
    config = json.dumps({"base_model_name_or_path": "meta-llama/Llama-3.1-8B"})
    path = folder(tmp_path / "lora", "license: mit", adapter_config__json=config)
    audit = audited(path, use=("ship_weights",), monthly_users=1)
    assert [part.component.role for part in audit.parts] == ["adapter", "base"]
    assert any("begins with “Llama”" in duty.says for duty in audit.duties)


def test_data_of_a_tune_is_weighed_and_that_of_a_base_is_not(tmp_path: Path) -> None:
    data = "datasets:\n- acme/chats"
    tune = audited(folder(tmp_path / "tune", f"license: mit\nbase_model: google-bert/bert-large\n{data}"))
    assert tune.verdict == "unknown"
    assert "acme/chats" in tune.statement
    base = audited(folder(tmp_path / "base", f"license: mit\n{data}"))
    assert base.verdict == "allowed"
    assert any("acme/chats" in note for note in base.notes)


def test_code_has_its_own_licence(tmp_path: Path) -> None:
    texts = {"LICENSE-CODE": APACHE, "modeling_it__py": "x = 1\n"}
    audit = audited(folder(tmp_path / "it", "license: mit", **texts), use=("ship_product",))
    named = {part.component.role: part.licences for part in audit.parts}
    assert named["weights"] == ("MIT",)
    assert named["code"] == ("Apache-2.0",)


def test_vision_is_seen_in_the_configuration(tmp_path: Path) -> None:
    card = "license: llama3.2"
    seeing = folder(tmp_path / "vision", card, config__json='{"vision_config": {}}')
    blind = folder(tmp_path / "text", card, config__json='{"hidden_size": 8}')
    told = folder(tmp_path / "told", f"{card}\npipeline_tag: image-text-to-text")
    for path, expected in ((seeing, "not allowed"), (told, "not allowed"), (blind, "allowed if")):
        audit = audited(path, country="DE", monthly_users=1)
        assert audit.verdict == expected, path
    assert audited(blind, country="DE", monthly_users=1).met == "met"


def test_a_hub_s_listing(tmp_path: Path) -> None:
    listing = {
        "id": "acme/it",
        "siblings": [{"rfilename": "model.safetensors"}, {"rfilename": "tokenizer.json"}],
        "cardData": {"license": "gemma", "base_model": "google/gemma-2-9b"},
    }
    path = tmp_path / "it.json"
    path.write_text(json.dumps(listing))
    audit = audited(path, use=("service",))
    assert audit.verdict == "allowed if"
    assert {part.component.role for part in audit.parts} == {"weights", "tokenizer", "base"}
    path.write_text(json.dumps({**listing, "cardData": {}, "tags": ["license:cc-by-nc-4.0"]}))
    assert audited(path).verdict == "not allowed"


def test_a_licence_s_text_alone(tmp_path: Path) -> None:
    text = tmp_path / "LICENSE.txt"
    text.write_text(APACHE)
    assert audited(text, use=("service",)).verdict == "allowed"
    text.write_text("Dear all, the meeting is at nine.\n")
    with pytest.raises(UsageError, match="no licence"):
        audited(text)


def test_known_texts_are_what_their_tags_say(shared_data: Path, tmp_path: Path) -> None:
    """Licence texts as published beside their hubs' tags: nothing disagrees, and the verdicts are the texts'."""
    with gzip.open(shared_data / "licences" / "licence_texts.jsonl.gz", "rt") as file:
        texts = {row["key"]: row["text"] for row in map(json.loads, file)}
    for key, tag, verdict in (
        ("llama-2-license-2023", "llama2", "not allowed"),
        ("llama-3-community", "llama3", "not allowed"),
        ("llama-3.1-license-2024", "llama3.1", "allowed if"),
        ("qwen-2024", "qwen", "allowed if"),
        ("mit", "mit", "allowed"),
    ):
        audit = audited(
            folder(tmp_path / key, f"license: {tag}", LICENSE=texts[key]), use=("train_model",), monthly_users=1
        )
        assert audit.verdict == verdict, (key, audit.statement)
        assert not audit.disagreements, key


@pytest.mark.parametrize(
    ("name", "verdict", "met"),
    [
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "not allowed", "not met"),
        ("meta-llama/Llama-3.2-1B", "allowed if", "met"),
        ("hf:meta-llama/Llama-3.3-70B-Instruct", "allowed if", "met"),
        ("meta-llama/Llama-4-Scout-17B-16E", "not allowed", "not met"),
        ("Qwen/Qwen2.5-72B-Instruct", "allowed if", "met"),
    ],
)
def test_hub_names_lead_to_their_licence(name: str, verdict: str, met: str) -> None:
    """Text alone in the EU: what matters is what the model takes, not what the job gives it."""
    audit = audit_licence(licence_target(name), Job(country="DE", monthly_users=1))
    assert (audit.verdict, audit.met) == (verdict, met)


def test_a_tune_takes_what_its_base_takes(tmp_path: Path) -> None:
    for base, expected in (("Llama-3.2-3B", "met"), ("Llama-3.2-90B-Vision", "not met")):
        path = folder(tmp_path / base, f"license: llama3.2\nbase_model: meta-llama/{base}")
        assert audited(path, country="FR", monthly_users=1).met == expected


def test_data_that_lies_beside_is_read(tmp_path: Path) -> None:
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# Chats\n")
    path = folder(tmp_path / "tune", "license: mit\nbase_model: google-bert/bert-large\ndatasets: [acme/chats]")
    audit = audited(path)
    assert audit.verdict == "unknown"
    assert "whether this reaches a model that was trained on it is not settled" in audit.statement
    assert audited(path, commercial=False).verdict == "allowed"


def test_a_base_that_is_taken_for_another_is_told(tmp_path: Path) -> None:
    audit = audited(folder(tmp_path / "it", "license: mit\nbase_model: acme/falcon-40b-instruct"))
    assert any("taken for falcon-40b" in note for note in audit.notes)


def test_closed_weights_are_changed_by_their_vendor_alone() -> None:
    assert audit_licence(licence_target("gpt-4.1"), Job(modified=True)).met == "unknown"
    assert audit_licence(licence_target("claude-2"), Job(modified=True)).met == "not met"


def test_what_is_recalled_is_told() -> None:
    audit = audit_licence(licence_target("phi-4"), Job())
    assert any("recalled" in note for note in audit.notes)


odd = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=2)),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd, odd, odd, odd)
def test_odd_cards_are_read_or_told(tmp_path: Path, tag: object, base: object, data: object, extra: object) -> None:
    card = {"license": tag, "license_name": extra, "base_model": base, "datasets": data, "pipeline_tag": extra}
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"siblings": [{"rfilename": "a.safetensors"}], "cardData": card, "tags": extra}))
    audit = audited(path)
    assert audit.verdict in ("allowed", "allowed if", "unknown", "not allowed")
    assert audit.verdict != "allowed" or tag is not None or extra is not None


@pytest.mark.parametrize(
    "files",
    [
        {"adapter_config__json": '{"base_model_name_or_path": 5}'},
        {"adapter_config__json": "[1]"},
        {"config__json": "[]"},
        {"README__md": "---\nlicense: [[[[\n---\n"},
        {"README__md": "\0\0\0"},
    ],
)
def test_damaged_files_are_noted_and_the_rest_is_read(tmp_path: Path, files: dict[str, str]) -> None:
    audit = audited(folder(tmp_path / "it", LICENSE=APACHE, **files))
    assert audit.parts[0].licences == ("Apache-2.0",)


def test_a_folder_that_holds_no_model_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "notes.txt").write_text("secret")
    bases = (str(tmp_path / "private"), "../private", "~", "/", ".", "..", "x" * 5000)
    for number, base in enumerate(bases):
        path = folder(tmp_path / f"it{number}", f"license: mit\nbase_model: {base!r}")
        audit = audited(path)
        assert audit.verdict == "unknown"
        assert "secret" not in str(audit)


def test_outputs_of_a_tune_stand_under_its_base_too(tmp_path: Path) -> None:
    tune = folder(tmp_path / "tune", "license: mit\nbase_model: meta-llama/Llama-2-7b", tokenizer__json="{}")
    audit = audit_licence(licence_target("gpt-j-6b"), Job(monthly_users=1), (f"outputs:{tune}",))
    assert audit.verdict == "not allowed"
    assert "1.b.v" in audit.statement
    assert [part.component.role for part in audit.parts] == ["weights", "outputs", "outputs"]


def test_an_adapter_beside_a_model(tmp_path: Path) -> None:
    config = json.dumps({"base_model_name_or_path": "meta-llama/Llama-2-7b"})
    lora = folder(tmp_path / "lora", "license: cc-by-nc-4.0", adapter_config__json=config)
    audit = audit_licence(licence_target("llama-2-7b"), Job(monthly_users=1), (f"adapter:{lora}",))
    assert audit.verdict == "not allowed"
    assert "adapter of lora" in [part.component.label for part in audit.parts]
