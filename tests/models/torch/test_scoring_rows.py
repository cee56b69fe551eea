"""Trees and plans: a sequence sees what it would see alone, and each token that is scored is scored once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.models.local.torch.scoring.encode import Piece, windows
from weighbridge.models.local.torch.scoring.plan import Shape, Stem, batches, leaves, plan
from weighbridge.models.local.torch.scoring.shelf import Shelf
from weighbridge.models.local.torch.scoring.tree import Row, chain, grown

few = st.integers(0, 2)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """Sequences over three tokens, so that beginnings are often shared; some share a long one."""
    long = tuple(draw(st.lists(few, min_size=40, max_size=60)))
    made = []
    for _ in range(draw(st.integers(1, 8))):
        tokens = (long if draw(st.booleans()) else ()) + tuple(draw(st.lists(few, min_size=2, max_size=12)))
        made.append(Piece(tokens, draw(st.integers(1, min(8, len(tokens) - 1)))))
    return list(dict.fromkeys(made))


def check_row(row: Row, beginning: tuple[int, ...], by_owner: dict[int, Piece], found: dict[int, list[int]]) -> None:
    """Follow each scored place back: what it sees must be its own sequence and nothing else."""
    seen = row.mask()
    assert seen[:, : row.depth].all()
    for node, target, owner in zip(row.nodes, row.targets, row.owners, strict=True):
        path = np.flatnonzero(seen[node, row.depth :])
        tokens = [*beginning, *row.tokens[path]]
        assert list(row.positions[path]) == list(range(row.depth, row.depth + len(path)))
        piece = by_owner[int(owner)]
        place = len(piece.tokens) - piece.scored + len(found.setdefault(int(owner), []))
        assert tuple(tokens) == piece.tokens[:place]
        assert target == piece.tokens[place]
        found[int(owner)].append(int(target))


def check_stem(stem: Stem, by_owner: dict[int, Piece], found: dict[int, list[int]]) -> None:
    for row in stem.rows:
        check_row(row, tuple(stem.tokens), by_owner, found)
    for below in stem.stems:
        assert tuple(below.tokens[: below.start]) == tuple(stem.tokens)
        check_stem(below, by_owner, found)


@settings(max_examples=150, deadline=None)
@given(
    pieces(),
    st.sampled_from([Shape(0), Shape(4, 8), Shape(16), Shape(256)]),
    st.lists(few, min_size=32, max_size=50) | st.none(),
)
def test_a_plan_scores_every_token_once_in_its_own_context(made: list[Piece], shape: Shape, kept) -> None:
    known = [] if kept is None else [np.array(kept), np.array(made[0].tokens)]
    found: dict[int, list[int]] = {}
    check_stem(plan(leaves(made), shape, known), dict(enumerate(made)), found)
    assert {owner: len(targets) for owner, targets in found.items()} == {
        number: piece.scored for number, piece in enumerate(made)
    }


def test_what_begins_alike_is_there_once() -> None:
    context = tuple(range(100))
    items = [Piece((*context, 200 + n, 7, 8), 3) for n in range(4)]
    (row,) = plan(leaves(items), Shape(256)).rows
    assert (row.size, row.stem) == (100 + 4 * 2, 100)
    one_token_each = [Piece((*context, 200 + n), 1) for n in range(4)]
    (row,) = plan(leaves(one_token_each), Shape(256)).rows
    assert row.size == 100
    assert set(row.nodes) == {99}


def test_a_few_shot_prefix_is_a_stem_and_a_passage_below_it_another() -> None:
    shots, passage = tuple(range(300)), tuple(range(1000, 1200))
    asked = [(*shots, *passage, *range(5000 + 100 * n, 5060 + 100 * n)) for n in range(8)]
    asked += [(*shots, *range(2000 + 100 * n, 2060 + 100 * n)) for n in range(8)]
    root = plan(leaves([Piece(tokens, 2) for tokens in asked]), Shape(256))
    (few_shot,) = root.stems
    assert (root.rows, few_shot.depth) == ([], 300)
    assert [stem.depth for stem in few_shot.stems] == [500]
    computed = sum(stem.depth - stem.start + sum(row.size for row in stem.rows) for stem in root.walk())
    assert computed == 300 + 200 + 16 * 59


def test_a_kept_beginning_is_used_as_far_as_it_is_shared() -> None:
    shots = np.arange(300)
    item = Piece((*range(280), *range(900, 950)), 3)
    root = plan(leaves([item]), Shape(256), [shots])
    (stem,) = root.stems
    assert (stem.depth, [row.size for row in stem.rows]) == (280, [49])
    far = Piece((*range(100), *range(900, 950)), 3)
    assert plan(leaves([far]), Shape(256), [shots]).stems == []


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.integers(20, 100), st.booleans())
def test_batches_keep_to_the_budget(sizes: list[int], tokens: int, padded: bool) -> None:
    rows = [chain(np.arange(size), 0) for size in sizes]
    made = list(batches(rows, tokens, 4, padded))
    assert sorted(row.size for batch in made for row in batch) == sorted(sizes)
    for batch in made:
        held = batch[0].size * len(batch) if padded else sum(row.size for row in batch)
        assert len(batch) == 1 or (held <= tokens and len(batch) <= 4)


@given(st.integers(1, 100), st.integers(1, 12))
def test_windows_score_each_token_once_and_none_is_too_long(length: int, size: int) -> None:
    made = list(windows([-1], range(length), size))
    assert [token for piece in made for token in piece.tokens[-piece.scored :]] == list(range(length))
    assert all(len(piece.tokens) <= size + 1 for piece in made)


def test_a_row_hides_what_lies_beyond_the_window() -> None:
    row = grown(leaves([Piece(tuple(range(10)), 1), Piece((*range(9), 99, 98), 2)]), 0)
    for place, sees in zip(row.positions, row.mask(4), strict=True):
        assert [int(row.positions[other]) for other in np.flatnonzero(sees)] == list(
            range(max(0, place - 3), place + 1)
        )


def test_a_shelf_holds_the_latest_and_gives_up_what_is_too_large() -> None:
    shelf: Shelf[str] = Shelf(places=2, most_bytes=100)
    for name, start in (("a", 0), ("b", 100), ("c", 200)):
        shelf.put(np.arange(start, start + 10), name, 50)
    shelf.put(np.arange(300, 310), "d", 101)
    assert [int(tokens[0]) for tokens in shelf.tokens()] == [200, 100]
    assert shelf.find(np.arange(100, 105)) == "b"
    assert shelf.find(np.arange(100, 120)) is None
    assert [int(tokens[0]) for tokens in shelf.tokens()] == [100, 200]
