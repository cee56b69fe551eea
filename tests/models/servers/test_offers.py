"""What servers of each kind and version offer, and the bodies that follow from it."""

from __future__ import annotations

import json
from typing import Any

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Sampling
from weighbridge.models.remote.servers.found import Found
from weighbridge.models.remote.servers.offers import resolved
from weighbridge.models.remote.wire import body


def test_versions() -> None:
    assert Found("vllm", "0.11.2rc1").since(0, 11)
    assert not Found("vllm", "0.9.1").since(0, 11)
    assert Found("vllm", "1.0").since(0, 11)
    assert Found("vllm", "").since(0, 11)
    assert Found("vllm", "0.1.dev7+g0a1b2c3").since(0, 11)
    assert resolved(ModelOptions(), Found("vllm", "0.9.1")).constrained == "guided_choice"
    # A server of today takes guided_choice and does not heed it.
    assert resolved(ModelOptions(constrained="guided_choice"), Found("vllm", "0.32.0")).constrained == (
        "structured_outputs"
    )
    assert not resolved(ModelOptions(), Found("tgi", "3.3.5")).scoring
    assert resolved(ModelOptions(), Found("tgi", "2.4.1")).scoring
    assert resolved(ModelOptions(scoring=True), Found("tgi", "3.3.5")).scoring
    assert not resolved(ModelOptions(scoring=True), Found("transformers")).scoring
    assert not resolved(ModelOptions(), Found("ollama", "0.5.0")).logprobs


def test_what_a_project_says_stands() -> None:
    said = ModelOptions(constrained="none", json_schema=False, logprobs=False, scoring=False, bundle=False)
    used = resolved(said, Found("vllm", "0.32.0"))
    assert (used.constrained, used.json_schema, used.logprobs, used.scoring, used.bundle) == ("none", *[False] * 4)
    bent = ModelOptions(extra={"top_k": 5}, template_options={"enable_thinking": False})
    used = resolved(bent, Found("vllm", "0.32.0"))
    assert used.extra["top_k"] == 5
    assert used.extra["min_p"] == 0.0
    assert used.extra["chat_template_kwargs"] == {"enable_thinking": False}
    assert resolved(ModelOptions(server_defaults=True), Found("vllm", "0.32.0")).extra == {}


def test_bodies_of_each_server(ask) -> None:
    def sent(found: Found, **request) -> dict[str, Any]:
        return body(ask(**request), "m", resolved(ModelOptions(), found))

    picked = sent(Found("tgi", "3.3.5"), choices=("a.b", "c|d", "ja, nein"))["response_format"]
    assert picked == {"type": "regex", "value": "a\\.b|c\\|d|ja, nein"}
    schema = {"type": "object"}
    asked = sent(Found("tgi", "3.3.5"), json_schema=json.dumps(schema))["response_format"]
    assert asked == {"type": "json", "value": schema}
    asked = sent(Found("ollama", "0.13"), json_schema=json.dumps(schema))["response_format"]
    assert asked["json_schema"]["schema"] == schema
    assert sent(Found("llama.cpp"), choices=("a", "b"))["grammar"] == 'root ::= "a" | "b"'
    assert sent(Found("vllm"), choices=("a", "b"))["structured_outputs"] == {"choice": ["a", "b"]}
    varied = sent(Found("vllm"), sampling=Sampling(top_p=0.5))
    assert (varied["top_p"], varied["top_k"]) == (0.5, -1)
    assert json.loads(sent(Found("transformers"))["generation_config"])["do_sample"] is True
