"""Examples: seeded, the same for all items, and never one that is weighed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.tasks import DataSource, FewShot, Item, draw_shots, load_items, load_shots


def items(texts: list[str], prefix: str = "") -> list[Item]:
    return [Item(f"{prefix}{n}", {"text": text, "label": "x"}, "x") for n, text in enumerate(texts)]


POOL = items([f"example {n}" for n in range(50)], "p")
WEIGHED = items([f"item {n}" for n in range(50)], "w")


def texts(found) -> list[str]:
    return [item.fields["text"] for item in found.items]


def test_a_seed_draws_the_same_and_another_seed_others() -> None:
    one = texts(draw_shots(POOL, WEIGHED, 8, 1))
    assert one == texts(draw_shots(POOL, WEIGHED, 8, 1))
    assert one == texts(draw_shots(POOL[::-1], WEIGHED, 8, 1))
    assert one != texts(draw_shots(POOL, WEIGHED, 8, 2))
    assert one[:4] == texts(draw_shots(POOL, WEIGHED, 4, 1))


def test_draws_are_even() -> None:
    counts = dict.fromkeys((f"example {n}" for n in range(50)), 0)
    for seed in range(2000):
        for text in texts(draw_shots(POOL, [], 5, seed, fields=("text",))):
            counts[text] += 1
    assert all(130 < count < 275 for count in counts.values())  # 200 expected; 5 standard deviations are 67


@given(st.lists(st.sampled_from("abcdefgh"), max_size=8), st.integers(1, 4), st.integers())
def test_no_example_is_weighed(weighed: list[str], count: int, seed: int) -> None:
    pool = items([f"  {letter.upper()} \u200a" for letter in "abcdefgh"], "p")
    left = 8 - len(set(weighed))
    if left < count:
        with pytest.raises(UsageError, match=f"only {left} of 8"):
            draw_shots(pool, items(weighed), count, seed, fields=("text",))
        return
    found = texts(draw_shots(pool, items(weighed), count, seed, fields=("text",)))
    assert len(found) == count
    assert not {text.strip().lower() for text in found} & set(weighed)


def test_another_label_does_not_make_another_item() -> None:
    pool = [Item("p", {"text": "a", "label": "y"}, "y"), Item("q", {"text": "b", "label": "y"}, "y")]
    drawn = draw_shots(pool, items(["A"]), 1, fields=("text",))
    assert texts(drawn) == ["b"]
    assert "1 examples were left out" in drawn.notes[0]


def test_an_id_that_is_weighed_is_left_out_too() -> None:
    pool = [Item("0", {"text": "rephrased"}, "x"), Item("z", {"text": "new"}, "x")]
    assert texts(draw_shots(pool, items(["a"]), 1, fields=("text",))) == ["new"]
    with pytest.raises(UsageError, match="1 share an id") as caught:
        draw_shots(pool, items(["a"]), 2, fields=("text",))
    assert "@row" in (caught.value.fix or "")
    assert len(draw_shots(pool, items(["a"]), 2, fields=("text",), by_id=False).items) == 2


def test_the_same_example_is_not_shown_twice() -> None:
    with pytest.raises(UsageError, match="only 1 of 3"):
        draw_shots(items(["a", "A ", "a"], "p"), [], 2, fields=("text",))


def test_balanced() -> None:
    pool = [Item(f"p{n}", {"text": f"t{n}"}, "rare" if n == 7 else "common") for n in range(40)]
    found = [item.reference for item in draw_shots(pool, [], 4, 3, balanced=True).items]
    assert found.count("rare") == 1
    assert len(found) == 4


def written(path: Path, rows: list[dict]) -> str:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def test_from_a_file_with_the_tasks_columns(tmp_path: Path) -> None:
    data = [{"text": f"item {n}", "team": "a", "label": "b"} for n in range(5)]
    weighed = load_items(DataSource(written(tmp_path / "items.jsonl", data), reference="team"))
    pool = [*data, {"text": "new", "team": "c", "label": "d"}, {"text": "no reference", "team": None, "label": "e"}]
    few = FewShot(DataSource(written(tmp_path / "examples.jsonl", pool)), count=1)
    drawn = load_shots(few, weighed)
    assert [(item.fields["text"], item.reference) for item in drawn.items] == [("new", "c")]
    with pytest.raises(UsageError, match="separate file") as caught:
        load_shots(FewShot(DataSource(str(tmp_path / "items.jsonl")), count=1), weighed)
    assert caught.value.where == str(tmp_path / "items.jsonl")
    with pytest.raises(UsageError, match="no column 'team'"):
        load_shots(
            FewShot(DataSource(written(tmp_path / "other.jsonl", [{"text": "a", "label": "b"}])), count=1), weighed
        )
