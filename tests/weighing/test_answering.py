"""Answer protocols: what is asked, what a model cannot do, and how the verdict says who was scored how."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.weighing.bigrams import Bigrams

from weighbridge.decide import decide
from weighbridge.errors import UsageError
from weighbridge.evidence import Question
from weighbridge.models.protocol import Capabilities, Known, Sampling
from weighbridge.report.json import decision_json
from weighbridge.report.junit import junit_xml
from weighbridge.report.markdown import markdown
from weighbridge.tasks import JinjaPrompt, scorer_named
from weighbridge.tasks.continuation import Continuations
from weighbridge.tasks.item import Item
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import check_answering
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.plan import plan
from weighbridge.weighing.weigh import weigh

WORDS = ("hot", "cold", "wet", "dry")
QUESTION = Question(epsilon=0.1, claim="pool")


def task(size: int = 24, own: bool = False) -> Task:
    items = tuple(
        Item(
            f"q{n}",
            {"text": f"is it {WORDS[n % 4]} {n}?", "options": ["yes", "no"] if n % 3 else ["no", "yes", "maybe"]},
            reference="yes" if n % 2 == 0 else "no",
        )
        for n in range(size)
    )
    settings = {"columns": ["options"]} if own else {"choices": ["yes", "no"]}
    scorer, key = scorer_named("choice", settings)
    prompt = JinjaPrompt("plain", "{{ text }}")
    return Task("wet", items, scorer, key, {"default": prompt}, choices=None if own else ("yes", "no"))


def candidate(of: Task, model: Bigrams, name: str = "", **settings: object) -> Candidate:
    return Candidate(
        name=name or model.name,
        model=model,
        prompt=of.prompts["default"],
        sampling=Sampling(max_tokens=8),
        choices=of.choices if settings.get("protocol") != "free" else None,
        **{key: value for key, value in settings.items() if value != "free"},
    )


def weighed(of: Task, candidates: list[Candidate], store, question: Question = QUESTION):
    return asyncio.run(weigh(of, candidates, question, store=store))


def test_log_likelihoods_of_the_choices_pick_the_answer(store) -> None:
    of, model = task(), Bigrams()
    free = Bigrams("other")
    run = weighed(of, [candidate(of, model, protocol="loglikelihood"), candidate(of, free, protocol="choice")], store)
    asked = model.asked[0]
    # Behind plain text a blank; a limit that cannot matter is not part of the question.
    assert asked.continuations == (" yes", " no")
    assert asked.sampling == Sampling()
    assert asked.choices is None
    assert free.asked[0].choices == ("yes", "no")
    assert free.asked[0].continuations is None
    answers = [text for text in run.evidence.answers[0] if text is not None]
    assert set(answers) <= {"yes", "no"}
    # The stored answer keeps every continuation with its log-probability.
    kept = next(iter(store.answers()))
    assert [one.text for one in kept.completion.scored or []] == [" yes", " no"] or kept.completion.scored is None
    scored = [one for one in store.answers() if one.completion.scored]
    assert len(scored) == len(model.asked)
    assert scored[0].completion.scored[0].logprob == pytest.approx(model.score("?", " yes"))


@pytest.mark.parametrize(("template", "begins"), [("plain", " yes"), ("chat", "yes")])
def test_a_choice_stands_behind_the_prompt_as_its_template_wants_it(store, template: str, begins: str) -> None:
    of, model = task(4), Bigrams(template=template)
    weighed(of, [candidate(of, model, protocol="loglikelihood"), candidate(of, Bigrams("b"))], store)
    assert model.asked[0].continuations[0] == begins


def test_each_item_has_its_own_choices_and_a_template_writes_them(store) -> None:
    of = task(own=True)
    options = Continuations(columns=("options",), template=" ({{ label }}) {{ choice }}", withheld=("reference",))
    scored, held = Bigrams("scored"), Bigrams("held")
    run = weighed(
        of,
        [
            candidate(of, scored, protocol="loglikelihood", continuations=options),
            candidate(of, held, protocol="choice", continuations=replace(options, template="{{ label }}")),
        ],
        store,
    )
    for request in scored.asked:
        three = int(request.messages[-1].content.split()[-1].rstrip("?")) % 3 == 0
        assert request.continuations == ((" (A) no", " (B) yes", " (C) maybe") if three else (" (A) yes", " (B) no"))
    assert {request.choices for request in held.asked} <= {("A", "B", "C"), ("A", "B")}
    # The option and not the text that was scored is what the scorer reads.
    assert {text for text in run.evidence.answers[0] if text} <= {"yes", "no", "maybe"}
    assert {text for text in run.evidence.answers[1] if text} <= {"A", "B", "C"}
    assert run.evidence.statuses(0)["unparsable"] == run.evidence.statuses(1)["unparsable"] == 0


def test_normalisation_is_part_of_the_question_and_of_the_key(store) -> None:
    of = task(6)
    model = Bigrams()
    pair = [candidate(of, model, how, protocol="loglikelihood", normalise=how) for how in ("none", "unconditional")]
    weighed(of, pair, store)
    assert {request.normalise for request in model.asked} == {"none", "unconditional"}
    before = len(model.asked)
    weighed(of, pair, store)
    assert len(model.asked) == before


def problem(of: Task, model: object, **settings: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        check_answering(candidate(of, model, "m", **settings))
    return caught.value


def test_what_a_model_cannot_do_is_refused_with_what_it_can() -> None:
    of = task()
    error = problem(of, Bigrams(scoring=False), protocol="loglikelihood")
    assert "cannot score given continuations" in error.what
    assert error.where == "candidates: m"
    assert "`protocol: choice`" in error.fix
    assert "`protocol: generate`" in error.fix
    error = problem(of, Bigrams(scoring=False, held=False), protocol="loglikelihood")
    assert "`protocol: choice`" not in error.fix
    error = problem(of, Bigrams(held=False), protocol="choice")
    assert "cannot be held to choices" in error.what
    assert "loglikelihood" in error.fix
    error = problem(replace(of, choices=None), Bigrams(), protocol="choice")
    assert "the task has no choices" in error.what
    assert "one answer per item" in problem(of, Bigrams(), protocol="sample").what
    assert "temperature 0" in problem(of, Bigrams(), protocol="sample", repeats=3).what
    assert "same each time" in problem(of, Bigrams(), protocol="loglikelihood", repeats=2).what
    assert "compares no log-likelihoods" in problem(of, Bigrams(), normalise="bytes").what


class Server(Bigrams):
    """Knows what it can do only once it has looked."""

    prepared = False
    told: tuple[Known, ...] = ()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(choices=True, scoring=self.prepared and self.scoring)

    async def prepare(self, known=()) -> None:
        self.told = tuple(known)
        self.prepared = True


def test_a_server_is_looked_at_before_it_is_refused_and_before_a_call_is_paid(store) -> None:
    of = task(6)
    able, unable, other = Server("able"), Server("unable", scoring=False), Bigrams("other")
    check_answering(candidate(of, unable, "u", protocol="loglikelihood"))
    weighed(of, [candidate(of, able, protocol="loglikelihood"), candidate(of, other)], store)
    assert able.asked
    assert able.told == ()
    calls = len(other.asked)
    for act in (weigh, plan):
        unable.prepared = False
        with pytest.raises(UsageError, match="cannot score"):
            asyncio.run(
                act(
                    of, [candidate(of, unable, protocol="loglikelihood"), candidate(of, other)], QUESTION, store=store
                )
            )
    assert not unable.asked
    assert len(other.asked) == calls
    again = Server("able")
    weighed(of, [candidate(of, again, protocol="loglikelihood"), candidate(of, other)], store)
    assert again.told == (Known("1", "bigrams 1"),)


def test_the_verdict_says_who_was_scored_how_and_only_where_it_differs(store) -> None:
    of = task()

    def decision(*pairs: tuple[Bigrams, dict[str, object]]):
        return decide(weighed(of, [candidate(of, model, **how) for model, how in pairs], store))

    alike = decision((Bigrams("a"), {"protocol": "choice"}), (Bigrams("b", text=TEXT_B), {"protocol": "choice"}))
    assert not [text for text in alike.warnings if "cored differently" in text]
    assert any(f.met == "met" and "every model was scored by" in f.statement for f in alike.findings)
    mixed = decision((Bigrams("a"), {"protocol": "choice"}), (Bigrams("b"), {"protocol": "loglikelihood"}))
    (warning,) = [text for text in mixed.warnings if "cored differently" in text]
    assert "a by a generated answer held to the choices" in warning
    assert "b by the log-likelihood of the given choices" in warning
    (doubt,) = [f for f in mixed.findings if "scored differently" in f.statement]
    assert (doubt.dimension, doubt.met) == ("fairness", "not met")
    assert "`protocol: choice` for all" in doubt.would_change
    for text in (markdown(mixed), junit_xml(mixed).decode(), decision_json(mixed).decode()):
        assert "cored differently" in text
    # An engine that cannot be held, beside one that is: the same words in the project, another protocol in truth.
    loose = decision((Bigrams("a"), {}), (Bigrams("b", held=False), {}))
    assert any("b by a generated answer that is free" in text for text in loose.warnings)
    assert [result.answering.held for result in loose.candidates] == [True, False]


TEXT_B = "no no no yes. is it? no. "
