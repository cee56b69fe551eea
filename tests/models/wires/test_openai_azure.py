"""Azure OpenAI: paths, keys, and a content filter that speaks for itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires.azure import AzureChatWire, make_azure
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.models.specs import open_model
from wire_feeding import ASKED, fed, sse

REFUSED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "high"}},
        },
    }
}


def wire(**options: Any) -> AzureChatWire:
    made = make_azure(VENDORS["azure"], ModelOptions(**options))
    assert isinstance(made, AzureChatWire)
    return made


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "/openai/v1/chat/completions"),
        ({"base_url": "https://x.openai.azure.com/openai/v1/"}, "/chat/completions"),
        (
            {"api_version": "2024-10-21", "deployment": "mini eu"},
            "/openai/deployments/mini%20eu/chat/completions?api-version=2024-10-21",
        ),
        ({"api_version": "2024-10-21"}, "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"),
    ],
)
def test_paths(options: dict[str, Any], path: str) -> None:
    call = wire(**options).call(ASKED, "gpt-4o-mini", stream=True)
    assert call.path == path
    assert json.loads(call.body)["model"] == options.get("deployment", "gpt-4o-mini")


def test_the_responses_api_has_its_path_and_no_versions() -> None:
    made = make_azure(VENDORS["azure"], ModelOptions(api="responses", deployment="d"))
    call = made.call(ASKED, "gpt-4o-mini", stream=False)
    assert call.path == "/openai/v1/responses"
    assert json.loads(call.body)["model"] == "d"
    with pytest.raises(UsageError, match="deployment paths"):
        make_azure(VENDORS["azure"], ModelOptions(api="responses", api_version="2024-10-21"))


def test_a_key_and_a_token_go_into_headers_of_their_own() -> None:
    assert wire().auth("0123abcd", "", b"") == {"api-key": "0123abcd"}
    token = ".".join(("eyJhbGciOiJub25lIn0", "e30", "c2ln"))
    assert wire().auth(token, "", b"") == {"Authorization": f"Bearer {token}"}


def test_the_first_chunk_may_hold_only_the_filters_word() -> None:
    events = [
        {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "half"}, "finish_reason": None}]},
        {
            "id": "c", "model": "m",
            "choices": [
                {
                    "index": 0, "delta": {}, "finish_reason": "content_filter",
                    "content_filter_results": {"violence": {"filtered": True, "severity": "high"}},
                }
            ],
        },
    ]  # fmt: skip
    _, reader = fed(wire().reader("w", ASKED), [sse(events, done=True)])
    found = reader.completion()
    assert (found.text, found.finish, found.stop_reason) == ("half", Finish.FILTER, "content_filter")
    assert (found.request_id, found.model) == ("c", "m")


def test_a_filtered_prompt_is_an_outcome_and_other_refusals_are_not() -> None:
    found = wire().failure(400, {"x-request-id": "r-1"}, json.dumps(REFUSED).encode(), "w")
    assert isinstance(found, Completion)
    assert (found.finish, found.text, found.request_id) == (Finish.FILTER, "", "r-1")
    other = wire().failure(400, {}, b'{"error": {"code": "BadRequest", "message": "content_filter is unknown"}}', "w")
    assert isinstance(other, ModelError)
    assert other.kind == "bad_request"


def test_an_error_event_of_the_filter_ends_the_answer() -> None:
    events = [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "half"}}]},
        {"error": REFUSED["error"]},
    ]
    _, reader = fed(wire().reader("w", ASKED), [sse(events)])
    assert reader.completion().finish is Finish.FILTER


def test_a_resource_is_needed_and_cannot_lead_elsewhere(keys: str) -> None:
    with pytest.raises(UsageError, match="needs the option resource"):
        open_model("azure:gpt-4o-mini")
    with pytest.raises(UsageError, match="cannot stand in an address"):
        open_model("azure:gpt-4o-mini", ModelOptions(resource="evil.example/#"))
    model = open_model("azure:gpt-4o-mini", ModelOptions(resource="mine"))
    assert model.endpoint == "https://mine.openai.azure.com#gpt-4o-mini"
