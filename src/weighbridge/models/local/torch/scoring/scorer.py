"""Scores given continuations with one loaded model."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.evidence import Scored
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.check import difference, method_for
from weighbridge.models.local.torch.scoring.encode import Encoder, Piece
from weighbridge.models.local.torch.scoring.model_rows import window_of
from weighbridge.models.local.torch.scoring.naive import Naive
from weighbridge.models.local.torch.scoring.tally import Method


class Scorer:
    """Finds, when it is made, the fastest method that agrees with the model itself on a probe, and uses that.

    Raises ValueError for a model that scores no continuations (`Loaded.kind` other than causal and seq2seq).
    """

    def __init__(self, loaded: Loaded, limits: Limits | None = None) -> None:
        if loaded.kind not in ("causal", "seq2seq"):
            raise ValueError(f"a {loaded.kind} model scores no continuations this way")
        limits = limits or Limits()
        self._loaded = loaded
        self._encoder = Encoder(loaded)
        self._naive = Naive(loaded, limits)
        self._method, self._reason = method_for(loaded, limits, self._naive)
        self._window = None if isinstance(self._method, Naive) else window_of(loaded.config)
        self._long: Method | None = None
        """What scores sequences longer than the window, once that was tried."""

    @property
    def method(self) -> str:
        """``packed``, ``cached prefix``, ``encode once`` or ``naive``, and in brackets why nothing faster."""
        return f"{self._method.name} ({self._reason})" if self._reason else self._method.name

    def score(self, pairs: Sequence[tuple[str, str]], add_special: bool = True) -> list[Scored]:
        """Each (context, continuation), in order.

        `add_special`: the tokenizer adds its special tokens to the context, unless that begins with them; false where
        a chat template has written them.
        """
        encoded = self._encoder.pairs(pairs, add_special)
        return self._scored([continuation for _, continuation in pairs], encoded)

    def rolling(self, texts: Sequence[str], add_special: bool = True) -> list[Scored]:
        """Whole texts, each token once, in windows as long as the model takes (lm-eval's perplexity tasks)."""
        return self._scored(texts, [self._encoder.whole(text, add_special) for text in texts])

    def _scored(self, texts: Sequence[str], encoded: Sequence[Sequence[Piece]]) -> list[Scored]:
        numbers: dict[Piece, int] = {}
        for group in encoded:
            for piece in group:
                numbers.setdefault(piece, len(numbers))
        found = self._found(list(numbers))
        scored = []
        for text, group in zip(texts, encoded, strict=True):
            parts = [found[numbers[piece]] for piece in group]
            logprob = sum(part[0] for part in parts)
            tokens = sum(piece.scored for piece in group)
            scored.append(Scored(text, logprob, tokens, all(part[1] for part in parts)))
        return scored

    def _found(self, pieces: list[Piece]) -> list[tuple[float, bool]]:
        found: list[tuple[float, bool]] = [(0.0, True)] * len(pieces)
        for method, group in self._split(pieces):
            tally = method.run([pieces[number] for number in group])
            for number, logprob, greedy in zip(group, tally.logprobs, tally.greedy, strict=True):
                found[number] = float(logprob), bool(greedy)
        return found

    def _split(self, pieces: Sequence[Piece]) -> list[tuple[Method, list[int]]]:
        """Which method scores which pieces. The probe was short: the first long ones are tried."""
        everything = list(range(len(pieces)))
        window = self._window
        beyond = [] if window is None else [n for n in everything if len(pieces[n].tokens) > window + 1]
        if not beyond:
            return [(self._method, everything)] if everything else []
        if self._long is None:
            shortest = sorted(beyond, key=lambda number: len(pieces[number].tokens))[:2]
            away = difference(self._method, self._naive, [pieces[number] for number in shortest], self._loaded)
            self._long = self._method if away is None else self._naive
            if away is not None:
                self._reason += f"; naive beyond its window of {window}: differs by {away:.2g}"
        if self._long is self._method:
            return [(self._method, everything)]
        inside = sorted(set(everything) - set(beyond))
        return [(self._method, inside), (self._long, beyond)] if inside else [(self._long, beyond)]
