"""The verdict's sentence with what the user's own weights and risks add to it."""

from __future__ import annotations

from weighbridge.decide.bench import Judged
from weighbridge.decide.sentence import Story, sentence
from weighbridge.decide.words import about, listed


def in_words(story: Story, judged: Judged) -> str:
    """The sentence; with weights the one that they make, and with every risk that was taken."""
    preferred = judged.preferred
    if preferred is None or story.settled.doubtful or len(preferred.worth) == 1:
        text = sentence(story)
    else:
        told = f"{preferred.statement}, {about(story.question.claim, story.items)}."
        text = (
            f"Use {told.replace(' stands highest', ': it stands highest', 1)}"
            if story.settled.kind == "preferred"
            else f"Undecided: {told}"
        )
        fake = [result.simulated for result in story.results]
        if any(fake):
            text = f"[simulated{'' if all(fake) else ' in part'}] {text}"
    risks = risks_taken(judged)
    return f"{text} {risks}" if risks else text


def risks_taken(judged: Judged) -> str:
    """What is not known of those the verdict names and was accepted; empty where nothing was."""
    settled = judged.settled
    if settled.kind in ("undecided", "none"):
        return ""
    names = {judged.standing.names[k] for k in settled.winners}
    taken = [
        finding
        for finding in judged.findings
        if finding.candidate in names and finding.met == "unknown" and finding.dimension in judged.terms.accepted
    ]
    if not taken:
        return ""
    one = listed(list(dict.fromkeys(finding.dimension for finding in taken)))
    return (
        f"You take the risk that its {one} is not known." if len(names) == 1 else f"Taken as a risk: unknown {one}."
    )
