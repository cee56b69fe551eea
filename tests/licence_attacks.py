"""Alterations of licence texts that change what they allow, and others that change nothing.

Written by one who did not write the detector, to see what it misses. Built from recorded texts, which stay outside.
"""

from __future__ import annotations

import html
import random
import re
import textwrap
from collections.abc import Callable

AT_BEGIN, AT_MIDDLE, AT_END = "begin", "middle", "end"

EDITS: tuple[tuple[str, str, str, str], ...] = (
    # (text, kind, what stood there, what stands there now)
    ("mit", "fields of use", "to deal", "in education to deal"),
    ("mit", "and to or", "and to permit persons", "or to permit persons"),
    ("mit", "person narrowed", "to any person obtaining", "to any natural person obtaining"),
    ("mit", "grant deleted", "modify, merge, ", ""),
    ("mit", "duty in a sentence", "shall be included", "and the licensor's logo shall be included"),
    ("apache-2.0", "may to must", "You may add Your own copyright statement", "You must add Our copyright statement"),
    ("apache-2.0", "number", "fifty percent (50%)", "five percent (5%)"),
    ("apache-2.0", "definition widened", "remain separable from", "are"),
    ("apache-2.0", "one word", "whether in tort", "only in tort"),
    ("apache-2.0", "parentheses", "publicly perform, sublicense", "publicly perform (except for a fee), sublicense"),
    ("bsd-new", "one word", "with or without modification", "without modification"),
    ("bsd-simplified", "fields of use", "in source and binary forms", "in source form"),
    ("isc", "may deleted", "copy, modify, and", "copy and"),
    ("unlicense", "one word", "Anyone is free", "Anyone here is free"),
    ("cc-by-4.0", "one word", "worldwide, royalty-free", "royalty-free"),
    ("cc-by-4.0", "one word", "reproduce and Share the Licensed Material", "reproduce the Licensed Material"),
    ("cc-by-4.0", "prefix", "exercise the Licensed Rights", "non-commercially exercise the Licensed Rights"),
    ("cc-by-nc-4.0", "and to or", "not primarily intended for or directed", "not intended for or ever directed"),
    ("cc-by-sa-4.0", "number", "30 days", "3 days"),
    ("cc-by-nd-4.0", "may not", "may not", "may"),
    ("cc0-1.0", "one word", "irrevocably and unconditionally", "conditionally"),
    ("gpl-3.0", "may to may not", "You may charge any price", "You may not charge any price"),
    ("gpl-2.0", "geographic", "You may modify your copy", "Within the United States, you may modify your copy"),
    ("agpl-3.0", "number", "three years", "thirty years"),
    ("lgpl-3.0", "one word", "without being bound by", "while being bound by"),
    ("mpl-2.0", "one word", "world-wide, royalty-free, non-exclusive", "royalty-free, exclusive"),
    ("epl-2.0", "one word", "worldwide, royalty-free copyright", "worldwide copyright"),
    ("odbl-1.0", "may", "worldwide, royalty-free, non-exclusive", "royalty-free, non-exclusive"),
    ("cdla-permissive-2.0", "one word", "any restriction or obligations", "any obligations"),
    ("cdla-permissive-2.0", "grant", "use, modify, and share", "use and modify"),
    ("openmdw-1.0", "patent clause", "all copyright, patent, database", "all copyright, database"),
    ("openmdw-1.0", "extra duty", "(1) a copy of this agreement", "(1) a signed copy of this agreement"),
    ("openmdw-1.0", "may not", "does not impose any restrictions", "does impose restrictions"),
    ("llama-license-2023", "field deleted", "non-commercial research purposes", "academic non-profit purposes"),
    ("llama-2-license-2023", "number", "700 million monthly", "700 thousand monthly"),
    ("llama-2-license-2023", "date", "on the Llama 2 version release date", "on any date"),
    ("llama-3-community", "exception deleted", "(excluding Meta Llama 3 or derivative works thereof)", ""),
    ("llama-3.1-license-2024", "or to and", "or Licensee’s affiliates, is", "and Licensee’s customers, is"),
    ("llama-3.2-license-2024", "duty", "“Built with Llama”", "“Owned by Llama”"),
    ("llama-3.3-license-2024", "one word", "non-transferable and royalty-free", "non-transferable"),
    ("llama-4-cla-2025", "geographic", "non-exclusive, worldwide", "non-exclusive, North-American"),
    ("bigscience-rail-1.0", "definition", "including providing the Model", "excluding providing the Model"),
    ("bigscience-rail-1.0", "fields of use", "medical advice and medical results", "advice and any results"),
    ("bigscience-open-rail-m", "irrevocable", "no-charge, royalty-free, irrevocable", "no-charge, royalty-free"),
    ("bigcode-open-rail-m-v1", "one word", "any license of your choice", "any license of our choice"),
    ("deepseek-la-1.0", "one word", "For military use in any way", "For governmental use in any way"),
    ("falcon-2-11b-1.0", "extra", "royalty free and without charge", "free for one year"),
    ("gemma-tou-2025-03-24", "or", "copies of Gemma or Model Derivatives if", "copies of Gemma if"),
    ("gemma-tou-2024-04-01", "one word", "Outputs are not deemed", "Outputs are deemed"),
    ("qwen-2024", "one word", "If you are commercially using", "If you are using"),
    ("tongyi-qianwen-2023", "number", "more than 100 million", "more than 100 thousand"),
    ("nvidia-open-model-2025-04-28", "one word", "claims no ownership", "claims ownership"),
    ("nvidia-open-model-2025-04-28", "one word", "Models are commercially usable", "Models are privately usable"),
    ("stability-ai-community-2024", "less", "annual revenue of less than US", "annual costs of less than US"),
)
"""One phrase each; blanks match any."""

