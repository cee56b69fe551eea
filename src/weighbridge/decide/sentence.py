"""The verdict in one plain sentence: who, by how much, how sure, under which claim, at what cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.decide.decision import CandidateResult, PairResult
from weighbridge.decide.settle import Settled
from weighbridge.decide.words import about, count, listed, money, percent, points, signed, sureness
from weighbridge.evidence import Question


@dataclass(frozen=True, slots=True)
class Story:
    """What the sentence is made from."""

    settled: Settled
    question: Question
    results: Sequence[CandidateResult]
    pairs: Sequence[PairResult]
    items: int
    """Items in the pool."""
    currency: str
    more_items: int | None
    demanded: bool
    """Whether there were requirements."""
    at_once: bool
    """Whether all stored scores were used at once, so that the pairs' intervals say more than the race."""

    def name(self, index: int) -> str:
        return self.results[index].name

    @property
    def first(self) -> int | None:
        """The winner, or the leader where nobody won."""
        return self.settled.winners[0] if self.settled.winners else self.settled.leader

    def rival(self) -> PairResult | None:
        """The nearest rival of the winner or leader among those that may be chosen, winner first.

        For a non-inferiority question the rival is the strongest reference.
        """
        if self.first is None:
            return None
        out = {self.name(index) for index in (*self.settled.barred, *self.settled.gone)}
        if self.question.goal in ("non_inferior", "superior"):
            side = self.question.reference
            out = {r.name for r in self.results if (r.name != side if side else r.side != "closed")}
        mine = [pair for pair in self.pairs if pair.a == self.name(self.first) and pair.b not in out]
        return min(mine, key=lambda pair: pair.difference, default=None)


def sentence(story: Story) -> str:
    """One sentence; labelled where answers are simulated."""
    kind = story.settled.kind
    if kind == "undecided":
        text = _undecided(story)
    elif kind == "none":
        text = _nobody(story)
    elif kind == "frontier":
        text = _frontier(story)
    else:
        text = _winner(story)
    if any(result.simulated for result in story.results):
        everyone = all(result.simulated for result in story.results)
        return f"[simulated{'' if everyone else ' in part'}] {text}"
    return text


def _ending(story: Story) -> str:
    return f"{sureness(story.question.alpha)}, {about(story.question.claim, story.items)}"


def _price(story: Story, index: int) -> str:
    cost = story.results[index].cost_per_1000
    return "its cost is not known" if cost is None else f"it costs {money(cost, story.currency)} per 1,000 requests"


def _margin(story: Story, pair: PairResult | None) -> str:
    """How far the first stands from its nearest rival, as seen and as certified."""
    if pair is None:
        return ""
    seen = "level with" if pair.difference == 0 else points(pair.difference)
    way = "" if pair.difference == 0 else " above" if pair.difference > 0 else " below"
    text = f"{seen}{way} {pair.b}"
    if story.at_once:
        low, high = pair.interval
        return f"{text} (interval {signed(low)} to {signed(high)})"
    sure = next((r.certified_epsilon for r in story.results if r.name == pair.b), None)
    allowed = story.question.margin if story.question.goal == "non_inferior" else story.question.epsilon
    # The verdict may rest on more than this one pair, and then says more than the pair alone can.
    if sure is None or sure > allowed or story.question.goal == "superior":
        return text
    return f"{text} and certified to be {'no worse' if sure == 0 else f'at most {points(sure)} below it'}"


def _winner(story: Story) -> str:
    index = story.settled.winners[0]
    result, question, pair = story.results[index], story.question, story.rival()
    score = "" if result.score is None else f" with {percent(result.score)}"
    eligible = len(story.results) - len({*story.settled.barred, *story.settled.gone})
    who = " that meet the requirements" if story.demanded else ""
    if story.settled.alone or (story.demanded and eligible == 1):
        return (
            f"Use {result.name}{score}: the only one of {count(len(story.results), 'candidate')} that meets the "
            f"requirements, {about(question.claim, story.items)}; {_price(story, index)}."
        )
    if story.settled.kind == "best":
        near = "" if question.epsilon == 0 else f" or within {points(question.epsilon)} of it"
        gap = _margin(story, pair)
        return (
            f"Use {result.name}{score}: the best of {count(eligible, 'candidate')}{who}{near}, "
            f"{gap + ', ' if gap else ''}{_ending(story)}; {_price(story, index)}."
        )
    against = question.reference or "the best closed candidate"
    claim = (
        f"at most {points(question.margin)} below {against}"
        if story.settled.kind == "non_inferior"
        else f"better than {against}"
    )
    gap = _margin(story, pair)
    return f"Use {result.name}{score}: {claim}{', ' + gap if gap else ''}, {_ending(story)}; {_price(story, index)}."


