"""Azure OpenAI: OpenAI's formats behind deployments, with a content filter that speaks for itself.

With ``api_version`` the paths name the deployment (``/openai/deployments/NAME/chat/completions?api-version=...``);
without it they are those of the v1 interface (``/openai/v1/chat/completions``), where the deployment is the model's
name. Reference: Azure/azure-rest-api-specs, cognitiveservices/data-plane/AzureOpenAI/inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.wires.openai_chat import ChatWire
from weighbridge.models.remote.wires.openai_responses import ResponsesWire
from weighbridge.models.remote.wires.protocol import Call
from weighbridge.models.remote.wires.vendor import Vendor


def azure_auth(key: str) -> dict[str, str]:
    """A key goes into ``api-key``; a token of Entra ID, which is a signed JWT, into ``Authorization``."""
    if key.startswith("eyJ") and key.count(".") == 2:
        return {"Authorization": f"Bearer {key}"}
    return {"api-key": key}


def root(options: ModelOptions, path: str) -> str:
    """`path`, unless `base_url` ends with it already."""
    return "" if options.base_url is not None and options.base_url.rstrip("/").endswith(path) else path


class AzureChatWire(ChatWire):
    """Chat completions of one deployment."""

    name = "azure"

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return azure_auth(key)

    def path(self, model: str) -> str:
        return self._path(model, "chat/completions")

    def body(self, request: Request, model: str, stream: bool) -> dict[str, Any]:
        out = super().body(request, model, stream)
        out["model"] = self.options.deployment or model
        return out

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        body = {"model": self.options.deployment or model, "input": list(texts), "encoding_format": "float"}
        return Call(self._path(model, "embeddings"), wire.encode(body))

    def _path(self, model: str, what: str) -> str:
        version = self.options.api_version
        if version is None:
            return f"{root(self.options, '/openai/v1')}/{what}"
        deployment = quote(self.options.deployment or model, safe="")
        return (
            f"{root(self.options, '/openai')}/deployments/{deployment}/{what}?api-version={quote(version, safe='')}"
        )


class AzureResponsesWire(ResponsesWire):
    """The Responses API of one deployment, on the v1 path."""

    name = "azure-responses"

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return azure_auth(key)

    def path(self) -> str:
        return f"{root(self.options, '/openai/v1')}/responses"

    def body(self, request: Request, model: str, stream: bool) -> dict[str, Any]:
        out = super().body(request, model, stream)
        out["model"] = self.options.deployment or model
        return out


def make_azure(vendor: Vendor, options: ModelOptions) -> ChatWire | ResponsesWire:
    """The wire of a deployment."""
    if options.api != "responses":
        return AzureChatWire(vendor, options)
    if options.api_version is not None:
        raise UsageError(
            "Azure's Responses API has no deployment paths here",
            fix="leave `api_version` out for the /openai/v1 path",
        )
    return AzureResponsesWire(vendor, options)
