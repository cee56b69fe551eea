"""The page in a real browser: keys, reload, restart, hostile answers, small screens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rate.serving import served
from rate.test_votes import answers
from report.chromium import Page, browser
from weighbridge.judge.answers import Answers, read_labels
from weighbridge.rate.server import Server
from weighbridge.rate.votes import VoteFile

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        found.look()
        yield found


def visit(page: Page, url: str) -> None:
    page.errors, page.refused, page.requests, page.loaded = [], [], [], False
    page.send("Page.navigate", url=url)
    until = time.monotonic() + 30
    while not page.loaded:
        page._note(page._receive(until))
    wait(page, "document.getElementById('count').textContent !== ''")


def wait(page: Page, condition: str) -> None:
    for _ in range(200):
        if page.run(condition):
            return
        time.sleep(0.02)
    raise AssertionError(f"never: {condition}")


def text(page: Page, part: str) -> str:
    return page.run(f"document.getElementById('{part}').textContent")


def press(page: Page, key: str, done: int) -> None:
    page.press(key, key if len(key) == 1 else "")
    wait(page, f"document.getElementById('count').textContent.startsWith('{done} of')")


def check_shown(page: Page, server: Server, place: int) -> None:
    ballot, given = server.session.shown[place], server.session.answers
    assert text(page, "question") == given.questions[ballot.item]
    assert text(page, "left") == given.texts[ballot.left, ballot.item]
    assert text(page, "right") == given.texts[ballot.right, ballot.item]


def test_keys_vote_and_a_reload_and_a_restart_lose_nothing(page: Page, tmp_path: Path) -> None:
    with served(answers(6), tmp_path) as server:
        visit(page, server.url)
        check_shown(page, server, 0)
        for done, key in enumerate(("ArrowLeft", "ArrowRight", "t"), 1):
            press(page, key, done)
        check_shown(page, server, 3)
        visit(page, server.url)
        check_shown(page, server, 3)
        press(page, "b", 4)
        press(page, "u", 3)
        press(page, "b", 4)
        assert page.errors == []
        assert page.refused == []
        html = page.run("document.documentElement.outerHTML")
        assert "open-7b" not in html
        assert "closed-xl" not in html
        old = server.url
        shown = server.session.shown
    page.press("t", "t")
    wait(page, "!document.getElementById('trouble').hidden")
    assert "Start it again" in text(page, "trouble")
    with served(answers(6), tmp_path) as server:
        assert server.url != old
        visit(page, server.url)
        check_shown(page, server, 4)
        page.run("document.querySelector('[data-vote=right]').click()")
        wait(page, "document.getElementById('count').textContent.startsWith('5 of')")
        press(page, "4", 6)
        wait(page, "!document.getElementById('over').hidden")
        page.press("Enter")
        wait(page, "!document.getElementById('ended').hidden")
        for _ in range(100):
            if server.finished.is_set():
                break
            time.sleep(0.02)
        assert server.finished.is_set()
    votes = VoteFile(tmp_path / "v.jsonl").votes
    assert [votes[one.id] for one in shown] == ["left", "right", "tie", "bad", "right", "right"]
    scores = read_labels(tmp_path / "p.csv").scores
    first = shown[0]
    assert (scores[first.left, first.item], scores[first.right, first.item]) == (1, 0)
    assert scores[shown[3].left, shown[3].item] == scores[shown[3].right, shown[3].item] == 0


def test_a_key_held_down_votes_once(page: Page, tmp_path: Path) -> None:
    with served(answers(6), tmp_path) as server:
        visit(page, server.url)
        for again in (False, True, True, True):
            page.send("Input.dispatchKeyEvent", type="keyDown", key="t", text="t", autoRepeat=again)
            page.settle()
        page.send("Input.dispatchKeyEvent", type="keyUp", key="t")
        page.settle()
        assert server.session.done == 1


HOSTILE = [
    "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">",
    "</div><style>body{display:none}</style><iframe src='javascript:alert(1)'></iframe>",
    "\u202egnp.exe\u202c \x00 \ud800 [x](javascript:alert(1)) {{ 7 * 7 }} ${alert(1)}",
    "word" * 20_000,
    "",
]


def test_hostile_answers_are_text(page: Page, tmp_path: Path) -> None:
    items = tuple(f"q{number}" for number in range(len(HOSTILE)))
    texts = {("a", item): bad for item, bad in zip(items, HOSTILE, strict=True)} | {
        ("b", item): "plain" for item in items
    }
    given = Answers("made", items, ("a", "b"), texts, dict(zip(items, HOSTILE, strict=True)))
    with served(given, tmp_path) as server:
        visit(page, server.url)
        for done, ballot in enumerate(server.session.shown, 1):
            side = "left" if ballot.left == "a" else "right"
            said = given.texts["a", ballot.item]
            if not said:
                assert text(page, side) == "no answer"
            elif "\ud800" not in said:
                assert text(page, side) == said
            assert page.run("document.getElementById('left').children.length") == 0
            assert page.run("document.title") == "Which answer is better?"
            assert page.run("document.documentElement.scrollWidth <= innerWidth")
            press(page, "t", done)
        assert page.errors == []
        assert page.refused == []
        assert [url for url in page.requests if not url.startswith((server.url, "data:"))] == []
    assert len(read_labels(tmp_path / "p.csv").scores) == 2 * len(HOSTILE)


def test_a_phone_and_names_of_everything(page: Page, tmp_path: Path) -> None:
    with served(answers(3), tmp_path) as server:
        page.look(width=390, height=800, phone=True)
        visit(page, server.url)
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        tops = page.run("['left', 'right'].map(id => document.getElementById(id).getBoundingClientRect().top)")
        assert tops[0] < tops[1]
        bottoms = page.run("[...document.querySelectorAll('[data-vote]')].map(e => e.getBoundingClientRect().bottom)")
        assert max(bottoms) <= 800
        page.look()
        nameless = page.run(
            "[...document.querySelectorAll('button, [role=region], progress')]"
            ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)"
        )
        assert nameless == []