CLAUSES: tuple[tuple[str, str, str], ...] = (
    # (text, where: begin, middle, end or after a phrase, what is put in)
    ("apache-2.0", AT_BEGIN, "Valid in Canada alone."),
    ("apache-2.0", AT_END, "Banks pick another model."),
    ("mit", AT_MIDDLE, "Hospitals are left out."),
    ("bsd-new", AT_END, "4. Whoever earns money with this shares a tenth of it with us."),
    ("cc-by-4.0", AT_MIDDLE, "Schools ask first."),
    ("gpl-3.0", AT_MIDDLE, "Students in Brazil are exempt from the freedoms above."),
    ("llama-3.1-license-2024", AT_BEGIN, "Insurers: see our sales team before any download."),
    ("llama-2-license-2023", AT_MIDDLE, "Model merging is out."),
    (
        "gemma-tou-2025-03-24",
        AT_END,
        "Section 5: Each user of a Hosted Service counts as one seat, at 2 dollars a seat.",
    ),
    ("qwen-2024", AT_MIDDLE, "e. Weekly statistics of use go to us by email."),
    ("openmdw-1.0", AT_MIDDLE, "Fine-tuned forms stay private."),
    ("isc", AT_END, "Not in Switzerland."),
    ("bigscience-open-rail-m2", AT_END, "- For advertising of any kind."),
    ("deepseek-la-1.0", AT_END, "-\tIn call centres."),
    ("cc-by-nc-4.0", AT_MIDDLE, "Machine learning counts as commercial."),
    ("falcon-2-11b-1.0", AT_MIDDLE, "Output is ours."),
    ("mpl-2.0", AT_MIDDLE, "Cloud vendors sign a contract with us."),
    ("unlicense", AT_BEGIN, "For people in Europe:"),
    ("odbl-1.0", AT_MIDDLE, "The first hundred rows are free, the rest are sold."),
    ("nvidia-open-model-2025-04-28", AT_MIDDLE, "You will run it on our hardware."),
)
"""Sentences that avoid the words of contracts."""

