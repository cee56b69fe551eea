"""One whole JSON document as an answer, for calls that are no chat: tokenizing, embedding, scoring."""

from __future__ import annotations

from time import perf_counter

from weighbridge.models.protocol import ErrorKind, ModelError


class Document:
    """A `transport.Reader` that takes one document and no events."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.request_id: str | None = None
        self.done = False
        self.body = b""

    @property
    def ended(self) -> bool:
        return self.done

    def add(self, name: bytes, data: bytes) -> str:  # noqa: ARG002 - a Reader's form
        raise self.failed("the server streams where one JSON document was asked for", "malformed")

    def document(self, body: bytes) -> None:
        self.body = body
        self.done = True

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        return ModelError(what, kind=kind, where=self.where, usage_may_be_billed=True)
