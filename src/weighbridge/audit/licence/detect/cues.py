"""Words that set terms: what a sentence does, told from its words.

Used to label the clauses of a licence, to weigh a change, and to tell terms from the rest of a README.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


STRONG = _any(
    # Bans.
    r"\bprohibit|\bforbid|\bforbad|\bdisallow|\bbanned\b|\bbans?\b|\brefrain|\babstain|\brestrict|\bexclud",
    r"\b(?:may|must|shall|can|do|does|is|are|will|need|should) not\b|\bcannot\b|\bcan['’]t\b|\bmay only\b",
    r"\bnot (?:be )?(?:permitted|allowed|authori[sz]ed|used|licensed|granted|include|extend|apply|cover)",
    r"\bnot for (?:use|sale|resale|production|distribution|commercial|redistribution|export|military)",
    r"\bunauthori[sz]ed|\bunlicensed|\boff[- ]limits\b|\bill?egal\b",
    r"\bnever\b.{0,60}\b(?:use|us|train|distribut|sell|sold|host|deploy|shar|copi|publish)",
    r"\bno (?:right|licen[sc]e|permission|commercial|redistribution|derivative|one|person|entity|part|use|user|model"
    r"|military|hosting|warrant|distribution|modification|resale|sublicens|output|company|organi[sz]ation)",
    # Purposes and persons.
    r"\bnon[- ]?commercial|\bnon[- ]production|\bresearch[- ](?:use|only)|\bfields? of use|\bacceptable use",
    r"\b(?:only|solely|exclusively|strictly) (?:for|in|by|to|with|within|on|if|when|after|upon|available|permitted)",
    r"\b(?:only|solely|exclusively|strictly) (?:allowed|natural persons|individuals|members|persons|entities|users)",
    r"\b(?:only|solely|exclusively) (?:organi[sz]ations|companies|academic|researchers|universit|non)",
    r"\b(?:purposes?|uses?|users?|research|academic|educational|evaluation|personal|individuals?|citizens|members"
    r"|residents|countries) only\b",
    r"\bmonthly active users|\bannual revenue|\bconfidential",
    # Money and consent.
    r"\broyalt|\bpayable\b|\blicen[sc](?:e|ing) fees?\b|\bfees?\b.{0,40}\b(?:due|pay|paid|owed|charge)",
    r"\bwithout (?:the |our |your |any |a |an )?(?:\w+ ){0,2}"
    r"(?:consent|permission|approval|authori[sz]ation|licen[sc]e|agreement|payment)",
    r"\bprior (?:written|approval|notice|consent)|\bwritten (?:consent|permission|approval|agreement)",
    r"\bcommercial(?:ly)? licen[sc]e|\b(?:separate|additional|paid|enterprise) (?:licen[sc]e|agreement|terms)",
    # Conditions and ends.
    r"\brevo[ck]|\bterminat|\bexpires?\b|\bvoid\b|\bforfeit|\bsurrender|\bwaive|\bindemnif|\bobligat|\bobliged",
    r"\bsubject to\b|\bnotwithstanding|\bexcept (?:for|where|when|with|as|in)|\bunless\b|\bprovided that\b",
    r"\bonly[.;!]?$|\bblocked\b|\bdenied\b|\bbreach|\bmandatory\b",
    r"\bout of bounds\b|\blapses?\b|\bcarved out\b",
    r"\bfor (?:academi|researchers|students|educational|evaluation|personal use|individuals|hobbyists|nonprofit)",
    r"\bon condition\b|\bcondition(?:al|s|ed)? (?:that|on|upon)\b|\breserves? the right|\brequired to\b|\bshall\b",
    r"\brequires? (?:a|an|the|our|prior|separate|written|payment)\b|\bhereby\b|\bscope of this licen",
)
"""A sentence outside the licence with one of these sets terms."""

WEAK = _any(
    r"\b(?:must|needs?|have to|has to|ought|should|never|only|not|except|limited|agrees?|consent|approval|permission"
    r"|permitted|allowed|authori[sz]ed|entitled|grants?|granted|rights?|notify|report|disclose|pays?|paid|payment|owed"
    r"|due|owes?|percent|percentage|fees?|requires?|required|mandatory|compulsory|registration|register|submit|display"
    r"|credit|attribution|destroy|delete|cease|stop|ends?|lapses?|transfer|assign|belongs?|owned|owns|reserved|liable"
    r"|responsible|bound|comply|compliance|export|embargo|sanction\w*|retain|share back|contribute back)\b"
)
MATTER = _any(
    r"\b(?:use|uses|used|using|usage|users?|distribut\w*|redistribut\w*|cop(?:y|ies|ied|ying)|sells?|sold|sale|resale"
    r"|resell|commerc\w*|modif\w*|licen[sc]\w*|sublicen[sc]\w*|deriv\w*|trains?|trained|training|outputs?|weights"
    r"|deploy\w*|hosts?|hosted|hosting|services?|publish\w*|products?|customers?|revenue|profit\w*|military|weapon\w*"
    r"|government\w*|european union|eu|china|chinese|russia|countr\w*|territor\w*|citizen\w*|compan\w*)\b",
    r"\b(?:organi[sz]ation\w*|enterprise\w*|employee\w*|software|materials?|works?|permission|copyright|patent\w*"
    r"|trademark\w*|licensor|licensee|authors?|holder|agreement|terms|distill\w*|compet\w*|benchmark\w*"
    r"|fine[- ]?tun\w*|audit\w*|inspect\w*|biometric|surveillance|medical|minors)\b",
)
TECHNICAL = _any(
    r"\bpip\b|\bpython\b|\binstall|\bgpu|\bvram\b|\btransformers\b|\btorch|\bpytorch",
    r"\btokeni[sz]er|\bversion\b",
    r"\bcuda\b|\bquanti[sz]|\bprompt|\bcheckpoint|\bdtype|\bbf16|\bfp16|\bcontext length|\bapi[- ]key|\brun\b",
    r"\bload|\bdocker|\bserver\b|\bcommand|\bclone\b|\bscript|\bimport\b|\bsee\b|\bexample|\bdefault\b",
)
"""What READMEs speak of when they say what one must do."""
COPYRIGHT = _any(r"\bcopyright(?:ed)?\b(?:\s*\(c\))?|©|\(c\)(?=\s*(?:\d{4}|\[|<))")
"""A notice of who holds the copyright, from when on."""
VERB = _any(
    r"\b(?:is|are|was|were|be|been|has|have|had|must|may|might|will|would|can|could|should|shall|needs?|costs?|goes?|go"
    r"|gives?|gets?|ends?|lasts?|stays?|applies|apply|covers?|pays?|asks?|sends?|keeps?|lapses?|belongs?|makes?|takes?"
    r"|do|does|did|let|lets|becomes?|remains?|stops?|requires?|inherits?)\b"
)
"""What titles and notices have none of."""
RIGHTS = _any(r"\ball rights reserved\b\.?")
NAMES_IT = _any(
    r"\b(?:licen[sc]ed|released|distributed|available|published|provided|covered|governed|offered)\b.{0,40}"
    r"\b(?:under|by|with|as|according to)\b",
    r"\blicen[sc]e\b\s*:?\s*\w|spdx-license-identifier|\bsee\b.{0,30}\blicen[sc]e",
)
"""Only says which licence this is under."""

_DOES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "sets a limit by size",
        _any(r"\bmonthly active users|\brevenues?\b.{0,40}\b(?:exceed|more|less|greater|below)"),
    ),
    (
        "grants rights",
        _any(
            r"\bgrants?\b|\bgranted\b|\bpermission is\b|\b(?:is|are) permitted\b|\byou may\b(?! not)|\bfree to\b",
            r"\bis free\b",
        ),
    ),
    (
        "forbids or restricts",
        _any(
            r"\b(?:may|must|shall|will|agree) not\b|\bneither\b|\bprohibit|\brestrict|\bnot (?:permitted|allowed|to)"
        ),
    ),
    ("disclaims warranty", _any(r"\bas is\b|\bwarrant")),
    ("limits liability", _any(r"\bliab(?:le|ility)|\bdamages\b|\bindemnif")),
    ("ends the licence", _any(r"\bterminat|\brevo[ck]")),
    ("sets a duty", _any(r"\b(?:must|shall|required to|agree to|you will|need to)\b")),
    ("names law or court", _any(r"\bgoverned by\b|\bjurisdiction\b|\bcourts?\b|\bgoverning law\b")),
    ("deals with marks", _any(r"\btrademarks?\b|\btrade names?\b|\blogos?\b")),
    ("defines a word", _any(r"\bmeans?\b|\bshall mean\b|\brefers? to\b|\bis defined\b|\bincludes?\b")),
)


def does(sentence: str) -> str:
    """What a sentence of a licence does, in our words; empty where its words do not tell."""
    return next((what for what, pattern in _DOES if pattern.search(sentence)), "")


def sets_terms(sentence: str) -> bool:
    """Whether a sentence outside a licence reads as if it granted, forbade, demanded or limited something.

    Errs towards yes: what is reported can be looked at, what is not reported is taken for granted.
    """
    if STRONG.search(sentence):
        return not (TECHNICAL.search(sentence) and not MATTER.search(sentence))
    if not WEAK.search(sentence) or not MATTER.search(sentence):
        return False
    return not TECHNICAL.search(sentence) and len(sentence.split()) > 3
