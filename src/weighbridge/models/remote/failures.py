"""What a server's refusal means: from status and body to a `ModelError` that says whether to ask again."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.retry_after import retry_after

_QUOTA = (
    "insufficient_quota",
    "exceeded_current_quota",
    "insufficient credits",
    "insufficient balance",
    "available credits",
    "any credits",
    "out of credits",
    "credit balance",
    "credit limit",
    "spend limit",
    "spend_limit",
    "spending limit",
    "spending cap",
    "monthly limit",
    "key limit exceeded",
    "billing_hard_limit",
    "billing_not_active",
    "billing not active",
    "plan and billing",
    "quota exceeded",
    "freetieronly",
    "arrearage",
)
"""An account that is spent, in the words of OpenAI, Groq, xAI, OpenRouter, Fireworks, Moonshot, Perplexity, Z.ai,
Alibaba and others."""
_SOON = ("per minute", "per-minute", "per second", "perminute", "retry in", "try again in")
"""A quota of so short a time is a rate limit, worth waiting for; Gemini words that of a minute like the rest."""
_BAD_KEY = ("api key not valid", "invalid api key", "incorrect api key", "invalid_api_key")
_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-debug-trace-id",
    "x-trace-id",
    "cf-ray",
)
_FIXES: dict[ErrorKind, str] = {
    "auth": "set the environment variable named in key_env to a key that this server accepts",
    "quota": "the account has no credit left: top it up, or choose another model",
}


def told(body: bytes) -> tuple[str, str]:
    """(message, code) of an error body, in the shapes servers use; the first 300 characters where it has none."""
    try:
        return said(msgspec.json.decode(body))
    except msgspec.DecodeError:
        text = " ".join(body.decode("utf-8", "replace").split())
        return ("" if text.startswith("<") else text[:300]), ""


def said(found: object) -> tuple[str, str]:
    """(message, code) of a decoded error: ``{"error": {...}}``, ``{"error": "..."}``, ``{"detail": ...}``, ..."""
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return str(found)[:300], ""
    inner = found.get("error", found)
    if not isinstance(inner, dict):
        return str(inner)[:300], str(found.get("code") or "")
    message = inner.get("message") or inner.get("detail") or inner.get("msg") or inner.get("error") or ""
    words = [str(inner[name]) for name in ("code", "type", "status") if inner.get(name) is not None]
    return str(message)[:300], " ".join(words)


def from_status(status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
    """The error for an answer whose status is not 2xx."""
    message, code = told(body)
    if 300 <= status < 400:
        return ModelError(
            f"the server redirects to {headers.get('location', 'another address')}; redirects are not followed, so"
            " that a key never goes to a server it was not meant for",
            kind="dead",
            where=where,
            fix="put the address it names into the spec string",
            status=status,
        )
    kind = kind_of(status, f"{message} {code}".lower())
    fix = _FIXES.get(kind)
    if status in (404, 405):
        fix = "check the address (it usually ends in /v1) and the model's name after the #"
    waits = retry_after(headers, message) if kind in ("rate_limit", "server", "timeout") else None
    return ModelError(
        f"the server answered {status}" + (f": {message}" if message else ""),
        kind=kind,
        where=where,
        fix=fix,
        retry_after=waits,
        status=status,
        code=code or None,
        request_id=request_id_of(headers),
    )


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """What the server calls this request, under the names in use; None where it gives none."""
    for name in _REQUEST_IDS:
        if found := headers.get(name):
            return found
    return None


def from_event(error: object, where: str) -> ModelError:
    """The error for an error object inside a stream, or inside a document that came with status 200."""
    message, code = said({"error": error})
    status = next((int(word) for word in code.split() if word.isdigit() and 100 <= int(word) < 600), None)
    text = f"{message} {code}".lower()
    if status is not None:
        kind = kind_of(status, text)
    elif any(word in text for word in _QUOTA):
        kind = "quota"
    elif "rate_limit" in text or "rate limit" in text:
        kind = "rate_limit"
    elif "invalid_request" in text or "context_length" in text:
        kind = "bad_request"
    else:
        kind = "server"
    return ModelError(
        f"the server broke off with an error: {message or code or 'no message'}",
        kind=kind,
        where=where,
        fix=_FIXES.get(kind),
        retry_after=retry_after({}, message),
        status=status,
        usage_may_be_billed=True,
        code=code or None,
    )


def kind_of(status: int, text: str) -> ErrorKind:
    """The kind of failure; `text` is the lower-case message and code."""
    spent = any(word in text for word in _QUOTA) and not (status == 429 and any(word in text for word in _SOON))
    if status == 402 or (spent and status in (400, 401, 403, 412, 429)):
        return "quota"
    if status in (401, 403, 407) or (status == 400 and any(word in text for word in _BAD_KEY)):
        return "auth"
    if status == 429:
        return "rate_limit"
    if status in (404, 405, 410):
        # The address or the model is not there: no other item will fare better.
        return "dead"
    if status == 408:
        return "timeout"
    if status in (409, 425) or status >= 500:
        return "server"
    return "bad_request"
