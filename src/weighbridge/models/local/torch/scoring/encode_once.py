"""Encoder-decoder models: each context through the encoder once, and through the decoder's first step once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.head import chosen
from weighbridge.models.local.torch.scoring.naive import LOGIT_BYTES, padded
from weighbridge.models.local.torch.scoring.plan import Shape
from weighbridge.models.local.torch.scoring.tally import Tally

BATCH_TOKENS = 2048


class EncodeOnce:
    """The method ``encode once``.

    The decoder's first step makes the keys and values of its look at the context, and gives the distribution of every
    continuation's first token; the other tokens go through in one further pass that reuses both.
    """

    name = "encode once"

    def __init__(self, loaded: Loaded, limits: Limits) -> None:
        self._loaded, self._limits = loaded, limits
        self._tokens = min(limits.tokens, BATCH_TOKENS)
        self._start: int = loaded.model.config.decoder_start_token_id

    def run(self, pieces: list[Piece], _shape: Shape | None = None, /) -> Tally:
        import torch

        tally = Tally(len(pieces))
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, piece in enumerate(pieces):
            groups.setdefault(piece.source or (), []).append(number)
        with torch.inference_mode():
            for sources in self._batches(groups):
                self._batch(sources, [groups[source] for source in sources], pieces, tally)
        return tally

    def _batches(self, groups: dict[tuple[int, ...], list[int]]) -> Iterator[list[tuple[int, ...]]]:
        batch: list[tuple[int, ...]] = []
        held = 0
        for source in sorted(groups, key=lambda source: -len(source)):
            rows = len(groups[source])
            # Every continuation has its own copy of the keys and values of its context.
            size = max(len(batch[0]) if batch else 0, len(source)) * (held + rows)
            if batch and (size > 4 * self._tokens or len(batch[0]) * (len(batch) + 1) > self._tokens):
                yield batch
                batch, held = [], 0
            batch.append(source)
            held += rows
        if batch:
            yield batch

    def _batch(
        self, sources: Sequence[tuple[int, ...]], groups: Sequence[Sequence[int]], pieces: list[Piece], tally: Tally
    ) -> None:
        import torch
        from transformers import DynamicCache, EncoderDecoderCache

        model, device = self._loaded.model, self._loaded.device
        mask = torch.from_numpy(padded([(1,) * len(source) for source in sources])).to(device)
        read = torch.from_numpy(padded(sources)).to(device)
        states = model.get_encoder()(input_ids=read, attention_mask=mask)[0]
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        starts = torch.full((len(sources), 1), self._start, device=device)
        logits = self._step(states, mask, starts, cache)[:, 0]
        numbers = np.array([number for group in groups for number in group])
        owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        firsts = torch.tensor([pieces[number].tokens[0] for number in numbers], device=device)
        tally.add(numbers, *chosen(logits, torch.from_numpy(owners).to(device), firsts))
        longer = np.array([len(pieces[number].tokens) > 1 for number in numbers])
        numbers, owners = numbers[longer], owners[longer]
        vocabulary = logits.shape[-1]
        order = np.argsort([-len(pieces[number].tokens) for number in numbers], kind="stable")
        at = 0
        while at < len(order):
            longest = len(pieces[numbers[order[at]]].tokens)
            rows = max(1, min(len(order) - at, LOGIT_BYTES // (4 * vocabulary * longest)))
            part = order[at : at + rows]
            self._rest(states, mask, cache, numbers[part], owners[part], pieces, tally)
            at += rows

    def _rest(
        self, states: Any, mask: Any, cache: Any, numbers: Any, owners: Any, pieces: list[Piece], tally: Tally
    ) -> None:
        """The tokens after the first of some continuations."""
        import torch
        from transformers import DynamicCache, EncoderDecoderCache

        device = self._loaded.device
        of = torch.from_numpy(owners).to(device)
        own = DynamicCache([(each.keys[of], each.values[of]) for each in cache.self_attention_cache.layers])
        cross = DynamicCache([(each.keys[of], each.values[of]) for each in cache.cross_attention_cache.layers])
        inputs = torch.from_numpy(padded([pieces[number].tokens[:-1] for number in numbers])).to(device)
        logits = self._step(states[of], mask[of], inputs, EncoderDecoderCache(own, cross))
        lengths = [len(pieces[number].tokens) - 1 for number in numbers]
        width = logits.shape[1]
        places = np.concatenate([row * width + np.arange(length) for row, length in enumerate(lengths)])
        targets = np.concatenate([np.array(pieces[number].tokens[1:]) for number in numbers])
        found, greedy = chosen(
            logits.reshape(-1, logits.shape[-1]),
            torch.from_numpy(places).to(device),
            torch.from_numpy(targets).to(device),
        )
        tally.add(np.repeat(numbers, lengths), found, greedy)

    def _step(self, states: Any, mask: Any, inputs: Any, cache: Any) -> Any:
        return self._loaded.model(
            encoder_outputs=(states,),
            attention_mask=mask,
            decoder_input_ids=inputs,
            past_key_values=cache,
            use_cache=True,
        ).logits
