"""An independent server (npm `@copilotkit/aimock`): its streams, its chunking and its own fault injection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aimock import serving
from weighbridge.evidence import Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.specs import open_model

FIXTURES = [
    {"match": {"userMessage": "cut me off"}, "response": {"content": "x" * 200}, "truncateAfterChunks": 3},
    {"match": {"userMessage": "unicode"}, "response": {"content": "café 🦜 日本語 " * 20}},
    {"match": {"userMessage": "too long"}, "response": {"content": "it goes on", "finishReason": "length"}},
    {
        "match": {"userMessage": "no money"},
        "response": {"error": {"message": "no credit", "type": "insufficient_quota"}, "status": 429},
    },
    {"match": {"userMessage": "who am I"}, "response": {"content": "nobody", "usage": {"prompt_tokens": 5}}},
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("aimock"), FIXTURES) as port:
        yield f"http://127.0.0.1:{port}/v1#gpt-4o"


@pytest.mark.parametrize("stream", [True, False])
async def test_answers(server: str, stream: bool, ask) -> None:
    model = open_model(server, ModelOptions(stream=stream))
    answer = await model.complete(ask("unicode please"))
    limited = await model.complete(ask("too long"))
    await model.close()
    assert answer.text == "café 🦜 日本語 " * 20
    assert answer.finish is Finish.STOP
    assert answer.usage.output_tokens is not None
    assert answer.usage.input_tokens is not None
    assert (answer.usage.first_token is not None) is stream
    assert limited.finish is Finish.LENGTH


async def test_a_cut_stream_is_no_answer(server: str, ask) -> None:
    model = open_model(server)
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("cut me off"))
    await model.close()
    # It tears the connection down, sometimes before its first chunks have left.
    assert caught.value.kind in ("cut", "connection")
    assert caught.value.usage_may_be_billed


async def test_no_credit(server: str, ask) -> None:
    model = open_model(server)
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("no money"))
    await model.close()
    assert caught.value.kind == "quota"


@pytest.mark.parametrize(
    ("chaos", "kinds"),
    [
        ("malformed", {"malformed"}),
        ("disconnect", {"connection", "cut"}),
        ("drop", {"server"}),
        ("ratelimit", {"rate_limit"}),
    ],
)
async def test_its_chaos(server: str, chaos: str, kinds: set[str], ask) -> None:
    model = open_model(server, ModelOptions(headers={f"x-aimock-chaos-{chaos}": "1"}))
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("unicode"))
    await model.close()
    assert caught.value.kind in kinds, caught.value
    if chaos == "ratelimit":
        assert caught.value.retry_after is not None


async def test_a_wrong_model_name_gets_the_nearest(server: str, ask) -> None:
    model = open_model(server.replace("#gpt-4o", "#gpt-4oo"))
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("nothing here matches"))
    await model.close()
    assert caught.value.kind == "dead"
    assert "the server has no model 'gpt-4oo'; did you mean 'gpt-4o'?" in str(caught.value)
