"""What a server's refusal is taken for, in the words of vendors that speak OpenAI's format."""

from __future__ import annotations

import json

import pytest
from multidict import CIMultiDict

from weighbridge.models.remote.failures import from_status


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error": "Your team has either used all available credits or reached its spending limit."}, "quota"),
        (403, {"error": "Your newly created team doesn't have any credits yet."}, "quota"),
        (403, {"error": {"message": "Key limit exceeded (monthly limit).", "code": 403}}, "quota"),
        (400, {"error": {"message": "Blocked", "code": "spend_limit_reached"}}, "quota"),
        (401, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota"}}, "quota"),
        (412, {"error": {"message": "Suspended, possibly due to reaching the monthly spending limit"}}, "quota"),
        (429, {"error": {"message": "Suspended", "type": "exceeded_current_quota_error"}}, "quota"),
        (400, {"error": {"code": "Arrearage", "message": "Access denied"}}, "quota"),
        (403, {"error": {"code": "AllocationQuota.FreeTierOnly", "message": "exhausted"}}, "quota"),
        (402, {"error": "You have exceeded your included credits."}, "quota"),
        (429, {"error": {"message": "Rate limit reached. Add a payment method at /account/billing."}}, "rate_limit"),
        (429, {"error": {"message": "quota exceeded: 60 requests per minute"}}, "rate_limit"),
        (429, {"error": {"message": "Exceeded, check your plan and billing. Please retry in 34.1s."}}, "rate_limit"),
        (403, {"error": {"message": "This key may not use the model"}}, "auth"),
        (400, {"error": {"message": "max_tokens is over the limit of the model"}}, "bad_request"),
    ],
)
def test_a_spent_account_is_told_from_a_rate_and_from_a_wrong_key(status: int, body: object, kind: str) -> None:
    error = from_status(status, CIMultiDict({}), json.dumps(body).encode(), "here")
    assert error.kind == kind
    assert error.retryable is (kind == "rate_limit")
