"""The compose file of vLLM: whole, pinned, closed to the network, and in step with its page and its example."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "vllm"
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (FOLDER / "env.example").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled(value, given: dict[str, str]):
    """`value` with its variables as Compose fills them in."""
    if isinstance(value, dict):
        return {key: filled(one, given) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, given) for one in value]
    if not isinstance(value, str):
        return value

    def one(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        said = given.get(name, "")
        if not said and kind == "?":
            raise LookupError(f"{name}: {rest}")
        return said or (rest if kind == "-" else "")

    return VARIABLE.sub(one, value)


@pytest.fixture(scope="module")
def service():
    given = {"VLLM_MODEL": "org/model", "VLLM_API_KEY": "k"}
    return filled(yaml.safe_load(TEXT), given)["services"]["vllm"]


def test_the_image_is_pinned(service) -> None:
    assert re.fullmatch(r"vllm/vllm-openai:v\d+\.\d+\.\d+", service["image"])


def test_only_this_machine_reaches_it(service) -> None:
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert "network_mode" not in service
    assert "privileged" not in service


def test_the_command_names_the_model_first(service) -> None:
    model, *options = service["command"]
    assert model == "org/model"
    assert all(option.startswith("--") for option in options)
    assert {"--max-num-seqs=64", "--enable-prefix-caching", "--generation-config=vllm"} <= set(options)
    assert not any("key" in option for option in options), "a key on the command line shows in the list of processes"


def test_it_has_shared_memory_a_gpu_a_volume_and_a_health_check(service) -> None:
    assert service["shm_size"] == "8gb"
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "1", "capabilities": ["gpu"]}
    assert service["volumes"] == ["models:/models"]
    assert service["environment"]["HF_HOME"] == "/models", "what is downloaded stays in the volume"
    assert "/health" in service["healthcheck"]["test"][-1]
    compile(service["healthcheck"]["test"][-1], "healthcheck", "exec")


@pytest.mark.parametrize("missing", ["VLLM_MODEL", "VLLM_API_KEY"])
def test_it_does_not_start_without_a_model_or_a_key(missing: str) -> None:
    given = {"VLLM_MODEL": "org/model", "VLLM_API_KEY": "k"}
    given.pop(missing)
    with pytest.raises(LookupError, match=missing):
        filled(yaml.safe_load(TEXT), given)


def test_the_example_holds_no_key_and_no_unknown_name() -> None:
    known = {found[0] for found in VARIABLE.findall(TEXT)}
    said = dict(line.lstrip("# ").split("=", 1) for line in EXAMPLE.splitlines() if re.match(r"#? ?[A-Z_]+=", line))
    assert set(said) <= known
    assert said["VLLM_API_KEY"] == ""
    assert said.pop("HF_TOKEN") == ""


def test_the_page_speaks_of_the_same_variables() -> None:
    page = (ROOT / "docs" / "serve-vllm.md").read_text(encoding="utf-8")
    spoken = set(re.findall(r"VLLM_[A-Z_]+", page))
    assert spoken <= {found[0] for found in VARIABLE.findall(TEXT)}
    assert spoken >= {"VLLM_VERSION", "VLLM_REVISION", "VLLM_MAX_NUM_SEQS", "VLLM_API_KEY"}


def test_compose_itself_takes_it(tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    shutil.copy(FOLDER / "compose.yaml", tmp_path)
    (tmp_path / ".env").write_text("VLLM_MODEL=org/model\nVLLM_API_KEY=k\n")
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
