"""Ballots, votes and the table they become."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.api import compare_scores
from weighbridge.errors import UsageError
from weighbridge.judge.answers import Answers, read_labels
from weighbridge.rate.ballots import Ballot, ballots, equals
from weighbridge.rate.preferences import preference_table
from weighbridge.rate.session import Session
from weighbridge.rate.votes import VOTES, VoteFile


def answers(items: int = 40, models: tuple[str, ...] = ("open-7b", "closed-xl")) -> Answers:
    names = tuple(f"q{number}" for number in range(items))
    texts = {(model, item): f"{item} by hand {place}" for place, model in enumerate(models) for item in names}
    return Answers("made", names, models, texts, {item: f"What of {item}?" for item in names})


def test_sides_and_order_are_chances_and_stay() -> None:
    made = ballots(answers(), None, 3)
    assert made == ballots(answers(), None, 3)
    assert [one.item for one in made] != [f"q{number}" for number in range(40)]
    assert 10 < sum(one.left == "open-7b" for one in made) < 30
    other = ballots(answers(), None, 4)
    assert {one.id for one in other} == {one.id for one in made}
    assert other != made
    assert ballots(answers(), None, 3, most=7) == made[:7]
    assert len(ballots(answers(5, ("a", "b", "c")), None, 0)) == 15


def test_equal_answers_are_ties_without_a_vote(tmp_path: Path) -> None:
    given = answers(3)
    texts = {**given.texts, ("open-7b", "q1"): given.texts["closed-xl", "q1"]}
    given = Answers("made", given.items, given.models, texts, given.questions)
    shown, same = ballots(given, None, 0), equals(given, None)
    assert {one.item for one in shown} == {"q0", "q2"}
    assert same == [("q1", "open-7b", "closed-xl")]
    table = preference_table(given, shown, {shown[0].id: "bad"}, same)
    path = tmp_path / "p.csv"
    path.write_text(table)
    assert read_labels(path).scores["open-7b", "q1"] == 0.5
    assert read_labels(path).scores["open-7b", shown[0].item] == 0


def test_votes_survive_and_the_table_decides(tmp_path: Path) -> None:
    given = answers()
    shown = ballots(given, None, 0)
    for half in (shown[:20], shown[20:]):
        session = Session(given, shown, VoteFile(tmp_path / "v.jsonl"), tmp_path / "p.csv")
        for ballot in half:
            assert session.state()["ballot"]["id"] == ballot.id
            assert session.vote(ballot.id, "left" if ballot.left == "open-7b" else "right")
    assert session.state() == {"done": 40, "total": 40, "undo": True, "ballot": None}
    decision = compare_scores(tmp_path / "p.csv")
    assert list(decision.verdict.candidates) == ["open-7b"]
    assert decision.pairs[0].win == 40


def test_what_the_page_gets_names_nobody() -> None:
    given = answers()
    session = Session(given, ballots(given, None, 0), VoteFile(Path("none")), Path("none"))
    told = json.dumps(session.state())
    assert "open-7b" not in told
    assert "closed-xl" not in told


def test_undo_takes_back_one_after_the_other(tmp_path: Path) -> None:
    given = answers(3)
    shown = ballots(given, None, 0)
    session = Session(given, shown, VoteFile(tmp_path / "v.jsonl"), tmp_path / "p.csv")
    for ballot in shown:
        session.vote(ballot.id, "tie")
    session.undo()
    assert session.state()["ballot"]["id"] == shown[2].id
    session.undo()
    again = VoteFile(tmp_path / "v.jsonl")
    assert again.votes == {shown[0].id: "tie"}
    assert again.last == shown[0].id
    assert not session.vote("unknown", "left")


@given(cut=st.integers(0, 400))
def test_a_crash_loses_no_whole_vote(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("votes") / "v.jsonl"
    kept = VoteFile(path)
    made = [Ballot(f"b{number}", f"i{number}", "a", "b") for number in range(3)]
    for ballot, vote in zip(made, VOTES, strict=False):
        kept.cast(ballot, vote)
    whole = path.read_bytes()
    cut = min(cut, len(whole))
    path.write_bytes(whole[:cut])
    after = VoteFile(path)
    complete = whole[:cut].count(b"\n")
    assert complete <= len(after.votes) <= complete + 1
    after.cast(Ballot("new", "i", "a", "b"), "bad")
    assert VoteFile(path).votes == {**after.votes, "new": "bad"}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"ballot": "x", "vote": "left"}\n{"some": "thing"}\n')
    with pytest.raises(UsageError, match="no vote") as told:
        VoteFile(path)
    assert told.value.where == f"{path}:2"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(UsageError, match="UTF-8"):
        VoteFile(path)


def test_nothing_to_compare_is_told() -> None:
    with pytest.raises(UsageError, match="two models"):
        ballots(answers(3, ("alone",)), None, 0)
    lone = Answers("made", ("q",), ("a", "b"), {("a", "q"): "x"}, {"q": "?"})
    with pytest.raises(UsageError, match="nothing to compare"):
        ballots(lone, None, 0)
