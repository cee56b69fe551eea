"""Embeddings as OpenAI's ``/embeddings`` and its like return them."""

from __future__ import annotations

import msgspec

from weighbridge.models.remote.document import Document


class _Row(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Answer(msgspec.Struct):
    data: list[_Row]


_decode = msgspec.json.Decoder(_Answer).decode


class OpenAIVectors(Document):
    """Reads ``{"data": [{"index": 0, "embedding": [...]}, ...]}``."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(where)
        self.count = count

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError: malformed."""
        try:
            rows = _decode(self.body).data
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(f"the vendor sent something that is no embeddings ({broken})", "malformed") from None
        if len(rows) != self.count:
            raise self.failed(f"the vendor sent {len(rows)} embeddings for {self.count} texts", "malformed")
        numbered = [(at if row.index is None else row.index, row.embedding) for at, row in enumerate(rows)]
        return [vector for _, vector in sorted(numbered, key=lambda pair: pair[0])]
