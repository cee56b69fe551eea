"""A vendor's model in a project file: what it cannot do is told before anything is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faults import FaultServer
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import FIRST, VENDORS
from weighbridge.models.remote.wires.vendors_compatible import COMPATIBLE
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Image, Message

DOCS = Path(__file__).resolve().parents[2] / "docs" / "vendors"

PROJECT = """\
data: {{path: tickets.csv, reference: team}}
choices: [billing, technical, shipping, account]
candidates:
  - {{name: a, model: 'openai:{model}', side: open, base_url: '{url}', {more}}}
  - {{name: b, model: 'openai:gpt-4.1', base_url: '{url}', max_tokens: 8}}
budget: {{calls: 12}}
"""


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("o4-mini", "temperature: 0.7, repeats: 2", "temperature 0.7"),
        ("o4-mini", "top_p: 0.5", "top_p"),
        ("gpt-4o", "reasoning_effort: low", "reasoning_effort"),
        ("gpt-4o", "seed: 3, api: responses", "seed"),
        ("gpt-4o", "cannot: [stop], stop: [END]", "stop"),
    ],
)
def test_a_run_does_not_begin_with_what_a_model_has_not(
    weighbridge, tickets, tmp_path, monkeypatch, model: str, more: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    with FaultServer().threaded() as server:
        (tmp_path / "weighbridge.yaml").write_text(PROJECT.format(model=model, more=more, url=server.url))
        found = weighbridge("run")
    assert found.code == 2
    assert f"OpenAI has no {said}" in " ".join(found.err.split())
    assert server.calls == []


def test_a_run_with_what_it_has_begins(weighbridge, tickets, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    with FaultServer(answer=lambda prompt: '{"choice": "billing"}').threaded() as server:
        more = "reasoning_effort: low, max_tokens: 400"
        (tmp_path / "weighbridge.yaml").write_text(PROJECT.format(model="o4-mini", more=more, url=server.url))
        found = weighbridge("run")
    assert found.code in (0, 3, 4), found.err
    sent = next(call.body for call in server.calls if call.model == "o4-mini")
    assert sent["max_completion_tokens"] == 400
    assert "temperature" not in sent


@pytest.mark.parametrize("name", [vendor.name for vendor in (*FIRST, *COMPATIBLE)])
def test_the_example_on_each_page_is_a_project(weighbridge, tickets, tmp_path, monkeypatch, name: str) -> None:
    for key in VENDORS[name].key_envs:
        monkeypatch.setenv(key, "planted")
    page = (DOCS / f"{name}.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "weighbridge.yaml").write_text(
        "data: {path: tickets.csv, reference: team}\nchoices: [billing, technical, shipping, account]\n"
        f"{example}  - {{name: beside, model: 'simulated:accuracy=0.5'}}\n"
    )
    found = weighbridge("check")
    assert found.code == 0, found.err
    assert f"{name}:" in found.out + found.err


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("tools", Request((Message("user", "x"),), tools=(Tool("f", "{}"),))),
        ("images", Request((Message("user", "x", images=(Image(data=b"x"),)), Message("user", "y")))),
        ("reasoning_effort", Request((Message("user", "x"),), Sampling(reasoning_effort="low"))),
    ],
)
async def test_a_server_of_ones_own_is_asked_for_what_is_said_of_it(name: str, request_: Request) -> None:
    async with FaultServer() as server:
        model = open_model(f"{server.url}#m")
        with pytest.raises(ModelError, match=name):
            await model.complete(request_)
        assert server.calls == []
        await model.close()
        able = open_model(f"{server.url}#m", ModelOptions(can=(name,), stream=False))
        await able.complete(request_)
        await able.close()
    assert len(server.calls) == 1
