"""The vendors' own clients read what our server says of our lots: the server speaks the documented protocol."""

from __future__ import annotations

import hashlib
import json

import pytest

from batch_vendors import BatchVendors
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request, Sampling
from weighbridge.models.remote.batch.lots import Patience
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

TEXTS = [f"is item {number} odd?" for number in range(5)]


def key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def request(text: str) -> Request:
    return Request((Message("user", text),), Sampling(max_tokens=16))


async def sent(spec: str, base: str):
    """Our own lot, sent; what we read of it, by key."""
    model = open_model(spec, ModelOptions(mode="batch", base_url=base))
    model.lots.patience = Patience(first=0.01)
    lots = model.lots
    state = await lots.format.submit("aabb", [lots.line(key(text), request(text)) for text in TEXTS])
    ended = await lots.ended(state)
    found = {}
    async for result in lots.format.results(ended):
        found[result.id] = lots.completion(result, request("?"))
    await model.close()
    return state.id, found


@pytest.fixture
def server():
    with BatchVendors(looks=1) as running:
        yield running


async def test_openai_client_reads_the_same_batch(server, monkeypatch):
    openai = pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    name, ours = await sent("openai:gpt-4o-mini", f"{server.url}/v1")
    client = openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)
    listed = [batch.id for batch in client.batches.list(limit=2)]
    assert listed == [name]
    batch = client.batches.retrieve(name)
    assert batch.status == "completed"
    assert batch.metadata == {"weighbridge": "aabb"}
    assert batch.request_counts.total == len(TEXTS)
    theirs = {}
    for line in client.files.content(batch.output_file_id).text.splitlines():
        row = json.loads(line)
        said = openai.types.chat.ChatCompletion.model_validate(row["response"]["body"])
        theirs[row["custom_id"]] = (said.choices[0].message.content, said.usage.prompt_tokens, said.model)
    assert theirs == {name: (one.text, one.usage.input_tokens, one.model) for name, one in ours.items()}


async def test_a_lot_of_openais_client_is_read_by_us(server, monkeypatch):
    openai = pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    client = openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "is item 3 odd?"}]}
    line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": body}
    file = client.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
    made = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"weighbridge": "theirs"},
    )
    model = open_model("openai:gpt-4o-mini", ModelOptions(mode="batch", base_url=f"{server.url}/v1"))
    model.lots.patience = Patience(first=0.01)
    ended = await model.lots.ended(await model.lots.format.state(made.id))
    [result] = [one async for one in model.lots.format.results(ended)]
    assert model.lots.completion(result, request("?")).text == "yes"
    assert client.batches.cancel(made.id).id == made.id
    await model.close()


async def test_anthropic_client_reads_the_same_batch(server, monkeypatch):
    anthropic = pytest.importorskip("anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    name, ours = await sent("anthropic:claude-haiku-4-5", f"{server.url}/v1")
    client = anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0)
    assert [batch.id for batch in client.messages.batches.list(limit=2)] == [name]
    batch = client.messages.batches.retrieve(name)
    assert batch.processing_status == "ended"
    assert batch.request_counts.succeeded == len(TEXTS)
    # Their client follows `results_url`, which ours leaves aside: here it is pointed back at this server.
    monkeypatch.setattr(
        client.messages.batches,
        "retrieve",
        lambda *_, **__: batch.model_copy(update={"results_url": f"{server.url}/v1/messages/batches/{name}/results"}),
    )
    theirs = {
        one.custom_id: (one.result.message.content[0].text, one.result.message.usage.input_tokens)
        for one in client.messages.batches.results(name)
        if one.result.type == "succeeded"
    }
    assert theirs == {name: (one.text, one.usage.input_tokens) for name, one in ours.items()}


async def test_google_client_reads_the_same_batch(server, monkeypatch):
    genai = pytest.importorskip("google.genai")
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    name, ours = await sent("google:gemini-2.5-flash", f"{server.url}/v1beta")
    client = genai.Client(api_key="k", http_options={"base_url": server.url, "api_version": "v1beta"})
    assert [batch.name for batch in client.batches.list(config={"page_size": 2})] == [name]
    batch = client.batches.get(name=name)
    assert batch.state.name == "JOB_STATE_SUCCEEDED"
    assert batch.display_name == "weighbridge-aabb"
    theirs = {
        one.metadata["key"]: (one.response.text, one.response.usage_metadata.prompt_token_count)
        for one in batch.dest.inlined_responses
    }
    assert theirs == {name: (one.text, one.usage.input_tokens) for name, one in ours.items()}
    made = client.batches.create(
        model="gemini-2.5-flash",
        src=[{"contents": [{"role": "user", "parts": [{"text": "is item 3 odd?"}]}], "metadata": {"key": "one"}}],
        config={"display_name": "theirs"},
    )
    model = open_model("google:gemini-2.5-flash", ModelOptions(mode="batch", base_url=f"{server.url}/v1beta"))
    model.lots.patience = Patience(first=0.01)
    ended = await model.lots.ended(await model.lots.format.state(made.name))
    [result] = [one async for one in model.lots.format.results(ended)]
    assert result.id == "one"
    assert model.lots.completion(result, request("?")).text == "yes"
    await model.close()
