"""Each sequence by itself through the model as transformers has it: what every faster way is checked against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.head import chosen
from weighbridge.models.local.torch.scoring.plan import Shape
from weighbridge.models.local.torch.scoring.tally import Tally
from weighbridge.models.local.torch.scoring.tree import Ints

LOGIT_BYTES = 1 << 27
"""Most bytes of logits of one batch; the model gives them for every token."""


class Naive:
    """The method ``naive``: right-padded batches of whole sequences, longest first."""

    name = "naive"

    def __init__(self, loaded: Loaded, limits: Limits) -> None:
        self._loaded, self._limits = loaded, limits

    def run(self, pieces: list[Piece], _shape: Shape | None = None, /) -> Tally:
        import torch

        tally = Tally(len(pieces))
        with torch.inference_mode():
            for batch in self._batches(pieces):
                self._batch(pieces, batch, tally)
        return tally

    def _batches(self, pieces: Sequence[Piece]) -> Iterator[list[int]]:
        vocabulary = getattr(self._loaded.config, "vocab_size", 1)
        tokens = min(self._limits.tokens, max(1, LOGIT_BYTES // (4 * vocabulary)))
        batch: list[int] = []
        for number in sorted(range(len(pieces)), key=lambda number: -_length(pieces[number])):
            full = batch and _length(pieces[batch[0]]) * (len(batch) + 1) > tokens
            if batch and (full or len(batch) >= self._limits.rows):
                yield batch
                batch = []
            batch.append(number)
        if batch:
            yield batch

    def _batch(self, pieces: Sequence[Piece], batch: Sequence[int], tally: Tally) -> None:
        import torch

        device = self._loaded.device
        if self._loaded.kind == "seq2seq":
            sources = [pieces[number].source or () for number in batch]
            start = self._loaded.model.config.decoder_start_token_id
            reads, seen = padded(sources), padded([(1,) * len(source) for source in sources])
            starts = padded([(start, *pieces[number].tokens[:-1]) for number in batch])
            logits = self._loaded.model(
                input_ids=torch.from_numpy(reads).to(device),
                attention_mask=torch.from_numpy(seen).to(device),
                decoder_input_ids=torch.from_numpy(starts).to(device),
            ).logits
        else:
            inputs = padded([pieces[number].tokens[:-1] for number in batch])
            logits = self._loaded.model(input_ids=torch.from_numpy(inputs).to(device)).logits
        for row, number in enumerate(batch):
            piece = pieces[number]
            end = len(piece.tokens) - (self._loaded.kind != "seq2seq")
            targets = torch.tensor(piece.tokens[-piece.scored :], device=device)
            places = torch.arange(piece.scored, device=device)
            found, greedy = chosen(logits[row, end - piece.scored : end], places, targets)
            tally.add(np.full(piece.scored, number), found, greedy)


def padded(rows: Sequence[Sequence[int] | Ints]) -> Ints:
    """(rows, longest), filled with 0 on the right; a model that looks back never sees the filling."""
    whole = np.zeros((len(rows), max(len(row) for row in rows)), dtype=np.int64)
    for number, row in enumerate(rows):
        whole[number, : len(row)] = row
    return whole


def _length(piece: Piece) -> int:
    return max(len(piece.tokens), len(piece.source or ()))
