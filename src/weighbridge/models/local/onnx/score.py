"""The log-probability of given continuations: each context is read once, and its continuations from there.

Contexts and continuations are split as lm-evaluation-harness splits them, by the same code as for transformers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from weighbridge.evidence import Scored
from weighbridge.models.local.onnx.runner import Graphs, Rows, begin, log_softmax, nothing_yet, padded
from weighbridge.models.local.onnx.text import Text
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.scoring.encode import Encoder, Piece

if TYPE_CHECKING:
    import numpy as np

_LOGITS = 64 * 2**20
"""Most bytes of logits taken from a graph at once; a vocabulary is large."""
_SHARED = 24
"""Tokens that all contexts must begin with before it pays to read them once and copy the cache."""

Found = tuple[float, bool]
"""Log-probability, and whether every token was the likeliest."""


class Scorer:
    """Scores with one exported decoder."""

    def __init__(self, graphs: Graphs, text: Text, limits: Limits) -> None:
        self._graphs = graphs
        self._encoder = Encoder(text.as_loaded())
        self._limits = limits
        self._vocabulary = graphs.manifest.vocabulary

    @property
    def method(self) -> str:
        """``encode once``, ``cached prefix``, or ``naive`` for a graph without a cache."""
        if self._graphs.encoder is not None:
            return "encode once"
        return "cached prefix" if self._graphs.manifest.cached else "naive (exported without a cache)"

    def score(self, pairs: Sequence[tuple[str, str]], add_special: bool) -> list[Scored]:
        """Each (context, continuation), in order; `add_special` false where contexts hold their special tokens."""
        encoded = self._encoder.pairs(pairs, add_special)
        pieces = list(dict.fromkeys(piece for group in encoded for piece in group))
        found = self._found(pieces)
        scored = []
        for (_, text), group in zip(pairs, encoded, strict=True):
            parts = [found[piece] for piece in group]
            logprob = sum((part[0] for part in parts), 0.0)
            scored.append(Scored(text, logprob, sum(piece.scored for piece in group), all(part[1] for part in parts)))
        return scored

    def _found(self, pieces: Sequence[Piece]) -> dict[Piece, Found]:
        found: dict[Piece, Found] = {}
        if self._graphs.manifest.cached:
            contexts: dict[tuple[int, ...], list[Piece]] = {}
            for piece in pieces:
                contexts.setdefault(_context(piece), []).append(piece)
            for batch in self._batches(contexts):
                self._cached(batch, contexts, found)
        else:
            rows: dict[tuple[int, ...], list[Piece]] = {}
            for piece in pieces:
                rows.setdefault(piece.tokens[:-1], []).append(piece)
            for batch in self._batches(rows):
                self._naive(batch, rows, found)
        return found

    def _batches(self, groups: dict[tuple[int, ...], list[Piece]]) -> Iterator[list[tuple[int, ...]]]:
        """Contexts of like length together, as many as the limits allow, continuations counted in."""
        batch: list[tuple[int, ...]] = []
        rows = wide = 0
        most = max(1, _LOGITS // (4 * self._vocabulary))
        for context in sorted(groups, key=lambda one: (-len(one), one)):
            longest = max(piece.scored for piece in groups[context])
            rows += len(groups[context])
            wide = max(wide, len(context) + longest)
            if batch and (rows * wide > self._limits.tokens or len(batch) >= min(most, 4 * self._limits.rows)):
                yield batch
                batch, rows, wide = [], len(groups[context]), len(context) + longest
            batch.append(context)
        if batch:
            yield batch

    def _cached(
        self,
        batch: list[tuple[int, ...]],
        contexts: dict[tuple[int, ...], list[Piece]],
        found: dict[Piece, Found],
    ) -> None:
        import numpy as np

        rows, logits = self._begin(batch)
        first = log_softmax(logits)
        longer: list[tuple[int, Piece]] = []
        for at, context in enumerate(batch):
            likeliest = int(first[at].argmax())
            for piece in contexts[context]:
                token = _target(piece)[0]
                found[piece] = float(first[at, token]), likeliest == token
                if piece.scored > 1:
                    longer.append((at, piece))
        if not longer:
            return
        past, cross, mask, source = rows.past, rows.cross, rows.mask, rows.source
        for part in self._parts(longer, rows.mask.shape[1]):
            rows.past, rows.cross, rows.mask, rows.source = past, cross, mask, source
            rows.keep([at for at, _ in part])
            texts = [_target(piece)[:-1] for _, piece in part]
            tokens, present = padded(texts, self._graphs.manifest.pad, left=False)
            places = np.flatnonzero(present)
            after = log_softmax(rows.step(tokens, present, places))
            wanted = np.array([token for _, piece in part for token in _target(piece)[1:]])
            chances = after[np.arange(len(wanted)), wanted]
            best = after.argmax(-1) == wanted
            at = 0
            for _, piece in part:
                here = slice(at, at + piece.scored - 1)
                logprob, greedy = found[piece]
                found[piece] = logprob + float(chances[here].sum(dtype=np.float64)), greedy and bool(best[here].all())
                at = here.stop

    def _begin(self, batch: list[tuple[int, ...]]) -> tuple[Rows, np.ndarray]:
        """The contexts read; what all of them begin with is read once, where it is long."""
        import numpy as np

        manifest = self._graphs.manifest
        shared = _shared(batch)
        # Padding in the middle of a row would move a sliding window.
        if len(batch) == 1 or shared < _SHARED or manifest.kind != "causal" or manifest.sliding is not None:
            return begin(self._graphs, batch)
        rows, _ = begin(self._graphs, [batch[0][:shared]])
        rows.keep([0] * len(batch))
        tokens, present = padded([context[shared:] for context in batch], manifest.pad, left=True)
        wide = tokens.shape[1]
        return rows, rows.step(tokens, present, (np.arange(len(batch)) + 1) * wide - 1)

    def _parts(self, longer: list[tuple[int, Piece]], wide: int) -> Iterator[list[tuple[int, Piece]]]:
        """Continuations, as many as the limits allow at once."""
        most = max(1, _LOGITS // (4 * self._vocabulary))
        part: list[tuple[int, Piece]] = []
        for one in sorted(longer, key=lambda pair: pair[1].scored):
            length = one[1].scored
            if part and (
                (len(part) + 1) * (wide + length) > 2 * self._limits.tokens or (len(part) + 1) * length > most
            ):
                yield part
                part = []
            part.append(one)
        if part:
            yield part

    def _naive(
        self, batch: list[tuple[int, ...]], rows: dict[tuple[int, ...], list[Piece]], found: dict[Piece, Found]
    ) -> None:
        import numpy as np

        tokens, present = padded(batch, self._graphs.manifest.pad, left=True)
        wide = tokens.shape[1]
        longest = [max(piece.scored for piece in rows[row]) for row in batch]
        places = np.concatenate(
            [np.arange((at + 1) * wide - many, (at + 1) * wide) for at, many in enumerate(longest)]
        )
        after = log_softmax(nothing_yet(self._graphs, len(batch)).step(tokens, present, places))
        end = 0
        for row, many in zip(batch, longest, strict=True):
            end += many
            for piece in rows[row]:
                part = after[end - piece.scored : end]
                wanted = np.array(_target(piece))
                chances = part[np.arange(piece.scored), wanted]
                found[piece] = float(chances.sum(dtype=np.float64)), bool((part.argmax(-1) == wanted).all())


def _context(piece: Piece) -> tuple[int, ...]:
    return piece.tokens[: -piece.scored] if piece.source is None else piece.source


def _target(piece: Piece) -> tuple[int, ...]:
    return piece.tokens[-piece.scored :]


def _shared(contexts: Sequence[tuple[int, ...]]) -> int:
    """Tokens that all contexts begin with, leaving at least one to each."""
    first, last = min(contexts), max(contexts)
    most = min(len(context) for context in contexts) - 1
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), most)
    return max(0, min(same, most))
