"""Amazon Bedrock's Converse, as requests go out and refusals come back.

Reference: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Answers are read by
`bedrock_answer`, requests signed by `sigv4`.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.models.remote.wires import sigv4
from weighbridge.models.remote.wires.base import BaseWire, echoed, encode, segment
from weighbridge.models.remote.wires.bedrock_answer import FORMAT, BedrockReader, BedrockVectors, kind_of_exception
from weighbridge.models.remote.wires.claude import claude_capabilities, sampled, thinking
from weighbridge.models.remote.wires.eventstream import EventStreamReader
from weighbridge.models.remote.wires.protocol import Call, Framer
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Image, Message

TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the variable's name
_REGION = re.compile(r"bedrock-runtime[^.]*\.([a-z0-9-]+)\.")
_SEES = re.compile(r"(nova-(?!micro)|llama3-2-(11|90)b|llama4|pixtral|gemma-3)")
_CALLS = re.compile(
    r"(nova|command-r|mistral-(large|small)|pixtral|llama3-[123]|llama4|jamba-1-5|gpt-oss|qwen3|kimi)"
)
_GRADED = re.compile(r"(gpt-oss|nova-2)")


class BedrockWire(BaseWire):
    """One model at Amazon Bedrock."""

    name = FORMAT

    def __init__(self, vendor: Vendor, options: ModelOptions) -> None:
        super().__init__(vendor, options)
        self._signers: dict[str, sigv4.Signer] = {}

    @property
    def framer(self) -> Callable[[], Framer]:
        return EventStreamReader

    def capabilities(self, model: str) -> Capabilities:
        name = model.lower()
        if "embed" in name:
            return Capabilities(embeddings=True, stop=False, temperature=False, top_p=False)
        if "claude" in name:
            return claude_capabilities(name)
        # An inference profile of one's own does not say what stands behind it.
        opaque = name.startswith("arn:") and "application-inference-profile" in name
        return Capabilities(
            streaming=True,
            tools=opaque or _CALLS.search(name) is not None,
            images=opaque or _SEES.search(name) is not None,
            reasoning_effort=_GRADED.search(name) is not None,
        )

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:
        token = key or os.environ.get(TOKEN, "").strip()
        if token:
            return {"Authorization": f"Bearer {token}"}
        region = self.region(url)
        signer = self._signers.get(region) or self._signers.setdefault(region, sigv4.Signer("bedrock", region))
        try:
            return signer.headers(url, body)
        except ModelError as error:
            error.vendor = self.vendor.name
            raise

    def region(self, url: str) -> str:
        """Where the request goes: of the options, else of the address."""
        found = _REGION.search(url)
        region = self.options.region or (found[1] if found else None) or os.environ.get("AWS_REGION")
        if not region:
            self.lacks("needs a region to sign for", "say `region: us-east-1` (or yours) in the model's options")
        return region

    def secrets(self, key: str) -> Sequence[str]:
        return [one for one in (key, os.environ.get(TOKEN, "").strip(), *sigv4.secrets()) if one]

    def call(self, request: Request, model: str, stream: bool) -> Call:
        body: dict[str, Any] = {"messages": self.turns(request)}
        system = [one.content for one in request.messages if one.role in ("system", "developer") and one.content]
        if system:
            body["system"] = [{"text": text} for text in system]
        body["inferenceConfig"] = self.inference(request, model)
        if request.tools:
            self.offer(request, body)
        if (schema := self.wanted_schema(request)) is not None:
            text = encode(schema).decode()
            form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": text, "name": "answer"}}}
            body["outputConfig"] = {"textFormat": form}
        if more := self.more(request, model):
            body["additionalModelRequestFields"] = more
        verb = "converse-stream" if stream else "converse"
        accept = "application/vnd.amazon.eventstream" if stream else "application/json"
        return Call(f"/model/{segment(model)}/{verb}", self.finished(body), {"Accept": accept})

    def inference(self, request: Request, model: str) -> dict[str, Any]:
        """``inferenceConfig``."""
        sampling = request.sampling
        out: dict[str, Any] = {"maxTokens": sampling.max_tokens}
        if "claude" in model.lower():
            known = sampled(request, model, self.lacks)
            out |= {{"temperature": "temperature", "top_p": "topP"}[name]: value for name, value in known.items()}
        else:
            if sampling.temperature > 1:
                self.lacks(f"takes temperatures from 0 to 1, not {sampling.temperature:g}", "set it to at most 1")
            out["temperature"] = sampling.temperature
            if sampling.top_p is not None:
                out["topP"] = sampling.top_p
        if sampling.stop:
            out["stopSequences"] = list(sampling.stop)
        return out

    def more(self, request: Request, model: str) -> dict[str, Any]:
        """What Converse passes on to the model as it is: how long it may think."""
        effort, name = request.sampling.reasoning_effort, model.lower()
        if effort is None:
            return {}
        if "claude" in name:
            thought, grade = thinking(request, model, self.lacks)
            out: dict[str, Any] = {} if thought is None else {"thinking": thought}
            return out if grade is None else {**out, "output_config": {"effort": grade}}
        if "nova-2" in name:
            if effort == "none":
                return {"reasoningConfig": {"type": "disabled"}}
            if effort == "minimal":
                self.lacks("has no effort `minimal` for this model", "use low, medium or high")
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
        if effort in ("none", "minimal"):
            self.lacks(f"has no effort `{effort}` for this model", "use low, medium or high")
        return {"reasoning_effort": effort}

    def offer(self, request: Request, body: dict[str, Any]) -> None:
        """``toolConfig``; Converse has no word for "none", so that the tools themselves stay away."""
        if request.tool_choice == "none":
            if any(message.tool_calls or message.role == "tool" for message in request.messages):
                self.lacks("cannot keep tools from being called after they were", "leave out tool_choice")
            return
        body["toolConfig"] = {
            "tools": [
                {
                    "toolSpec": {
                        "name": tool.name,
                        **({"description": tool.description} if tool.description else {}),
                        "inputSchema": {
                            "json": self.object_of(tool.parameters, f"the parameters of the tool {tool.name}")
                        },
                    }
                }
                for tool in request.tools
            ]
        }
        if request.tool_choice is not None:
            words: dict[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}
            choice = words.get(request.tool_choice, {"tool": {"name": request.tool_choice}})
            body["toolConfig"]["toolChoice"] = choice

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The messages as user and assistant in turn; neighbours of one role become one, as results of tools do."""
        return self.alternating(request.messages, self.blocks)

    def blocks(self, message: Message) -> list[dict[str, Any]]:
        """The content of one message; empty texts, which Converse refuses, are left out."""
        text = [{"text": message.content}] if message.content.strip() else []
        pictures = [self.picture(image) for image in message.images]
        if message.role == "tool":
            content = [*pictures, *text] or [{"text": "(nothing)"}]
            return [{"toolResult": {"toolUseId": message.tool_call_id or "", "content": content}}]
        if message.role != "assistant":
            return [*pictures, *text]
        earlier = echoed(message, FORMAT)
        if isinstance(earlier, list):
            return earlier
        return [
            *text,
            *(
                {
                    "toolUse": {
                        "toolUseId": call.id,
                        "name": call.name,
                        "input": self.object_of(call.arguments, f"the arguments of the call {call.id}"),
                    }
                }
                for call in message.tool_calls
            ),
        ]

    def picture(self, image: Image) -> dict[str, Any]:
        """One image block; an address must be of S3."""
        form = image.media_type.partition("/")[2].replace("jpg", "jpeg")
        if image.data is not None:
            return {"image": {"format": form, "source": {"bytes": base64.b64encode(image.data).decode()}}}
        if image.url is None or not image.url.startswith("s3://"):
            self.lacks("fetches no pictures from an address outside S3", "give the picture's bytes")
        return {"image": {"format": form, "source": {"s3Location": {"uri": image.url}}}}

    def reader(self, where: str, request: Request) -> BedrockReader:
        return BedrockReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
        error = self.refused(status, headers, body, where)
        # ``ThrottlingException:http://internal.amazon.com/...``
        word = (headers.get("x-amzn-errortype") or _typed(body)).partition(":")[0].rpartition("#")[2]
        if word:
            error.code = word
            error.kind = kind_of_exception(word, error.what) or error.kind
        if error.kind not in ("rate_limit", "server", "timeout"):
            error.retry_after = None
        self.explain(error)
        return error

    def explain(self, error: ModelError) -> None:
        super().explain(error)
        if error.kind == "auth":
            error.fix = f"check AWS_PROFILE or AWS_ACCESS_KEY_ID (or {TOKEN}), and that it may invoke this model"
        elif error.kind == "dead":
            error.fix = "check model and region; many models are called by an inference profile, such as us.MODEL"

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        path = f"/model/{segment(model)}/invoke"
        headers = {"Accept": "application/json"}
        if "cohere" in model.lower():
            return Call(path, self.finished({"texts": list(texts), "input_type": "search_document"}), headers)
        if len(texts) != 1:
            self.lacks(f"embeds one text a call with {model}, not {len(texts)}", "ask for one text at a time")
        return Call(path, self.finished({"inputText": texts[0]}), headers)

    def vectors(self, where: str, count: int) -> BedrockVectors:
        return BedrockVectors(where, count)


def _typed(body: bytes) -> str:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    return str(found.get("__type") or "") if isinstance(found, dict) else ""


def make(vendor: Vendor, options: ModelOptions) -> BedrockWire:
    """The wire of Bedrock. Raises UsageError where nothing could sign."""
    if options.key_env is None and not os.environ.get(TOKEN, "").strip() and not sigv4.installed():
        raise UsageError(
            "Amazon Bedrock needs botocore to sign requests, or an API key",
            fix=f"pip install 'weighbridge[bedrock]', or export {TOKEN}=...",
        )
    return BedrockWire(vendor, options)
