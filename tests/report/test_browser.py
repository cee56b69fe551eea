"""The page in a real browser: quick, usable by keyboard and on a phone, and deaf to hostile content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from report.chromium import Page, browser
from report.sample import Sample, hostile, sample
from weighbridge.report.html import render_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        found.look()
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def opened(page: Page, folder: Path, name: str, made: Sample) -> None:
    path = folder / f"{name}.html"
    if not path.exists():
        path.write_text(render_html(made.decision, made.evidence), encoding="utf-8")
    page.open(path)


def usual(page: Page, folder: Path) -> Sample:
    made = sample(4)
    page.look()
    opened(page, folder, "usual", made)
    return made


def rows(page: Page) -> int:
    return int(page.run("document.getElementById('count').textContent.split(' ')[0].replace(',', '')"))


def choose(page: Page, select: str, value: str) -> None:
    page.run(
        f"(() => {{ const s = document.getElementById('{select}'); s.value = '{value}'; "
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def selected(page: Page) -> str:
    return page.run("document.querySelector('.row[aria-selected=true] .id').textContent")


def test_it_opens_without_an_error_and_asks_for_nothing(page: Page, folder: Path) -> None:
    usual(page, folder)
    assert page.errors == []
    assert page.refused == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.run("document.querySelector('h1').textContent.trim()") == "qwen2.5-7b"
    assert rows(page) == 300


def test_five_thousand_items_open_within_two_seconds(page: Page, folder: Path) -> None:
    opened(page, folder, "large", sample(4, items=5000))
    ready = int(page.run("document.documentElement.dataset.ready"))
    assert 0 < ready < 2000
    assert rows(page) == 5000
    assert page.run("document.querySelectorAll('.row').length") < 60
    took = page.run(
        "(() => { const t = performance.now(); const s = document.getElementById('search');"
        " s.value = 'parcel ticket-4321'; s.dispatchEvent(new Event('input'));"
        " return new Promise(done => { const wait = () =>"
        " document.getElementById('count').textContent.startsWith('1 of') ? done(performance.now() - t)"
        " : setTimeout(wait, 5); wait(); }); })()"
    )
    assert took < 1500
    assert selected(page) == "ticket-4321"


def test_long_answers_to_five_thousand_items_open_in_time_too(page: Page, folder: Path) -> None:
    made = sample(4, items=5000)
    long = tuple(tuple(f"{text} " * 60 for text in row) for row in made.evidence.answers)
    opened(page, folder, "long", Sample(made.decision, replace(made.evidence, answers=long)))
    assert (folder / "long.html").stat().st_size < 16_000_000
    assert 0 < int(page.run("document.documentElement.dataset.ready")) < 2000
    assert rows(page) == 5000


def test_filters_agree_with_the_evidence(page: Page, folder: Path) -> None:
    table = usual(page, folder).evidence
    asked = table.asked
    failed = (asked & (table.status != 0)).any(axis=0)
    low = [min(table.score[asked[:, n], n]) for n in range(300)]
    high = [max(table.score[asked[:, n], n]) for n in range(300)]
    choose(page, "show", "failures")
    assert rows(page) == failed.sum()
    choose(page, "show", "disagree")
    assert rows(page) == sum(a < b for a, b in zip(low, high, strict=True))
    choose(page, "show", "wrong")
    assert rows(page) == sum(b == 0 for b in high)
    choose(page, "show", "all")
    choose(page, "status", "3")
    assert rows(page) == (table.status == 3).any(axis=0).sum()
    choose(page, "status", "")
    choose(page, "above", "1")
    choose(page, "below", "0")
    both = asked[0] & asked[1]
    assert rows(page) == (both & (table.score[1] > table.score[0])).sum()
    page.run("document.querySelector('.filters').reset()")
    page.settle()
    assert rows(page) == 300


def test_every_answer_stands_side_by_side(page: Page, folder: Path) -> None:
    table = usual(page, folder).evidence
    n = int(next(i for i in range(300) if table.asked[:, i].all()))
    page.run(f"document.getElementById('search').value = '{table.items[n]}'")
    page.run("document.getElementById('search').dispatchEvent(new Event('input'))")
    page.settle()
    detail = page.run("document.getElementById('detail').innerText")
    assert table.questions[n] in detail
    assert table.references[n] in detail
    for k, column in enumerate(table.columns):
        card = page.run(f"document.querySelectorAll('.answer')[{k}].innerText")
        assert column.name in card
        assert ("✓ 1" if table.score[k, n] else "✗ 0") in card
        if table.extracted[k][n] is not None:
            assert f"read as {table.extracted[k][n]}" in card.replace("\n", " ")
        assert " ".join((table.answers[k][n] or "").split()) in " ".join(card.split())
    tops = page.run("[...document.querySelectorAll('.answer')].slice(0, 2).map(e => e.getBoundingClientRect().top)")
    assert tops[0] == tops[1]


def test_keys(page: Page, folder: Path) -> None:
    usual(page, folder)
    assert selected(page) == "ticket-0000"
    page.press("j", "j")
    page.press("j", "j")
    page.press("k", "k")
    assert selected(page) == "ticket-0001"
    page.press("/", "/")
    assert page.run("document.activeElement.id") == "search"
    for letter in "customer 77":
        page.press(letter, letter)
    page.settle()
    assert selected(page) == "ticket-0077"
    assert page.run("[...document.querySelectorAll('mark')].map(e => e.textContent).includes('customer')")
    page.press("Escape")
    assert page.run("document.activeElement.id") == "list"
    page.run("document.querySelector('.filters').reset()")
    page.settle()
    page.press("End")
    assert selected(page) == "ticket-0299"
    page.press("ArrowUp")
    assert selected(page) == "ticket-0298"
    page.press("Home")
    assert selected(page) == "ticket-0000"
    assert page.run("document.getElementById('list').getAttribute('aria-activedescendant')") == "row-0"


def test_focus_can_be_seen_and_everything_has_a_name(page: Page, folder: Path) -> None:
    usual(page, folder)
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    assert page.run("getComputedStyle(document.activeElement).position") == "fixed"
    for _ in range(3):
        page.press("Tab")
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    nameless = page.run(
        "[...document.querySelectorAll('button, select, input, [role=img], [role=listbox], [role=region]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.closest('label') || e.textContent.trim()))"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []


def test_an_item_has_an_address(page: Page, folder: Path) -> None:
    usual(page, folder)
    path = folder / "usual.html"
    page.send("Page.navigate", url="about:blank")
    page.loaded = False
    page.send("Page.navigate", url=path.as_uri() + "#item=ticket-0123")
    page.settle()
    assert selected(page) == "ticket-0123"


def test_light_and_dark(page: Page, folder: Path) -> None:
    made = sample(4)
    colour = "getComputedStyle(document.body).backgroundColor"
    page.look(dark=True)
    opened(page, folder, "usual", made)
    dark = page.run(colour)
    page.look(dark=False)
    opened(page, folder, "usual", made)
    light = page.run(colour)
    assert dark != light
    page.run("document.getElementById('theme').click()")
    assert page.run(colour) == dark
    page.run("localStorage.removeItem('weighbridge-theme')")


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(page: Page, folder: Path, dark: bool) -> None:
    page.look(dark=dark)
    opened(page, folder, "usual", sample(4))
    script = """(() => {
      const parse = c => c.match(/[\\d.]+/g).map(Number);
      const light = ([r, g, b]) => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
      const ground = e => {
        for (; e; e = e.parentElement) {
          const colour = getComputedStyle(e).backgroundColor, c = parse(colour);
          if (colour.startsWith('rgb') && (c.length < 4 || c[3] > .99)) return c;
        }
        return [255, 255, 255];
      };
      const bad = [];
      for (const e of document.querySelectorAll('p, li, dt, dd, h1, h2, a, .badge, .small, .note, .who, td b')) {
        if (!e.textContent.trim() || !e.offsetParent) continue;
        const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) bad.push(e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ratio.toFixed(2));
      }
      return bad;
    })()"""
    assert page.run(script) == []


@pytest.mark.parametrize("candidates", [2, 4, 20])
def test_a_phone_needs_no_sideways_scroll(page: Page, folder: Path, candidates: int) -> None:
    page.look(390, 844, phone=True)
    opened(page, folder, f"phone-{candidates}", sample(candidates))
    page.settle()
    assert page.run("innerWidth") == 390
    assert page.run("document.documentElement.scrollWidth") <= 390
    assert page.run("parseFloat(getComputedStyle(document.querySelector('figure svg.narrow text')).fontSize)") >= 11
    assert page.run("getComputedStyle(document.querySelector('figure svg.wide')).display") == "none"
    page.look()


@pytest.mark.parametrize(("width", "phone"), [(1280, False), (390, True)])
def test_hostile_content_neither_runs_nor_breaks_the_page(page: Page, folder: Path, width: int, phone: bool) -> None:
    page.look(width, 844, phone=phone)
    opened(page, folder, "hostile", hostile())
    page.settle()
    for _ in range(12):
        page.press("j", "j")
    page.settle()
    assert page.run("typeof window.broken") == "undefined"
    assert page.errors == []
    assert page.refused == []
    assert len([url for url in page.requests if not url.startswith("data:")]) == 1
    assert page.run("document.querySelectorAll('img, iframe, object, embed, [onerror], [onload]').length") == 0
    assert page.run("document.querySelectorAll('script').length") == 2
    assert page.run("document.documentElement.scrollWidth") <= width
    assert "<script>window.broken=1</script>" in page.run("document.getElementById('detail').innerText")
    assert page.run("document.title").startswith("Best: </script><img src=x")
    page.press("Home")
    page.run("document.querySelector('#rows .row').click()")
    page.settle()
    assert "20,000 of 1,000,000 characters" in page.run("document.getElementById('detail').innerText")
    page.look()


def test_it_can_be_read_without_scripts(page: Page, folder: Path) -> None:
    made = sample(4)
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        opened(page, folder, "usual", made)
        tree = page.send("DOMSnapshot.captureSnapshot", computedStyles=[])
        words = " ".join(tree["strings"])
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)
    assert made.decision.verdict.sentence in words
    assert "The items appear here when scripts may run." in words
