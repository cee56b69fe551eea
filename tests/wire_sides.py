"""Two requests side by side: what of them must be the same."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote


def place(path: str) -> str:
    """Where a call goes, without its query, escapes, and the version of Gemini's interface (v1 has fewer fields)."""
    return unquote(path.partition("?")[0]).replace("/v1beta/models/", "/v1/models/")


def same(body: Any, field: str = "") -> Any:
    """`body` without what means nothing: absent fields written as null, one text part written as its text, a default
    role or type written out, base64 in either alphabet, JSON text in either spacing."""
    if isinstance(body, dict):
        # Google takes either spelling of a name, and its SDK sends both.
        names = {"mime_type": "mimeType", "parameters_json_schema": "parametersJsonSchema"}
        out = {names.get(name, name): same(value, name) for name, value in body.items() if value is not None}
        if field == "systemInstruction":
            out.pop("role", None)
        if out.get("stream") is False:
            del out["stream"]
        return out
    if isinstance(body, list):
        if field in ("content", "system") and len(body) == 1 and set(body[0]) == {"type", "text"}:
            return same(body[0]["text"])
        return [same(one) for one in body]
    if isinstance(body, str):
        if field in ("data", "bytes"):
            return body.replace("-", "+").replace("_", "/")
        if body.startswith("{"):
            return json.loads(body)
    return body
