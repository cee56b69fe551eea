"""Signatures for Amazon's services: botocore finds the credentials and signs, and does nothing else here."""

from __future__ import annotations

import importlib.util
import os
from threading import Lock
from typing import Any

from weighbridge.models.protocol import ModelError

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Signer:
    """Signs POSTs for one service in one region. Credentials come from botocore's usual chain: environment, shared
    files (``AWS_PROFILE``), single sign-on, the role of the machine; temporary ones are renewed by it."""

    def __init__(self, service: str, region: str) -> None:
        self.service = service
        self.region = region
        self._session: Any = None
        self._lock = Lock()

    def headers(self, url: str, body: bytes) -> dict[str, str]:
        """The headers of the signature, version 4. Raises ModelError: auth, where there are no credentials."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest("POST", sent(url), data=body)
        SigV4Auth(self._credentials(), self.service, self.region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    def _credentials(self) -> Any:  # noqa: ANN401 - botocore's
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        with self._lock:
            try:
                self._session = self._session or Session()
                found = self._session.get_credentials()
                if found is not None:
                    return found.get_frozen_credentials()
            except BotoCoreError as broken:
                raise _none(str(broken)[:200]) from None
        raise _none("none found")


def sent(url: str) -> str:
    """`url` as the HTTP client writes it, which is what the service checks the signature against."""
    from yarl import URL

    return str(URL(url))


def installed() -> bool:
    """Whether botocore is there."""
    return importlib.util.find_spec("botocore") is not None


def secrets() -> list[str]:
    """Secrets of the environment that must never be shown."""
    return [found for name in SECRETS if (found := os.environ.get(name, "").strip())]


def _none(why: str) -> ModelError:
    return ModelError(
        f"no credentials for Amazon's services: {why}",
        kind="auth",
        fix="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or AWS_BEARER_TOKEN_BEDROCK",
    )
