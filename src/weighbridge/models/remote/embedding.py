"""Texts to vectors by ``/embeddings`` of an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.servers.service import Service


class _Row(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Answer(msgspec.Struct):
    data: list[_Row]


async def embeddings(service: Service, texts: Sequence[str]) -> list[list[float]]:
    """One vector a text, in order. Raises ModelError."""
    if not texts:
        return []
    body = {"model": service.model, "input": list(texts), "encoding_format": "float"}
    try:
        answer = await service.ask(f"{service.url}/embeddings", body, _Answer)
    except ModelError as error:
        if error.status in (404, 405, 501):
            error.kind = "dead"
            error.fix = (
                "start the server for embeddings (vLLM: --runner pooling, llama.cpp: --embeddings) with a model "
                "that makes them"
            )
        raise
    rows = sorted(answer.data, key=lambda row: row.index)
    if len(rows) != len(texts):
        raise service.error(f"the server sent {len(rows)} embeddings for {len(texts)} texts", "malformed")
    return [row.embedding for row in rows]
