"""Judges of known bias are found out, and a fair one is not accused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from weighbridge.api import compare_scores
from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Budget, Completion, Price
from weighbridge.judge.answers import Answers, read_answers
from weighbridge.judge.asking import CHOICES, RUBRIC, pair_item
from weighbridge.judge.judgement import Judgement, asked_of
from weighbridge.judge.judging import judge_now
from weighbridge.judge.table import judged_table
from weighbridge.models.protocol import Capabilities, Request
from weighbridge.models.specs import open_model
from weighbridge.store import open_store

HERE = Path(__file__).resolve().parent


def answers(items: int = 120, padding: int = 0, better: int = 1) -> Answers:
    """`new` beats `old` by `better` points on average; `padding` makes it longer, by chance more or less."""
    rng = random.Random(5)
    texts = {}
    for number in range(items):
        base = rng.randint(0, 8)
        texts["old", f"q{number}"] = f"quality={base} " + "word " * rng.randint(20, 40)
        mine = max(0, base + better + rng.randint(-3, 3))
        texts["new", f"q{number}"] = f"quality={mine} " + "word " * (
            rng.randint(20, 40) + padding * rng.randint(0, 3)
        )
    names = tuple(f"q{number}" for number in range(items))
    return Answers("made", names, ("new", "old"), texts, {name: f"What of {name}?" for name in names})


def judged(tmp_path: Path, name: str, given: Answers, *, against: str | None = "old", **more) -> Judgement:
    settings = {key: more.pop(key) for key in ("controls", "seed") if key in more}
    asked = asked_of(given, against, None, RUBRIC, **settings)
    model = open_model(f"python:judges.{name}", base_dir=HERE)
    with open_store(tmp_path / "answers.db") as store:
        return judge_now(asked, model, store, **more)


def test_a_fair_judge_is_not_accused(tmp_path: Path) -> None:
    found = judged(tmp_path, "fair", answers())
    assert found.findings == ()
    assert found.steadiness.flipped == 0
    assert found.standings[0].raw.value > 0.5
    assert [one.raw.value for one in found.controls] == [0.0, 0.0]


def test_both_orders_undo_a_taste_for_the_first_place_and_tell_of_it(tmp_path: Path) -> None:
    found = judged(tmp_path, "likes_the_first", answers(better=0))
    fair = judged(tmp_path, "fair", answers(better=0))
    assert found.steadiness.share > 0.5
    assert found.steadiness.first == found.steadiness.flipped
    assert any("favours the answer that stands first" in finding for finding in found.findings)
    low, high = found.standings[0].raw.interval
    assert low < fair.standings[0].raw.value < high


def test_noise_is_not_called_a_taste_for_a_place(tmp_path: Path) -> None:
    found = judged(tmp_path, "noisy", answers(better=0))
    assert found.steadiness.flipped > 10
    assert not any("favours" in finding for finding in found.findings)
    assert any("unsteady" in finding for finding in found.findings)


def test_a_taste_for_length_is_found_and_controlled(tmp_path: Path) -> None:
    found = judged(tmp_path, "likes_length", answers(padding=20, better=0))
    new = found.standings[0]
    assert new.raw.value > 0.7
    assert new.controlled.slope.interval[0] > 0
    assert new.controlled.rate.value < new.raw.value - 0.1
    assert any("go with length" in finding for finding in found.findings)
    assert any("can be gamed" in finding and "long and empty" in finding for finding in found.findings)


def test_no_rate_at_equal_length_where_no_answers_are_of_equal_length(tmp_path: Path) -> None:
    given = answers(60)
    texts = {cell: text + " and more" * 60 if cell[0] == "new" else text for cell, text in given.texts.items()}
    found = judged(tmp_path, "fair", Answers("made", given.items, given.models, texts, given.questions))
    assert found.standings[0].controlled is None
    assert [finding for finding in found.findings if "cannot be told" in finding]


def test_a_fixed_phrase_that_wins_is_found(tmp_path: Path) -> None:
    found = judged(tmp_path, "likes_praise", answers())
    assert any("can be gamed" in finding and "fixed phrase" in finding for finding in found.findings)


def test_words_without_a_verdict_count_as_ties_and_are_told(tmp_path: Path) -> None:
    found = judged(tmp_path, "mumbles", answers(40))
    assert found.standings[0].raw.value == 0.5
    assert found.standings[0].tie == 40
    assert any("could not be read" in finding for finding in found.findings)
    assert not any("gamed" in finding for finding in found.findings)
    with pytest.raises(WeighbridgeError, match="no rating of 'new' could be read"):
        judged(tmp_path, "mumbles", answers(40), against=None)


def test_pointwise(tmp_path: Path) -> None:
    found = judged(tmp_path, "rates", answers(), against=None)
    assert [one.model for one in found.graded] == ["new", "old"]
    assert found.findings == ()
    gamed = judged(tmp_path, "rates_length", answers(), against=None)
    assert any("can be gamed" in finding for finding in gamed.findings)
    assert gamed.graded[0].longer > 0.5


def test_a_brief_judge_is_asked_for_the_word_alone_and_held_to_it(tmp_path: Path) -> None:
    assert "one word alone" in pair_item("i", "q", "a", "b", None, RUBRIC, brief=True).fields["prompt"]
    assert "one word alone" not in pair_item("i", "q", "a", "b", None, RUBRIC).fields["prompt"]
    asked: list[tuple[str, ...] | None] = []

    class Held:
        spec, revision, engine, endpoint = "test:held", "", "test", "here://held"
        side, simulated, concurrency = "open", False, 4
        capabilities = Capabilities(choices=True)

        async def complete(self, request: Request) -> Completion:
            asked.append(request.choices)
            return Completion("A")

        async def close(self) -> None: ...

    with open_store(tmp_path / "held.db") as store:
        found = judge_now(asked_of(answers(10), "old", None, RUBRIC, brief=True), Held(), store)
        judge_now(asked_of(answers(10), "old", None, RUBRIC), Held(), store)
    assert set(asked[: found.replies.made]) == {CHOICES[True]}
    assert set(asked[found.replies.made :]) == {None}
    assert found.steadiness.share == 1
    assert any("favours the answer that stands first" in finding for finding in found.findings)


def test_replies_are_paid_once_and_counted(tmp_path: Path) -> None:
    price = Price(per_request=0.25)
    first = judged(tmp_path, "fair", answers(30), controls=0, price=price)
    again = judged(tmp_path, "fair", answers(30), controls=0, price=price)
    assert (first.replies.made, first.replies.from_store) == (60, 0)
    assert (again.replies.made, again.replies.from_store) == (0, 60)
    assert first.replies.spent == again.replies.spent == pytest.approx(15)
    assert again.replies.spent_now == 0
    assert again.scores == first.scores


def test_a_budget_leaves_whole_items(tmp_path: Path) -> None:
    found = judged(tmp_path, "fair", answers(60), controls=0, budget=Budget(calls=25))
    assert found.replies.stopped == "budget"
    assert found.items == 12
    assert any("48 items not judged" in note for note in found.notes)
    assert {item for _, item in found.scores} == {item for name, item in found.scores if name == "old"}
    with pytest.raises(WeighbridgeError, match="no item"):
        judged(tmp_path, "noisy", answers(60), controls=0, budget=Budget(calls=1))


def test_empty_answers_lose_without_a_call_and_equal_ones_tie(tmp_path: Path) -> None:
    given = answers(20)
    texts = dict(given.texts)
    texts["new", "q0"] = ""
    texts["new", "q1"] = texts["old", "q1"]
    found = judged(tmp_path, "fair", Answers("made", given.items, given.models, texts, given.questions), controls=0)
    assert found.scores["new", "q0"] == 0
    assert found.scores["new", "q1"] == 0.5
    assert found.replies.made == 36


def test_the_judged_table_is_evidence(tmp_path: Path) -> None:
    found = judged(tmp_path, "fair", answers())
    path = tmp_path / "judged.csv"
    path.write_text(judged_table(found, answers()))
    decision = compare_scores(path)
    assert list(decision.verdict.candidates) == ["new"]
    assert decision.evidence.score.mean(axis=1) == pytest.approx([found.standings[0].raw.value, 0.5])


def test_human_labels_correct_a_biased_judge(tmp_path: Path) -> None:
    given = answers(300, padding=20, better=0)
    truth = judged(tmp_path, "fair", given, controls=0).scores
    rng = random.Random(1)
    labelled = rng.sample(given.items, 80)
    cells = {("new", item): truth["new", item] for item in labelled}
    labels = Answers("labels", tuple(labelled), ("new",), {}, {}, scores=cells)
    found = judged(tmp_path, "likes_length", given, controls=0, labels=labels)
    human = sum(truth["new", item] for item in given.items) / 300
    one = found.calibration.scores["new"]
    assert found.standings[0].raw.interval[0] > human
    assert one.interval[0] < human < one.interval[1]
    assert found.calibration.kappa.interval[0] < 0.3
    exact = judged(tmp_path, "fair", given, controls=0, labels=labels)
    assert exact.calibration.alpha.value == pytest.approx(1)
    assert exact.calibration.scores["new"].worth > 1.5


def test_labels_of_both_sides_become_preferences(tmp_path: Path) -> None:
    given = answers(30)
    cells = {}
    for number in range(12):
        cells["new", f"q{number}"], cells["old", f"q{number}"] = (0.0, 0.0) if number < 6 else (1.0, 0.0)
    labels = Answers("votes", given.items[:12], given.models, {}, {}, scores=cells)
    found = judged(tmp_path, "mumbles", given, controls=0, labels=labels)
    assert found.calibration.scores["new"].value == pytest.approx(0.75)
    nobody = Answers("votes", ("x",), ("new",), {}, {}, scores={("new", "x"): 1.0})
    with pytest.raises(UsageError, match="both judged and labelled"):
        judged(tmp_path, "mumbles", given, controls=0, labels=nobody)


def test_kin_are_named(tmp_path: Path) -> None:
    from weighbridge.judge.families import families_of, kin

    assert kin("http://qwen.example/v1#llama-3.1-70b", "meta-llama/Llama-3.2-1B") == {"Meta"}
    assert kin("gguf:qwen2.5-7b", "Qwen3-8B") == {"Alibaba"}
    assert families_of("http://openai.example/v1#mistral-small") == {"Mistral"}
    assert families_of("o3-mini") == {"OpenAI"}
    assert families_of("DeepSeek-R1-Distill-Qwen-7B") == {"DeepSeek", "Alibaba"}
    assert families_of("python:judges.gpt") == families_of("our-own") == families_of("") == frozenset()


def test_bad_input_is_told(tmp_path: Path) -> None:
    given = answers(5)
    with pytest.raises(UsageError, match="no model 'odl'") as told:
        asked_of(given, "odl", None, RUBRIC)
    assert "'old'" in told.value.fix
    with pytest.raises(UsageError, match="no questions"):
        asked_of(Answers("made", given.items, given.models, given.texts, {}), "old", None, RUBRIC)
    table = tmp_path / "no.csv"
    table.write_text("item_id,model,text\n1,a,hello\n")
    with pytest.raises(UsageError, match="no column 'answer'"):
        read_answers(table)
    read = read_answers(table, {"answer": "text"})
    assert read.texts == {("a", "1"): "hello"}
