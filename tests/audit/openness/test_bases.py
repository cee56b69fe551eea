"""A fine-tune is no more open than what it was made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub_folders import Folder, say, section
from weighbridge.audit.openness import Openness, audit_openness
from weighbridge.audit.openness.mof import at_least
from weighbridge.audit.openness.osi import VERDICTS
from weighbridge.audit.target import Target, find_target

WEIGHTS = {"model.safetensors": 10**9}


def tuned(base: object, licence: str = "apache-2.0", **more: object) -> Folder:
    head = {"license": licence, "base_model": base, "datasets": ["databricks/databricks-dolly-15k"], **more}
    return Folder(
        head, "# Ours\n" + section("Uses", say(40)) + section("Limitations", say(40)), "llama", dict(WEIGHTS)
    )


def audit(path: Path) -> Openness:
    return audit_openness(find_target(str(path)))


def test_the_base_is_found_in_the_catalogue(tmp_path) -> None:
    found = audit(tuned("meta-llama/Llama-2-70b-hf").write(tmp_path / "ours-7b"))
    assert [(one.name, one.found) for one in found.bases] == [("meta-llama/Llama-2-70b-hf", "catalogue")]
    weights = found.row("weights")
    assert weights.state == "released"
    assert weights.terms == "not open"
    assert weights.licence == "llama-2"
    assert found.row("datasets").state == "absent"
    assert found.mof.high is None
    assert found.osi.high == "does not comply"
    assert any("labelled apache-2.0" in one and "llama-2" in one for one in found.washing)


def test_the_base_is_found_beside(tmp_path) -> None:
    Folder({"license": "openrail"}, "# Base\n" + say(60), "llama", dict(WEIGHTS)).write(tmp_path / "acme--base-7b")
    found = audit(tuned("acme/base-7b").write(tmp_path / "acme--ours-7b"))
    assert found.bases[0].found.endswith("acme--base-7b")
    assert found.row("weights").licence == "bigscience-openrail-m"
    assert not found.row("weights").open_high


@pytest.mark.parametrize("spelling", ["models--acme--base-7b", "acme/base-7b", "base-7b", "acme_base-7b"])
def test_folders_beside_are_found_by_the_names_people_give_them(spelling: str, tmp_path) -> None:
    Folder({"license": "mit"}, "# Base\n" + say(60), "llama", dict(WEIGHTS)).write(tmp_path / spelling)
    found = audit(tuned("acme/base-7b").write(tmp_path / "ours"))
    assert found.bases[0].found


def test_an_unknown_base_leaves_unknown_what_comes_from_it(tmp_path) -> None:
    found = audit(tuned("nobody/heard-of-it").write(tmp_path / "ours"))
    assert found.bases[0].found == ""
    assert found.row("weights").terms == "unknown"
    assert found.row("datasets").low == "unknown"
    assert found.mof.low is None


def test_no_fine_tune_is_better_than_its_base(tmp_path) -> None:
    for name in ("Llama-2-70b-hf", "bloom", "falcon-40b", "Mixtral-8x7B-v0.1", "pythia-12b", "OLMo-7B"):
        found = audit(tuned(f"some/{name}", "mit").write(tmp_path / f"tuned-{name}"))
        base = audit_openness(
            find_target(found.bases[0].name.rpartition("/")[2].lower().removesuffix("-hf").removesuffix("-v0.1"))
        )
        assert at_least(base.mof.high, found.mof.high), name
        assert at_least(base.mof.low, found.mof.low), name
        assert VERDICTS.index(found.osi.high) <= VERDICTS.index(base.osi.high), name


def test_circles_end(tmp_path) -> None:
    tuned("acme/b").write(tmp_path / "acme--a")
    tuned("acme/c").write(tmp_path / "acme--b")
    tuned("acme/a").write(tmp_path / "acme--c")
    found = audit_openness(find_target(str(tmp_path / "acme--a")))
    assert any("circle" in one for one in found.problems)
    assert found.mof.low is None


def test_a_long_chain_ends(tmp_path) -> None:
    for number in range(30):
        tuned(f"acme/m{number + 1}").write(tmp_path / f"acme--m{number}")
    found = audit_openness(find_target(str(tmp_path / "acme--m0")))
    assert found.bases[0].found
    assert found.row("weights").terms == "unknown"


def test_many_bases_do_not_multiply(tmp_path) -> None:
    names = [f"acme/m{number}" for number in range(8)]
    for name in names:
        tuned([one for one in names if one != name]).write(tmp_path / name.replace("/", "--"))
    found = audit_openness(find_target(str(tmp_path / "acme--m0")))
    assert len(found.bases) == 7


def test_adapters_are_as_good_as_what_they_adapt(tmp_path) -> None:
    folder = Folder(
        {"license": "mit"},
        "# Adapter\n" + say(60),
        None,
        {
            "adapter_config.json": json.dumps({"base_model_name_or_path": "acme/secret"}),
            "adapter_model.safetensors": 10**7,
        },
    )
    Folder({"license": "mit"}, "# Secret\n" + say(60), "llama", {}).write(tmp_path / "acme--secret")
    found = audit(folder.write(tmp_path / "ours"))
    assert found.bases[0].relation == "adapter"
    assert found.row("weights").state == "absent"


def test_a_quantised_copy_is_as_its_base(tmp_path) -> None:
    folder = tuned("EleutherAI/pythia-12b", "apache-2.0", base_model_relation="quantized", datasets=[])
    found = audit(folder.write(tmp_path / "pythia-12b-awq"))
    assert found.row("training_code").state == "released"
    assert found.row("datasets").state == "released"


def test_a_base_named_in_the_text(tmp_path) -> None:
    body = "# Ours\n\nFine-tuned from [Falcon](https://huggingface.co/tiiuae/falcon-180B) on chats.\n" + say(60)
    found = audit(Folder({"license": "mit"}, body, "falcon", dict(WEIGHTS)).write(tmp_path / "ours"))
    assert found.bases[0].name == "tiiuae/falcon-180B"
    assert found.row("weights").terms == "not open"


def test_a_name_is_no_path_out(tmp_path) -> None:
    outside = tmp_path / "outside"
    Folder({"license": "mit"}, say(60), "llama", dict(WEIGHTS)).write(outside)
    for number, name in enumerate(("../outside", "../../outside", "/etc/passwd", "a/../../outside")):
        found = audit_openness(Target("ours", path=tuned(name).write(tmp_path / "in" / str(number))))
        assert not found.bases or found.bases[0].found == ""
