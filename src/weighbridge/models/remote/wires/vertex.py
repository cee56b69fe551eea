"""Vertex AI: the format of `gemini`, by bearer token, under a project and a region.

Reference: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from threading import Lock
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires.base import encode, segment
from weighbridge.models.remote.wires.gemini import GeminiWire
from weighbridge.models.remote.wires.protocol import Call
from weighbridge.models.remote.wires.vendor import Vendor

TOKEN = "VERTEX_ACCESS_TOKEN"  # noqa: S105 - the variable's name
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class VertexWire(GeminiWire):
    """One of Google's models at Vertex AI."""

    name = "vertex"
    version_path = ""

    def __init__(self, vendor: Vendor, options: ModelOptions) -> None:
        super().__init__(vendor, options)
        self._credentials: Any = None
        self._lock = Lock()

    def path(self, model: str) -> str:
        named = model if model.startswith(("publishers/", "endpoints/")) else f"publishers/google/models/{model}"
        return "/" + "/".join(segment(part) for part in named.split("/"))

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"Authorization": f"Bearer {key or os.environ.get(TOKEN, '').strip() or self._token()}"}

    def secrets(self, key: str) -> Sequence[str]:
        return tuple(one for one in (key, os.environ.get(TOKEN, "").strip()) if one)

    def _token(self) -> str:
        """Of the application default credentials, fetched anew when it has run out (about once an hour)."""
        from google.auth import default
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = default(scopes=[_SCOPE])
                if not self._credentials.valid:
                    self._credentials.refresh(Request())
            except GoogleAuthError as broken:
                raise ModelError(
                    f"no credentials for Vertex AI: {str(broken)[:200]}",
                    kind="auth",
                    fix=f"run `gcloud auth application-default login`, or set {TOKEN} to an access token",
                    vendor=self.vendor.name,
                ) from None
            return str(self._credentials.token)

    def explain(self, error: ModelError) -> None:
        super().explain(error)
        if error.kind == "auth":
            error.fix = (
                f"run `gcloud auth application-default login`, or set {TOKEN} to an access token of the project"
            )

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        body = {"instances": [{"content": text, **self.options.extra} for text in texts]}
        return Call(f"{self.path(model)}:predict", encode(body))


def make(vendor: Vendor, options: ModelOptions) -> VertexWire:
    """The wire of Vertex AI. Raises UsageError where there is no way to a token."""
    if options.key_env is None and not os.environ.get(TOKEN, "").strip() and not _installed():
        raise UsageError(
            "Vertex AI needs an access token, or google-auth to get one",
            fix=f"pip install 'weighbridge[vertex]', or export {TOKEN}=\"$(gcloud auth print-access-token)\"",
        )
    return VertexWire(vendor, options)


def _installed() -> bool:
    try:
        return importlib.util.find_spec("google.auth.transport.requests") is not None
    except (ModuleNotFoundError, ValueError):
        return False