GONE: tuple[tuple[str, str], ...] = (
    ("apache-2.0", "Grant of Patent License"),
    ("bigscience-rail-1.0", "Grant of Patent License"),
    ("deepseek-la-1.0", "Grant of Patent License"),
    ("llama-3.1-license-2024", "If you receive Llama Materials"),
    ("mit", "The above copyright notice"),
    ("apache-2.0", 'If the Work includes a "NOTICE" text file'),
    ("gemma-tou-2025-03-24", "Google claims no rights"),
    ("openmdw-1.0", "This agreement does not impose"),
    ("cdla-permissive-2.0", "3.1. This agreement does not impose"),
    ("stability-ai-community-2024", "In order to ensure that certain"),
)
"""Sentences taken out, by how they begin."""


def put(text: str, old: str, new: str) -> str:
    """`old` (any blanks between its words) once replaced. Raises where it is not there."""
    spaced = re.compile(r"\s+".join(map(re.escape, old.split())))
    found = spaced.search(text)
    if found is None:
        raise LookupError(old)
    tail = " " if old[-1:] == " " and new else ""
    return text[: found.start()] + new.strip() + tail + text[found.end() :]


def put_in(text: str, where: str, sentence: str) -> str:
    """`sentence` as a paragraph at the begin or end, or after the sentence in the middle."""
    if where == AT_BEGIN:
        return f"{sentence}\n\n{text}"
    if where == AT_END:
        return f"{text.rstrip()}\n\n{sentence}\n"
    ends = [found.end() for found in re.finditer(r"[.;](?=\s)", text)]
    at = min(ends, key=lambda end: abs(end - len(text) // 2))
    return f"{text[:at]} {sentence}{text[at:]}"


def taken_out(text: str, begins: str) -> str:
    """Without the sentence that begins so. Raises where there is none."""
    found = re.search(r"\s+".join(map(re.escape, begins.split())), text)
    if found is None:
        raise LookupError(begins)
    end = re.compile(r"\.(?=\s|$)").search(text, found.end() + 25)
    return text[: found.start()] + text[end.end() if end else len(text) :]


def attacks(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    """(key, what was done, the text)."""
    found = [(key, f"{kind}: {old!r} -> {new!r}", put(texts[key], old, new)) for key, kind, old, new in EDITS]
    found += [(key, f"{where}: {said!r}", put_in(texts[key], where, said)) for key, where, said in CLAUSES]
    return found + [(key, f"gone: {begins!r}", taken_out(texts[key], begins)) for key, begins in GONE]


def paragraphs(text: str) -> list[str]:
    return [one for one in re.split(r"\n\s*\n", text) if one.strip()]


def wrapped(width: int) -> Callable[[str], str]:
    return lambda text: "\n\n".join(textwrap.fill(" ".join(one.split()), width) for one in paragraphs(text))


def led(mark: str) -> Callable[[str], str]:
    return lambda text: "\n".join(mark + row for row in text.splitlines())


def hyphenated(text: str) -> str:
    """Long words broken at the ends of some lines, as in a scanned page."""
    rng = random.Random(5)
    rows = wrapped(70)(text).split("\n")
    out = []
    for row in rows:
        last = re.search(r"[a-z]{9,}$", row)
        if last and rng.random() < 0.5:
            cut = last.start() + 4
            out.append(f"{row[:cut]}-\n{row[cut:]}")
        else:
            out.append(row)
    return "\n".join(out).replace("-\n\n", "-\n")


def without_title(text: str) -> str:
    first, _, rest = text.lstrip().partition("\n")
    return rest if len(first.split()) < 10 and rest.strip() else text


def bulleted(text: str) -> str:
    return re.sub(r"(?m)^(\s*)\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)]\s", r"\1* ", text)


def headed(text: str) -> str:
    rows = text.splitlines()
    return "\n".join(f"### {one.strip()}" if 0 < len(one.split()) < 6 else one for one in rows)


def paged(text: str) -> str:
    """A page number after every forty lines."""
    rows = wrapped(80)(text).splitlines()
    return "\n".join(
        one + (f"\n\n- {at // 40} -\n" if at and at % 40 == 0 and not one else "") for at, one in enumerate(rows)
    )


def as_page(text: str) -> str:
    body = "".join(f"<div><p>{html.escape(one).replace(chr(10), '<br/>')}</p></div>" for one in paragraphs(text))
    return f"<html><head><title>License</title></head><body>{body}</body></html>"


README_AFTER = """

## Usage

Load the checkpoint with the example script and pass it a prompt.

## Results

The table in the paper has the scores.
"""

FORMS: dict[str, Callable[[str], str]] = {
    "wrapped at 40": wrapped(40),
    "wrapped at 60": wrapped(60),
    "wrapped at 100": wrapped(100),
    "two blanks after a stop": lambda text: re.sub(r"\. (?=[A-Z])", ".  ", text),
    "tabs": lambda text: re.sub(r"(?m)^ +", "\t", text),
    "tabs for every blank run": lambda text: re.sub(r" {2,}", "\t", text),
    "no-break blanks": lambda text: text.replace(" ", "\u00a0"),
    "thin blanks": lambda text: re.sub(r"(?<=,) ", "\u2009", text),
    "soft hyphens": lambda text: re.sub(r"([a-z]{4})([a-z]{4})", "\\1\u00ad\\2", text),
    "ligatures": lambda text: text.replace("fi", "\ufb01").replace("fl", "\ufb02"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "curly quotes": lambda text: re.sub(r'"([^"]*)"', r"“\1”", text).replace("'", "’"),
    "straight quotes": lambda text: text.translate(str.maketrans("“”‘’", "\"\"''")),
    "guillemets": lambda text: re.sub(r"[\"“]([^\"“”]*)[\"”]", r"«\1»", text),
    "long dashes": lambda text: text.replace(" - ", " \u2014 "),
    "comment #": led("# "),
    "comment *": led(" * "),
    "comment //": led("// "),
    "comment --": led("-- "),
    "comment ;;": led(";; "),
    "comment REM": led("    "),
    "a docstring": lambda text: f'"""\n{text}\n"""',
    "headings in capitals": lambda text: "\n".join(
        one.upper() if 0 < len(one.split()) < 6 else one for one in text.splitlines()
    ),
    "markdown headings": headed,
    "bullets for numbers": bulleted,
    "a page": as_page,
    "a fence": lambda text: f"```text\n{text}\n```",
    "bold capitals": lambda text: re.sub(r"\b([A-Z]{4,}(?: [A-Z]{2,})*)\b", r"**\1**", text),
    "hyphenated at line ends": hyphenated,
    "pages": paged,
    "empty lines doubled": lambda text: re.sub(r"\n\s*\n", "\n\n\n\n", text),
    "blanks at line ends": lambda text: text.replace("\n", "   \n"),
    "old mac line ends": lambda text: text.replace("\n", "\r"),
    "title left out": without_title,
    "one holder": lambda text: f"Copyright 2027 Mira Okafor\n\n{text}",
    "several holders": lambda text: (
        "Copyright (c) 2019-2024 Heron AI GmbH\nCopyright (c) 2024, 2025 The Heron Authors and contributors\n"
        f"© 2026 Dr. Ines Vargas <ines@heron.example>. All rights reserved.\n\n{text}"
    ),
    "holders between": lambda text: text.replace("\n\n", "\n\nCopyright (c) 2026 Heron AI GmbH\n\n", 1),
    "a README after it": lambda text: f"# License\n\n{text}{README_AFTER}",
    "an identifier above": lambda text: f"SPDX-FileCopyrightText: 2026 Heron AI GmbH\n\n{text}",
    "British spelling": lambda text: re.sub(r"\blicense(?=s?\b)", "licence", text).replace("authorize", "authorise"),
}
"""Nothing of these changes what a text allows."""
