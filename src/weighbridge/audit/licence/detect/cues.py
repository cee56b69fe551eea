"""Words that set terms: what a sentence does, told from its words.

Used to label the clauses of a licence, to weigh a change, and to tell terms from the rest of a README.
"""

from __future__ import annotations

import re

STRONG = re.compile(
    r"\bnon[- ]?commercial|\broyalt|\bprohibit|\bforbid|\bforbad|\b(?:may|must|shall|can|do|does|is|are|will) not\b"
    r"|\bcannot\b|\bcan't\b|\bnot (?:be )?(?:permitted|allowed|authori[sz]ed|used|licensed|granted|include|extend|apply)"
    r"|\bunauthori[sz]ed|\bunlicensed|\bwithout (?:the |our |your |any |a )?(?:\w+ )?(?:\w+ )?"
    r"(?:consent|permission|approval|authori[sz]ation|licen[sc]e|agreement|payment)"
    r"|\b(?:only|solely|exclusively|strictly) (?:for|in|by|to|with|within|on|if|when|after|upon|available|permitted|allowed)"
    r"|\b(?:purposes?|use|uses|users?|research|academic|educational|evaluation|personal|individuals?|citizens|members"
    r"|residents|countries) only\b|\brevo[ck]|\bterminat|\bexclud|\bbanned\b|\bban\b|\brestrict|\bindemnif"
    r"|\bfields? of use|\breserves? the right|\brequired to\b|\brequires? (?:a|an|the|our|prior|separate|written|payment)"
    r"|\bsubject to\b|\bprior (?:written|approval|notice|consent)|\bwritten (?:consent|permission|approval|agreement)"
    r"|\bcommercial(?:ly)? licen[sc]e|\b(?:separate|additional|paid|enterprise) (?:licen[sc]e|agreement|terms)"
    r"|\blicen[sc](?:e|ing) fees?\b|\bfees?\b.{0,40}\b(?:due|pa(?:y|id)|owed|charge)|\bpayable\b|\bhereby\b|\bobligat|\bobliged"
    r"|\bnotwithstanding|\bexcept (?:for|where|when|with|as|in)|\bunless\b|\bprovided that\b|\bon condition\b"
    r"|\bcondition(?:al|s|ed)? (?:that|on|upon)\b|\bshall\b|\bsurrender|\bwaive|\bforfeit|\bexpires?\b|\bvoid\b"
    r"|\bdisallow|\bnot for (?:use|sale|resale|production|distribution|commercial|redistribution|export|military)"
    r"|\bno (?:right|licen[sc]e|permission|commercial|redistribution|derivative|one|person|person or|entity|part|use|user"
    r"|model|military|hosting|warrant|distribution|modification|resale|sublicens|output|company|organi[sz]ation)"
    r"|\bacceptable use|\bconfidential|\bresearch[- ]use|\bresearch[- ]only|\bnon[- ]production|\bmonthly active users"
    r"|\bannual revenue|\brefrain|\babstain|\bnever\b.{0,60}\b(?:use|us|train|distribut|sell|sold|host|deploy|shar|copi)"
    r"|\bout(?:side)? of scope of this licen|\bmay only\b|\bonly (?:natural persons|individuals|members|persons|entities"
    r"|organi[sz]ations|companies|users|academic|researchers|universit|non)",
    re.IGNORECASE,
)
"""A sentence outside the licence with one of these sets terms."""

