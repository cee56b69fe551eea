"""What the label claims beside what is there, in words; and whether licences count as open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_folders import Folder, say
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.openness.terms import spdx, terms_of
from weighbridge.audit.target import Target, find_target


def audit(text: str, licence: str, tmp_path) -> Openness:
    folder = Folder({"license": licence}, f"# M\n\n{text} {say(60)}\n", "llama", {"model.safetensors": 10**9})
    return audit_openness(Target("m", path=folder.write(tmp_path / "m")))


def test_open_source_without_data(tmp_path) -> None:
    said = audit("An open-source model. Its training data is not released.", "apache-2.0", tmp_path).washing
    assert any(
        'calls itself "open source" (README.md:6)' in one and "is not: data information not met" in one
        for one in said
    )


def test_fully_open_without_code(tmp_path) -> None:
    said = audit("A fully open model. The training code is not released.", "apache-2.0", tmp_path).washing
    assert any('"fully open"' in one and "training code not released" in one for one in said)


def test_what_it_calls_others_is_no_claim(tmp_path) -> None:
    found = audit(
        "It is better than any other open-source model. The training data is not released.", "mit", tmp_path
    )
    assert not any("calls itself" in one for one in found.washing)


def test_the_best_of_all_claims_it_too(tmp_path) -> None:
    said = audit("The best open source AI model ever. Its training data is not released.", "mit", tmp_path).washing
    assert any('calls itself "open source"' in one for one in said)
    said = audit("As good as the best open-source models. The data is not released.", "mit", tmp_path / "b").washing
    assert not any("calls itself" in one for one in said)


def test_a_licence_in_front_matter_that_cannot_be_read_is_unknown(tmp_path) -> None:
    path = Folder({}, f"# M\n\n{say(60)}\n", "llama", {"model.safetensors": 10**9}).write(tmp_path / "m")
    card = path / "README.md"
    assert audit_openness(Target("m", path=path)).row("weights").terms == "none"
    card.write_text(
        "---\nlicense: [mit\n---\n" + card.read_text(encoding="utf-8").partition("---\n")[2], encoding="utf-8"
    )
    found = audit_openness(Target("m", path=path))
    assert found.row("weights").terms == "unknown"
    assert any("front matter" in one for one in found.problems)


def test_a_licence_that_is_called_open(tmp_path) -> None:
    assert any("not approved as open" in one for one in audit("A model.", "openrail", tmp_path).washing)


def test_a_label_that_holds_for_the_weights_alone(tmp_path) -> None:
    assert any("true of the weights alone" in one for one in audit("A model.", "mit", tmp_path).washing)


def test_nothing_is_said_of_what_is_open() -> None:
    assert audit_openness(find_target("olmo-7b")).washing == ()
    assert audit_openness(find_target("gpt-4")).washing == ()


def test_llama_counts_among_the_open_ones() -> None:
    said = " ".join(audit_openness(find_target("llama-2-70b")).washing)
    assert "training data not released" in said


@pytest.mark.parametrize(
    ("written", "id_", "standing"),
    [
        ("Apache 2.0", "Apache-2.0", "open"),
        ("apache-2.0", "Apache-2.0", "open"),
        ("Apache License, Version 2.0", "Apache-2.0", "open"),
        ("The MIT License", "MIT", "open"),
        ("odc-by", "ODC-By-1.0", "open"),
        ("cc-by-4.0", "CC-BY-4.0", "open"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", "not open"),
        ("OpenMDW-1.0", "OpenMDW-1.0", "open"),
        ("llama2", None, "not open"),
        ("bigscience-openrail-m", None, "not open"),
        ("other", None, "unknown"),
        ("", None, "none"),
        (None, None, "none"),
        ("unlicensed", None, "none"),
        ("MIT OR Proprietary", "MIT OR Proprietary", "open"),
        ("MIT AND CC-BY-NC-4.0", "MIT AND CC-BY-NC-4.0", "not open"),
        ("modified MIT", None, "not open"),
    ],
)
def test_licences(written: str | None, id_: str | None, standing: str) -> None:
    found = terms_of(written)
    assert found.standing == standing
    if id_ is not None:
        assert found.id == id_


def test_every_id_of_the_list_counts_as_the_list_says() -> None:
    for kind, ids in spdx().items():
        for one in ids:
            standing = terms_of(one).standing
            assert standing == "open" if kind != "other" else standing in ("open", "not open")


@given(st.text(max_size=60))
def test_any_text_is_some_licence_or_none(text: str) -> None:
    assert terms_of(text).standing in ("open", "not open", "none", "unknown")
