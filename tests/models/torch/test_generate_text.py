"""Text from tokens: whatever the tokens, pieces join to the whole; stop texts are found wherever pieces end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generating import loaded
from open_models import needs_torch
from weighbridge.models.local.torch.detokenise import Detokeniser, Stops

tokens = st.lists(st.integers(6, 319), min_size=1, max_size=40)


@pytest.mark.torch
@needs_torch
@settings(max_examples=150, deadline=None)
@given(tokens, tokens)
def test_pieces_join_to_what_the_tokenizer_writes(before: list[int], ids: list[int]) -> None:
    tokenizer = loaded("gpt2").tokenizer
    detokeniser = Detokeniser(tokenizer, before)
    pieces = [detokeniser.add(token) for token in ids]
    assert not any(piece.endswith("\ufffd") for piece in pieces)
    joined = "".join(pieces) + detokeniser.rest()
    window = before[-5:]
    whole = tokenizer.decode(window + ids, clean_up_tokenization_spaces=False)
    alone = tokenizer.decode(window, clean_up_tokenization_spaces=False)
    # Where the prompt's last token is half a character, what completes it is not told twice.
    if whole.startswith(alone) and not alone.endswith("\ufffd"):
        assert joined.rstrip("\ufffd") == whole[len(alone) :].rstrip("\ufffd")


@pytest.mark.torch
@needs_torch
@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_text_comes_back_from_its_tokens(text: str) -> None:
    tokenizer = loaded("gpt2").tokenizer
    ids = tokenizer(text, add_special_tokens=False).input_ids
    detokeniser = Detokeniser(tokenizer)
    pieces = "".join(detokeniser.add(token) for token in ids)
    assert (pieces + detokeniser.rest()).rstrip("\ufffd") == text.rstrip("\ufffd")


pieces = st.lists(st.text("abc", max_size=4), max_size=12)
stops = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=500, deadline=None)
@given(pieces, stops)
def test_a_stop_is_found_however_the_text_is_cut(pieces: list[str], stops: list[str]) -> None:
    finder = Stops(stops)
    told, read = "", ""
    for piece in pieces:
        told += finder.add(piece)
        read += piece
        assert read.startswith(told)
        if finder.found:
            break
    told += finder.rest()
    whole = "".join(pieces)
    ends = [whole.find(stop) for stop in stops if stop in whole]
    assert finder.found == bool(ends)
    assert finder.text == told
    if ends:
        # The first to be complete counts; what it is cut at is where the earliest of those begins.
        assert not any(stop in told for stop in stops)
        assert read.startswith(told)
        assert any(read[len(told) :].startswith(stop) for stop in stops)
    else:
        assert told == whole


def test_what_may_begin_a_stop_is_held_back() -> None:
    finder = Stops(["###"])
    assert [finder.add(piece) for piece in ("ab#", "#", "c", "##")] == ["ab", "", "##c", ""]
    assert finder.rest() == "##"