def _frontier(story: Story) -> str:
    on = [story.name(index) for index in story.settled.winners]
    settled = story.settled
    aside = {*settled.winners, *settled.barred, *settled.doubtful}
    off = [result.name for index, result in enumerate(story.results) if index not in aside]
    doubt = listed([story.name(index) for index in settled.doubtful])
    open_ = f"; whether {doubt} may join is not known" if settled.doubtful else ""
    prices = "; ".join(
        f"{r.name} {percent(r.score) if r.score is not None else ''} at "
        f"{money(r.cost_per_1000, story.currency) if r.cost_per_1000 is not None else 'unknown cost'}"
        for r in (story.results[index] for index in story.settled.winners)
    )
    beaten = f", and {listed(off)} {'is' if len(off) == 1 else 'are'} not" if off else ""
    return (
        f"On the frontier of quality and cost {'is' if len(on) == 1 else 'are'} {listed(on)}{beaten}, "
        f"within {points(story.question.epsilon)}, {_ending(story)} (per 1,000 requests: {prices}){open_}."
    )


def _nobody(story: Story) -> str:
    if story.settled.barred and story.settled.leader is None:
        return f"No candidate meets the requirements ({count(len(story.results), 'candidate')} checked)."
    against = story.question.reference or "the best closed candidate"
    want = (
        f"comes within {points(story.question.margin)} of {against}"
        if story.question.goal == "non_inferior"
        else f"is better than {against}"
    )
    pair = story.rival()
    near = f"; the nearest, {pair.a}, is {_margin(story, pair)}" if pair is not None else ""
    return f"No open candidate {want}, {_ending(story)}{near}."


def _undecided(story: Story) -> str:
    first = story.first
    if first is None:
        return f"Undecided, {about(story.question.claim, story.items)}."
    result, pair = story.results[first], story.rival()
    if story.settled.doubtful:
        names = listed([story.name(index) for index in story.settled.doubtful])
        meet = "meets" if len(story.settled.doubtful) == 1 else "meet"
        score = "" if result.score is None else f" with {percent(result.score)}"
        return (
            f"Undecided: {result.name} leads{score}, but whether {names} {meet} the requirements is not known; "
            f"{_price(story, first)}."
        )
    certified = _certified(story)
    more = f"; about {count(story.more_items, 'more item')} would settle it" if story.more_items is not None else ""
    standing = f"{_front(story, result, pair)}{f', {certified}' if certified else ''}"
    price = _price(story, first)
    if _level(story, result):
        price = price.replace("it costs", f"{result.name} costs", 1).replace("its cost", f"the cost of {result.name}")
    return f"Undecided: {standing}, {_ending(story)}{more}; {price}."


def _level(story: Story, first: CandidateResult) -> list[str]:
    """Who has the same score as `first` on the items that both answered; nobody where a rival is above it."""
    rival = story.rival()
    if rival is None or rival.difference != 0:
        return []
    aside = {story.name(index) for index in (*story.settled.barred, *story.settled.gone)}
    return [pair.b for pair in story.pairs if pair.a == first.name and pair.difference == 0 and pair.b not in aside]


def _front(story: Story, first: CandidateResult, pair: PairResult | None) -> str:
    """Who is in front, by how much; nobody is where scores are equal, or where the nearest rival is above."""
    score = "" if first.score is None else f" with {percent(first.score)}"
    if pair is None:
        return f"{first.name} leads{score}"
    if pair.difference < 0:
        has = "" if first.score is None else f" has {percent(first.score)},"
        return f"{first.name}{has} {points(pair.difference)} below {pair.b}"
    if pair.difference > 0:
        return f"{first.name} leads{score}, {points(pair.difference)} above {pair.b}"
    level = _level(story, first)
    scores = {result.name: result.score for result in story.results}
    everyone = listed([first.name, *level])
    alike = all(scores[name] == first.score for name in level)
    return f"{everyone} are level{score}" if alike else f"{everyone} are level on the items that they share"


def _certified(story: Story) -> str:
    """The smallest tolerance at which the first would be certified now, against its hardest rival."""
    known = [
        (result.certified_epsilon, result.name)
        for index, result in enumerate(story.results)
        if result.certified_epsilon is not None and index not in (*story.settled.barred, *story.settled.gone)
    ]
    if not known or story.first is None:
        return ""
    worst, name = max(known)
    if worst >= 1:
        return f"with nothing certified against {name} yet"
    if _level(story, story.results[story.first]):
        return f"and {story.name(story.first)} is certified to be at most {points(worst)} below {name}"
    return f"and is certified to be at most {points(worst)} below {name}"
