"""Whether a text declines to answer. Asked only of answers in which a scorer found nothing to score."""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters; a longer text explains something rather than declines."""

_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "`": "'"})

_CANNOT = (
    r"(?:can't|cannot|can not|could not|couldn't|won't|will not|am not able to|'m not able to|am unable to"
    r"|'m unable to|must decline|have to decline|am not comfortable|'m not comfortable)"
)
_DO = (
    r"(?:help|assist|provide|answer|comply|fulfil+|discuss|share|give|do that|engage|support|continue|create|write"
    r"|generate|respond|process|with|to)"
)

_OPENINGS = re.compile(
    rf"\A[\W_]*(?:"
    r"(?:(?:i'm|i am|we're) (?:very |so |really )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)"
    r"[^.\n]{0,40}?"
    rf"\bi ?(?:{_CANNOT})[^.\n]{{0,30}}\b{_DO}\b"
    rf"|i ?{_CANNOT}[^.\n]{{0,30}}\b{_DO}\b"
    r"|as an? (?:ai|artificial intelligence|large language|language)[^.\n]{0,40},?"
    r" i (?:can't|cannot|am not|do not|don't)"
    r"|(?:es tut mir leid|tut mir leid|entschuldigung)[^.\n]{0,30}\b(?:kann|darf)\b[^.\n]{0,60}\bnicht\b"
    r"|ich (?:kann|darf)[^.\n]{0,40}\bnicht (?:helfen|beantworten|weiterhelfen|dabei)"
    r"|(?:je suis désolée?|désolée?)[^.\n]{0,30}\bje ne (?:peux|puis)\b"
    r"|lo siento[^.\n]{0,20}\bno puedo\b"
    r"|(?:desculpe|sinto muito|lamento)[^.\n]{0,20}\bnão posso\b"
    r"|mi dispiace[^.\n]{0,20}\bnon posso\b"
    r"|het spijt me[^.\n]{0,20}\b(?:kan|mag)\b[^.\n]{0,40}\bniet\b"
    r"|(?:抱歉|对不起|很抱歉)[^。\n]{0,12}(?:不能|无法)"
    r"|申し訳(?:ありません|ございません)[^\n]{0,30}(?:できません|できかねます|お答えできません)"
    r")",
    re.IGNORECASE,
)


def declines(text: str) -> bool:
    """Whether `text` opens like a refusal and is short enough to be nothing else."""
    text = text.strip()
    return 0 < len(text) <= LONGEST and _OPENINGS.match(text.translate(_APOSTROPHES)) is not None
