"""What candidates were told: gathered once for a few items, kept in the store, shown again without an engine."""

from __future__ import annotations

import asyncio

import msgspec
from tests.weighing.bigrams import Bigrams
from tests.weighing.parts import LocalModel
from tests.weighing.test_answering import QUESTION, candidate, task, weighed

from weighbridge.decide import decide
from weighbridge.evidence import Completion
from weighbridge.models.protocol import Capabilities, Request
from weighbridge.report.html import render_html
from weighbridge.report.terminal import report_lines
from weighbridge.weighing.telling import SHOWN
from weighbridge.weighing.weigh import weigh


def test_the_text_an_engine_reads_is_kept_for_a_few_items(store) -> None:
    of = task()
    chat, plain = Bigrams("chat", template="chat"), LocalModel("plain", place="there://x")
    run = weighed(of, [candidate(of, chat), candidate(of, plain)], store)
    first, second = run.evidence.columns
    assert len(first.told) == len(second.told) == SHOWN
    item = {one.id: one for one in of.items}[first.told[0].item]
    assert first.told[0].text == f"<user>{item.fields['text']}</><assistant>"
    assert first.told[0].exact
    assert first.answering.template == "chat"
    assert second.told[0].text == f"[user]\n{item.fields['text']}"
    assert not second.told[0].exact
    kept = store.shown()
    assert len(kept) == 2 * SHOWN
    assert {one.template for one in kept} == {"chat", "unknown"}
    # Kept once: another run asks no engine, and shows the same.
    shown = chat.shown
    again = weighed(of, [candidate(of, chat), candidate(of, plain)], store)
    assert chat.shown == shown
    assert again.evidence.columns[0].told == first.told
    assert again.evidence.columns[0].answering == first.answering
    assert len(store.shown()) == 2 * SHOWN


class Talkative(Bigrams):
    """Says with every answer what it read."""

    rendered = None
    reading = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(choices=True, prompts=True)

    async def complete(self, request: Request) -> Completion:
        return msgspec.structs.replace(await super().complete(request), prompt="X" * 5000 + self.read(request))


def test_a_prompt_that_comes_with_every_answer_is_not_kept_with_every_answer(store) -> None:
    of = task()
    run = weighed(of, [candidate(of, Talkative("talks")), candidate(of, Bigrams("b"))], store)
    told = run.evidence.columns[0].told
    assert len(told) == SHOWN
    assert all(one.exact and one.text.startswith("XXX") for one in told)
    assert all(answer.completion.prompt is None for answer in store.answers())


def test_a_model_that_cannot_show_its_text_does_not_hold_up_the_verdict(store) -> None:
    of = task()
    run = weighed(of, [candidate(of, Bigrams("a", broken=True)), candidate(of, Bigrams("b", template="chat"))], store)
    assert [one.exact for one in run.evidence.columns[0].told] == [False] * SHOWN
    decision = decide(run)
    (doubt,) = [one for one in decision.findings if "chat template" in one.statement]
    assert doubt.met == "not met"
    assert "b read the prompt through a chat template, a as plain text" in doubt.statement


def test_an_odd_template_is_flagged_beside_the_verdict(store) -> None:
    of = task()
    notes = ("its chat template drops the system message",)
    run = weighed(of, [candidate(of, Bigrams("a", notes=notes)), candidate(of, Bigrams("b"))], store)
    (doubt,) = [one for one in decide(run).findings if "drops the system message" in one.statement]
    assert (doubt.met, doubt.candidate, doubt.dimension) == ("unknown", "a", "fairness")


def test_given_continuations_are_shown_and_markup_is_only_text(store) -> None:
    of = task()
    wicked = Bigrams("<script>alert(1)</script>", template="chat")
    run = weighed(of, [candidate(of, wicked, protocol="loglikelihood"), candidate(of, Bigrams("b"))], store)
    assert run.evidence.columns[0].told[0].continuations == ("yes", "no")
    decision = decide(run)
    page = render_html(decision, decision.evidence)
    assert "What each candidate was told" in page
    assert "&lt;user&gt;is it" in page
    assert "<script>alert" not in page
    assert "Given continuations" in page
    text = "\n".join(line.text for line in report_lines(decision, 80))
    assert "weighbridge store prompts" in text
    assert "scored by the log-likelihood of the given choices" in text


def test_an_interrupted_run_asks_no_engine_to_show_anything(store) -> None:
    of = task()
    halting = Bigrams("a")

    async def interrupted():
        from weighbridge.weighing.halt import Halt

        halt = Halt()

        def told(event: object) -> None:
            if type(event).__name__ == "Answered":
                halt.call("interrupted")

        return await weigh(
            of, [candidate(of, halting), candidate(of, Bigrams("b"))], QUESTION, store=store, halt=halt, progress=told
        )

    run = asyncio.run(interrupted())
    assert run.stopped == "interrupted"
    assert halting.shown == 0
