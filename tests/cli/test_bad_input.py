"""Every input a user can get wrong: one screen that says what, where and how to mend it, and never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults import FaultServer

PROJECT = """\
data:
  path: tickets.csv
  reference: team
prompt:
  user: "{{ message }}"
choices: [billing, technical, shipping, account]
scorer: choice
candidates:
  - name: small
    model: http://127.0.0.1:9/v1#small
    price: {per_request: 0.001}
  - name: large
    model: http://127.0.0.1:9/v1#large
    price: {per_request: 0.002}
limits: {attempts: 1, give_up: 2}
"""

LINES = 24


def screen(ran, code: int, *told: str) -> str:
    """The error is one screen, on stderr, with a place and a way out, and holds the words in `told`."""
    assert ran.code == code, ran.err
    error = ran.err
    assert "Traceback" not in error
    assert error.startswith("error: ")
    assert len(error.splitlines()) <= LINES
    assert "  fix:   " in error, error
    joined = " ".join(error.split())
    for words in told:
        assert words in joined, f"{words!r} is not in:\n{error}"
    return joined


def write(folder: Path, *changes: tuple[str, str]) -> None:
    text = PROJECT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "weighbridge.yaml").write_text(text)


def data(folder: Path, text: str) -> None:
    (folder / "tickets.csv").write_text(text)


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_no_project_file(weighbridge, command) -> None:
    screen(weighbridge(command), 2, "no such project file", "where: weighbridge.yaml", "weighbridge init DATA")


def test_a_misspelt_project_file(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    screen(weighbridge("run", "weighbrige.yaml"), 2, "weighbrige.yaml", "did you mean 'weighbridge.yaml'?")


def test_a_missing_data_file(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("path: tickets.csv", "path: ticket.csv"))
    screen(weighbridge("run"), 2, "ticket.csv", "weighbridge.yaml:2:9", "did you mean 'tickets.csv'?")
    screen(weighbridge("init", "tikets.csv", "--force"), 2, "tikets.csv", "did you mean 'tickets.csv'?")


def test_an_unknown_column(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("reference: team", "reference: taem"))
    screen(weighbridge("run"), 2, "no column 'taem'", "weighbridge.yaml:3:14", "tickets.csv", "did you mean 'team'?")


def test_a_wrong_type(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("per_request: 0.001", "per_request: cheap"))
    screen(weighbridge("run"), 2, "must be a number, and is 'cheap'", "weighbridge.yaml:11:26", "Money per request")


def test_a_value_out_of_range(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("limits:", "question: {alpha: 5}\nlimits:"))
    screen(weighbridge("run"), 2, "alpha is 5, and must be less than 0.5", "weighbridge.yaml:15:19")
    screen(weighbridge("run", "--alpha", "0.9"), 2, "must be less than 0.5", "option --alpha")


def test_an_unknown_key(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("scorer: choice", "scorrer: choice"))
    screen(weighbridge("run"), 2, "unknown key 'scorrer'", "weighbridge.yaml:7:1", "did you mean 'scorer'?")


def test_a_key_given_twice(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("scorer: choice", "scorer: choice\nscorer: exact"))
    screen(weighbridge("run"), 2, "'scorer' stands here twice (first on line 7)", "weighbridge.yaml:8:1")


def test_duplicate_ids(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    data(tmp_path, "id,message,team\n1,a,billing\n2,b,technical\n1,c,billing\n")
    screen(weighbridge("run"), 2, "the id '1' is there twice", "tickets.csv:4", "tickets.csv:2")


def test_an_item_without_a_reference(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    data(tmp_path, "id,message,team\n1,a,billing\n2,b,\n")
    screen(weighbridge("run"), 2, "item '2' has no reference", "tickets.csv:3", "missing_reference")


def test_a_reference_that_is_no_choice(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    data(tmp_path, "id,message,team\n1,a,billing\n2,b,sales\n")
    screen(weighbridge("run"), 2, "'sales'", "tickets.csv:3")


def test_an_unknown_scorer(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("scorer: choice", "scorer: chioce"))
    screen(weighbridge("run"), 2, "no scorer 'chioce'", "weighbridge.yaml:7:9", "did you mean 'choice'?")


def test_an_unknown_scorer_setting(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("scorer: choice", "scorer: {name: choice, leters: false}"))
    screen(weighbridge("run"), 2, "unknown key 'leters' under 'scorer'", "weighbridge.yaml:7:24", "'letters'")


def test_an_unknown_spec(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("http://127.0.0.1:9/v1#large", "recorde:answers.jsonl"))
    screen(weighbridge("run"), 2, "'recorde'", "weighbridge.yaml:13:12", "did you mean 'recorded'?")


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ mesage }}", "did you mean 'message'?"),
        ("{{ message ", "template is wrong"),
        ("{{ message | uper }}", "upper"),
    ],
)
def test_a_template_error(weighbridge, tickets, tmp_path, template, what) -> None:
    write(tmp_path, ('user: "{{ message }}"', f"user: |\n    First line.\n    {template}"))
    screen(weighbridge("run"), 2, "weighbridge.yaml:7", what)


def test_a_template_that_gives_the_answer_away(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("{{ message }}", "{{ message }} {{ team }}"))
    screen(weighbridge("run"), 2, "weighbridge.yaml:5", "which is the reference")


def test_a_candidate_that_never_answers(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    screen(weighbridge("run", "-q"), 5, "never answered", "127.0.0.1:9", "start the server")


def test_a_budget_of_nothing(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("limits:", "budget:\n  money: 0\nlimits:"))
    screen(weighbridge("run"), 2, "a budget of nothing", "weighbridge.yaml:16:10", "weighbridge plan")
    write(tmp_path)
    screen(weighbridge("run", "--budget-calls", "0"), 2, "a budget of nothing", "option --budget-calls")


def test_a_budget_in_money_without_a_price(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("    price: {per_request: 0.001}\n", ""))
    screen(weighbridge("run", "--budget-money", "1"), 2, "small", "price", "option --budget-money")


def test_a_question_of_cost_without_costs(weighbridge, tickets, tmp_path) -> None:
    (tmp_path / "rules.py").write_text("def route(item):\n    return 'billing'\n")
    write(tmp_path, ("http://127.0.0.1:9/v1#large", "python:rules.route"), ("    price: {per_request: 0.002}\n", ""))
    text = (tmp_path / "weighbridge.yaml").read_text().replace("http://127.0.0.1:9/v1#small", "simulated:accuracy=1")
    (tmp_path / "weighbridge.yaml").write_text(text + "question:\n  goal: pareto\n")
    screen(weighbridge("run", "-q"), 2, "cost", "weighbridge.yaml:16:9", "price")


def test_two_candidates_alike(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("v1#large", "v1#small"))
    screen(weighbridge("run"), 2, "'small' (line 9) and 'large' are alike", "weighbridge.yaml:12", "repeats")
    write(tmp_path, ("name: large", "name: small"))
    screen(weighbridge("run"), 2, "two candidates are named 'small'", "weighbridge.yaml:12:11")


def test_a_score_outside_the_bounds(weighbridge, tickets, tmp_path) -> None:
    (tmp_path / "scores.csv").write_text("item_id,model,score\n1,a,1\n1,b,0\n2,a,1.5\n2,b,1\n")
    screen(weighbridge("compare", "scores.csv"), 2, "1.5", "scores.csv:4")
    (tmp_path / "mine.py").write_text("def points(item, completion):\n    return 7\n")
    with FaultServer(answer=lambda prompt: "billing").threaded() as server:
        write(tmp_path, ("scorer: choice", "scorer: mine:points"), ("http://127.0.0.1:9/v1", server.url))
        screen(weighbridge("run", "-q"), 2, "mine:points", "7", "outside [0, 1]", "tickets.csv:")


def test_a_csv_in_a_foreign_encoding(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    text = "id,message,team\n1,Rückfrage zur Rechnung,billing\n2,Störung im Café,technical\n"
    (tmp_path / "tickets.csv").write_bytes(text.encode("cp1252"))
    told = screen(weighbridge("check"), 2, "tickets.csv:2", "encoding")
    assert "cp1252" in told or "latin" in told.lower()
    write(tmp_path, ("reference: team", "reference: team\n  encoding: cp1252"))
    read = weighbridge("check")
    assert read.code == 0
    assert "Rückfrage" in read.out


def test_a_line_of_a_gigabyte(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    path = tmp_path / "tickets.csv"
    with path.open("wb") as file:
        file.write(b"id,message,team\n1,a,billing\n2,")
        file.truncate(1_000_000_000)  # a hole: it takes no room on the disk
    screen(weighbridge("run"), 2, "tickets.csv:3", "a line is longer than")
    (tmp_path / "scores.csv").write_bytes(b"item_id,model,score\n1,a,1\n2,")
    os.truncate(tmp_path / "scores.csv", 1_000_000_000)
    screen(weighbridge("compare", "scores.csv"), 2, "scores.csv")


def test_yaml_that_cannot_be_read(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("scorer: choice", "scorer: choice: exact"))
    screen(weighbridge("run"), 2, "not valid YAML", "weighbridge.yaml:7:15", "quotes")
    write(tmp_path, ("  reference: team", "\treference: team"))
    screen(weighbridge("run"), 2, "weighbridge.yaml:3", "spaces")


def test_a_key_in_the_file(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path, ("v1#large", "v1#large\n    api_key: sk-proj-abcdefghijklmnop1234"))
    told = screen(weighbridge("run"), 2, "looks like a secret", "weighbridge.yaml:14:14", "key_env")
    assert "abcdefgh" not in told


def test_the_command_line_itself(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    screen(weighbridge("rn"), 2, "no command 'rn'", "did you mean 'run'?")
    screen(weighbridge("run", "--epsilom", "1"), 2, "--epsilom", "--epsilon")
    screen(weighbridge("run", "--seed", "many"), 2, "many", "weighbridge run --help")
    screen(weighbridge("run", "--claim", "future"), 2, "future", "population")
    screen(weighbridge("init"), 2, "DATA")


def test_stored_scores(weighbridge, tmp_path) -> None:
    scores = tmp_path / "scores.csv"
    screen(weighbridge("compare", "scors.csv"), 2, "scors.csv")
    scores.write_text("item_id,model,score\n1,alpha,1\n1,beta,0\n2,alpha,1\n2,beta,1\n")
    screen(weighbridge("compare", "scores.csv", "--models", "alpha,betta"), 2, "betta", "'beta'")
    screen(weighbridge("compare", "scores.csv", "--side", "alpha=opn"), 2, "opn", "'open'")
    screen(weighbridge("compare", "scores.csv", "--reference", "bta"), 2, "bta", "'beta'")
    scores.write_text("item_id,model,score\n1,alpha,1\n1,alpha,0\n2,beta,1\n")
    screen(weighbridge("compare", "scores.csv"), 2, "scores.csv:3")
    scores.write_text("item,modl,score\n1,alpha,1\n")
    screen(weighbridge("compare", "scores.csv"), 2, "scores.csv", "model")
    scores.write_text("item_id,model,score\n1,alpha,good\n1,beta,1\n")
    screen(weighbridge("compare", "scores.csv"), 2, "good", "scores.csv:2")


def test_init_does_not_write_over_a_project(weighbridge, tickets, tmp_path) -> None:
    write(tmp_path)
    screen(weighbridge("init", "tickets.csv"), 2, "already", "weighbridge.yaml", "--force")
    assert (tmp_path / "weighbridge.yaml").read_text() == PROJECT


def test_a_mistake_of_our_own_is_one_screen_too(weighbridge, tickets, tmp_path, monkeypatch) -> None:
    write(tmp_path)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("weighbridge.project.load.load_project", broken)
    screen(weighbridge("check"), 5, "ZeroDivisionError: boom", "--debug")


def test_debug_shows_the_traceback(weighbridge, tmp_path, monkeypatch) -> None:
    from weighbridge.cli.main import main
    from weighbridge.errors import UsageError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        main(["run", "--debug"])


def test_a_wall_of_text_still_fits_one_screen() -> None:
    from weighbridge.cli.failure import screen as shown

    text = shown("bad " * 2000 + "\x1b[31m\x00", "f.yaml:1", "do " * 2000)
    assert len(text.splitlines()) <= LINES
    assert "\x1b" not in text
    assert "\x00" not in text
