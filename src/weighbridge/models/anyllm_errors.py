"""What any-llm's exceptions mean."""

from __future__ import annotations

from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.failures import kind_of
from weighbridge.models.remote.retry_after import retry_after

KINDS: dict[str, ErrorKind] = {
    "RateLimitError": "rate_limit",
    "AuthenticationError": "auth",
    "MissingApiKeyError": "auth",
    "InsufficientFundsError": "quota",
    "ModelNotFoundError": "dead",
    "UnsupportedProviderError": "dead",
    "InvalidRequestError": "bad_request",
    "ContextLengthExceededError": "bad_request",
    "UnsupportedParameterError": "bad_request",
    "UpstreamProviderError": "server",
    "GatewayTimeoutError": "timeout",
}
"""By the name of the class in `any_llm.exceptions`."""


def understood(raised: Exception, where: str) -> ModelError | None:
    """The error as a caller of models knows it; None for a prompt that a filter stopped, which is an outcome."""
    name = type(raised).__name__
    if name in ("ContentFilterError", "ContentFilterFinishReasonError"):
        return None
    status = getattr(raised, "status_code", None)
    code = getattr(raised, "code", None)
    said = " ".join(str(getattr(raised, "message", None) or raised).split())[:300]
    kind = KINDS.get(name)
    if status is not None and (kind is None or kind in ("rate_limit", "bad_request")):
        kind = kind_of(status, f"{said} {code or ''}".lower())
    if kind is None:
        kind = (
            "connection"
            if "onnection" in f"{type(getattr(raised, 'original_exception', raised)).__name__}"
            else "server"
        )
    wait = getattr(raised, "retry_after", None)
    return ModelError(
        f"any-llm: {said or name}",
        kind=kind,
        where=where,
        retry_after=retry_after({"retry-after": str(wait)} if wait is not None else {}, said),
        status=status,
        code=str(code) if code is not None else None,
        usage_may_be_billed=kind in ("timeout", "server"),
    )
