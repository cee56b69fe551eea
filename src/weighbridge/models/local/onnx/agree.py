"""How far an exported model is from its source: the graphs beside transformers on the same texts, in this process.

The graphs are run by the same code that later answers with them (`runner`), so that positions, masks, padding and
caches are part of what is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weighbridge.models.local.onnx.manifest import Agreement
from weighbridge.models.local.onnx.runner import Graphs, begin, log_softmax, nothing_yet, padded
from weighbridge.models.local.torch.encode_pooling import pooling_of
from weighbridge.models.local.torch.loaded import Loaded

if TYPE_CHECKING:
    import numpy as np

LOGITS = 1e-3
"""Most that a float32 export may differ from its source in any logit."""
STEPS = 12
"""Tokens generated in the comparison."""
_LONGEST_WINDOW = 1100

TEXTS = (
    "No",
    "The capital of France is",
    "Question: which of these is a prime number? (A) 21 (B) 33 (C) 37 (D) 49\nAnswer:",
    "Once upon a time there was a little girl who lived at the edge of a large forest with her grandmother, and every"
    " morning she went to the well to fetch water. One day",
    "def area(width, height):\n    return width * height\n\nprint(area(3, 4))",
    "Ein Satz auf Deutsch, une phrase en français, 日本語の文, and a number: 1,234.56.",
)


def measured(loaded: Loaded, graphs: Graphs) -> Agreement:
    """Compare on `TEXTS` and, where the model looks through a window, on a text longer than that."""
    texts = [_cut(loaded, loaded.tokenizer(text)["input_ids"]) or [0] for text in TEXTS]
    window = graphs.manifest.sliding
    if window is not None and window + 16 < min(loaded.context or _LONGEST_WINDOW, _LONGEST_WINDOW):
        texts.append((texts[3] * (1 + (window + 16) // len(texts[3])))[: window + 16])
    if loaded.kind in ("causal", "seq2seq"):
        return _generating(loaded, graphs, texts)
    return _reading(loaded, graphs, texts)


def refused(agreement: Agreement) -> str | None:
    """Why a float32 export with this agreement must not be used; None where it may."""
    if not agreement.logits <= LOGITS:
        return f"its logits differ from the source by up to {agreement.logits:.3g}; at most {LOGITS:g} is allowed"
    if agreement.greedy_equal is not None and agreement.greedy_equal < agreement.prompts:
        return f"its likeliest answers equal the source's on {agreement.greedy_equal} of {agreement.prompts} prompts"
    return None


def told(agreement: Agreement) -> str:
    """`agreement` in one line."""
    parts = [f"largest difference {agreement.logits:.2g} over {agreement.prompts} texts"]
    if agreement.greedy_equal is not None:
        parts.append(
            f"the same {agreement.greedy_tokens} likeliest tokens on {agreement.greedy_equal} of {agreement.prompts}"
        )
    if agreement.loglikelihood is not None:
        parts.append(f"log-likelihoods within {agreement.loglikelihood:.2g}")
    return "; ".join(parts)


def _cut(loaded: Loaded, tokens: Sequence[int]) -> list[int]:
    most = (loaded.context or 10**9) - STEPS
    return list(tokens[: max(most, 1)])


def _generating(loaded: Loaded, graphs: Graphs, texts: list[list[int]]) -> Agreement:
    import numpy as np

    greedy = [_source_greedy(loaded, text) for text in texts]
    worst, equal, likelihood = 0.0, 0, 0.0
    if graphs.manifest.cached:
        tokens, logits = _greedy(graphs, texts)
        for row, (theirs, steps) in enumerate(greedy):
            equal += theirs == tokens[row]
            # After the first token that differs the two read different texts.
            same = next(
                (at for at, pair in enumerate(zip(theirs, tokens[row], strict=True)) if len(set(pair)) > 1), STEPS - 1
            )
            worst = max(worst, float(np.abs(logits[row][: same + 1] - steps[: same + 1]).max()))
    for text, (theirs, steps) in zip(texts, greedy, strict=True):
        ours = _places(graphs, text, theirs)
        after = log_softmax(ours[-STEPS:])[np.arange(STEPS), theirs]
        before = log_softmax(steps)[np.arange(STEPS), theirs]
        likelihood = max(likelihood, abs(float(after.sum() - before.sum())))
        worst = max(worst, float(np.abs(ours[-STEPS:] - steps).max()))
        if graphs.manifest.kind == "causal":
            worst = max(worst, float(np.abs(ours - _source(loaded, text, theirs)).max()))
    if not graphs.manifest.cached:
        return Agreement(len(texts), worst, loglikelihood=likelihood)
    return Agreement(len(texts), worst, equal, STEPS, likelihood)


def _greedy(graphs: Graphs, texts: list[list[int]]) -> tuple[list[list[int]], np.ndarray]:
    """Likeliest tokens of all texts in one batch, and the logits they were taken from: ``[texts, steps, ...]``."""
    import numpy as np

    rows, logits = begin(graphs, texts)
    found, kept = [], []
    for _ in range(STEPS):
        kept.append(logits)
        tokens = logits.argmax(-1)
        found.append(tokens)
        logits = rows.step(tokens[:, None], np.ones((len(texts), 1), np.int64), np.arange(len(texts)))
    return np.stack(found, 1).tolist(), np.stack(kept, 1)


def _places(graphs: Graphs, text: list[int], answer: list[int]) -> np.ndarray:
    """Logits at every place of `text` and `answer`, read in one step (with an encoder: of the answer alone)."""
    import numpy as np

    if graphs.encoder is not None:
        rows, first = begin(graphs, [text])
        tokens = np.asarray([answer[:-1]])
        rest = rows.step(tokens, np.ones_like(tokens), np.arange(tokens.shape[1]))
        return np.concatenate([first, rest])
    tokens = np.asarray([text + answer[:-1]])
    rows = nothing_yet(graphs, 1)
    return rows.step(tokens, np.ones_like(tokens), np.arange(tokens.shape[1]))


def _source_greedy(loaded: Loaded, text: list[int]) -> tuple[list[int], np.ndarray]:
    """Likeliest tokens by transformers with its own cache, and their logits."""
    import numpy as np
    import torch

    found: list[int] = []
    logits = []
    fixed: dict[str, Any] = {}
    ids = torch.tensor([text])
    with torch.inference_mode():
        if loaded.kind == "seq2seq":
            fixed["encoder_outputs"] = loaded.model.get_encoder()(input_ids=ids)
            fixed["attention_mask"] = torch.ones_like(ids)
            ids = torch.tensor([[loaded.model.config.decoder_start_token_id or 0]])
        name = "decoder_input_ids" if fixed else "input_ids"
        past = None
        for _ in range(STEPS):
            out = loaded.model(**{name: ids}, past_key_values=past, use_cache=True, **fixed)
            past = out.past_key_values
            logits.append(out.logits[0, -1].float().numpy())
            found.append(int(logits[-1].argmax()))
            ids = torch.tensor([[found[-1]]])
    return found, np.stack(logits)


def _source(loaded: Loaded, text: list[int], answer: list[int]) -> np.ndarray:
    import torch

    with torch.inference_mode():
        out = loaded.model(input_ids=torch.tensor([text + answer[:-1]]), use_cache=False)
    found: np.ndarray = out.logits[0].float().numpy()
    return found


def _reading(loaded: Loaded, graphs: Graphs, texts: list[list[int]]) -> Agreement:
    import numpy as np
    import torch

    pooling = pooling_of(loaded) if loaded.kind == "encoder" else None
    worst = 0.0
    for group in (texts[:1], texts[1:4], texts):
        tokens, mask = padded(group, graphs.manifest.pad, left=False)
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        if loaded.kind == "masked":
            feed["rows"] = np.flatnonzero(mask)
        ours = graphs.model.run(feed)[0].numpy()
        read = torch.from_numpy(mask)
        with torch.inference_mode():
            out = loaded.model(input_ids=torch.from_numpy(tokens), attention_mask=read)
            if pooling is not None:
                theirs = pooling.pooled(out.last_hidden_state.float(), read).numpy()
            else:
                theirs = out.logits.float().numpy()
        if loaded.kind == "masked":
            theirs = theirs.reshape(-1, theirs.shape[-1])[feed["rows"]]
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return Agreement(len(texts), worst)
