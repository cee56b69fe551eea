"""Rows of vendors with a format of their own, opened as spec strings name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.closed import ClosedModel
from weighbridge.models.remote.wires.vendors_own import OWN
from weighbridge.models.specs import open_model

DOCS = Path(__file__).parents[3] / "docs" / "vendors"
PLACE = {"region": "eu-west-1", "project": "mine"}


def opened(spec: str, **options: object) -> ClosedModel:
    made = open_model(spec, ModelOptions(**options))
    assert isinstance(made, ClosedModel)
    return made


@pytest.mark.parametrize("vendor", OWN, ids=lambda vendor: vendor.name)
def test_a_row_opens_and_has_its_page(vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in vendor.key_envs:
        monkeypatch.setenv(name, "planted-key")
    model = opened(f"{vendor.name}:{vendor.example}", **PLACE)
    assert model.side == ("open" if vendor.name == "ollama" else "closed")
    assert model.capabilities.streaming
    assert "planted-key" not in repr(model)
    assert vendor.key_envs == () or "planted-key" in model.wire.secrets(model.key)
    page = (DOCS / f"{vendor.name}.md").read_text(encoding="utf-8")
    assert f"`{vendor.name}:{vendor.example}`" in page
    assert vendor.docs in page
    assert "What it cannot do:" in page


def test_the_address_holds_region_and_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTEX_ACCESS_TOKEN", "t")
    assert opened("bedrock:x", **PLACE).url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert opened("vertex:x", **PLACE).url == (
        "https://eu-west-1-aiplatform.googleapis.com/v1/projects/mine/locations/eu-west-1"
    )
    with pytest.raises(UsageError, match="region"):
        opened("bedrock:x")


def test_without_a_key_vendors_that_need_none_open_and_others_say_which(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    assert opened("ollama:x").key == ""
    assert opened("bedrock:x", **PLACE).key == ""
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY"):
        opened("anthropic:claude-haiku-4-5")
    monkeypatch.setenv("MY_KEY", "k")
    assert opened("ollama:x", key_env="MY_KEY").key == "k"


def test_other_sampling_of_the_same_server_is_another_engine() -> None:
    assert opened("ollama:x").engine != opened("ollama:x", server_defaults=True).engine


async def test_a_failure_of_credentials_keeps_its_own_advice(monkeypatch: pytest.MonkeyPatch, ask) -> None:
    from botocore.session import Session

    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    monkeypatch.setattr(Session, "get_credentials", lambda self: None)
    model = opened("bedrock:amazon.nova-pro-v1:0", **PLACE)
    with pytest.raises(ModelError) as caught:
        await model.complete(ask())
    await model.close()
    assert (caught.value.kind, caught.value.where) == ("auth", "bedrock:amazon.nova-pro-v1:0")
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)