WEAK = re.compile(
    r"\b(?:must|need|needs|have to|has to|ought|should|never|only|not|except|limited|agree|agrees|consent|approval"
    r"|permission|permitted|allowed|authori[sz]ed|entitled|grants?|granted|rights?|notify|report|disclose|pay|pays|paid|payment"
    r"|owed|due|owe|owes|percent|percentage|fee|fees|require|requires|required|mandatory|compulsory|registration|register"
    r"|submit|display|credit|attribution|destroy|delete|cease|stop|ends?|lapses?|transfer|assign|belongs?|owned|owns"
    r"|reserved|liable|responsible|bound|comply|compliance|export|embargo|sanction\w*|retain|share back|contribute back)\b",
    re.IGNORECASE,
)
MATTER = re.compile(
    r"\b(?:use|uses|used|using|usage|user|users|distribut\w*|redistribut\w*|cop(?:y|ies|ied|ying)|sell|sells|sold|sale"
    r"|resale|resell|commerc\w*|modif\w*|licen[sc]\w*|sublicen[sc]\w*|deriv\w*|train|trains|trained|training|output"
    r"|outputs|weights|deploy\w*|host|hosts|hosted|hosting|service|services|publish\w*|product|products|customer"
    r"|customers|revenue|profit\w*|military|weapon\w*|government\w*|european union|eu|china|chinese|russia|countr\w*|territor\w*"
    r"|citizen\w*|compan\w*|organi[sz]ation\w*|enterprise\w*|employee\w*|software|material|materials|work|works|permission"
    r"|copyright|patent\w*|trademark\w*|licensor|licensee|author|authors|holder|agreement|terms|distill\w*|competing"
    r"|compet\w*|competitor\w*|benchmark\w*|fine[- ]?tun\w*|audit\w*|inspect\w*|biometric|surveillance|medical|minors)\b",
    re.IGNORECASE,
)
TECHNICAL = re.compile(
    r"\bpip\b|\bpython\b|\binstall|\bgpu|\bcuda\b|\bvram\b|\btransformers\b|\btorch|\bpytorch|\btokeni[sz]er|\bversion\b"
    r"|\bquanti[sz]|\bprompt|\bcheckpoint|\bdtype|\bbf16|\bfp16|\bcontext (?:window|length)|\bapi[- ]key|\brun\b|\bload"
    r"|\bdocker|\bserver\b|\bcommand|\bclone\b|\bscript|\bimport\b|\bsee\b|\bexample|\bdefault\b",
    re.IGNORECASE,
)
COPYRIGHT = re.compile(r"\bcopyright(?:ed)?\b|©|\(c\)", re.IGNORECASE)
RIGHTS = re.compile(r"\ball rights reserved\b\.?", re.IGNORECASE)
NAMES_IT = re.compile(
    r"\b(?:licen[sc]ed|released|distributed|available|published|provided|covered|governed|offered)\b.{0,40}"
    r"\b(?:under|by|with|as|according to)\b|\blicen[sc]e\b\s*:?\s*\w|spdx-license-identifier|\bsee\b.{0,30}\blicen[sc]e",
    re.IGNORECASE,
)

_DOES: tuple[tuple[str, str], ...] = (
    (
        "grants rights",
        r"\bgrants?\b|\bgranted\b|\bpermission is\b|\bis permitted\b|\bare permitted\b|\byou may\b|\bfree to\b|\bis free\b",
    ),
    (
        "forbids or restricts",
        r"\b(?:may|must|shall|will|agree) not\b|\bneither\b|\bprohibit|\brestrict|\bnot (?:permitted|allowed)|\bto not\b",
    ),
    ("disclaims warranty", r"\bas is\b|\bwarrant"),
    ("limits liability", r"\bliab(?:le|ility)|\bdamages\b|\bindemnif"),
    ("ends the licence", r"\bterminat|\brevo[ck]"),
    ("sets a limit by size", r"\bmonthly active users|\brevenue\b|\bmillion\b"),
    ("sets a duty", r"\b(?:must|shall|required to|agree to|you will|need to)\b"),
    ("names law or court", r"\bgoverned by\b|\bjurisdiction\b|\bcourts?\b|\bgoverning law\b"),
    ("deals with marks", r"\btrademarks?\b|\btrade names?\b|\blogos?\b"),
    ("defines a word", r"\bmeans?\b|\bshall mean\b|\brefers? to\b|\bis defined\b|\bincludes?\b"),
)


def does(sentence: str) -> str:
    """What a sentence of a licence does, in our words; empty where its words do not tell."""
    for what, pattern in _DOES:
        if re.search(pattern, sentence, re.IGNORECASE):
            return what
    return ""


def sets_terms(sentence: str) -> bool:
    """Whether a sentence outside a licence reads as if it granted, forbade, demanded or limited something.

    Errs towards yes: what is reported can be looked at, what is not reported is taken for granted.
    """
    if STRONG.search(sentence):
        return not (TECHNICAL.search(sentence) and not MATTER.search(sentence))
    found = WEAK.findall(sentence)
    if not found or not MATTER.search(sentence):
        return False
    return not TECHNICAL.search(sentence) and len(sentence.split()) > 3
