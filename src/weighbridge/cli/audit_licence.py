"""`weighbridge audit licence`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.evidence.requirements import Job, Modality, Use

USES = ("internal", "service", "ship-weights", "ship-product", "train-model")
MODALITIES = ("text", "image", "audio", "video")
HEADS = {"diff": 2, "show": 1, "list": 0}
"""First words that are no target, and how many words follow."""

EXIT = {"allowed": 0, "allowed if": 0, "unknown": 3, "not allowed": 4}


@click.command()
@click.argument("words", nargs=-1, metavar="TARGET | diff A B | show ID | list")
@click.option(
    "--use", "uses", multiple=True, metavar="USE", help=f"What for: {', '.join(USES)}. Several may be given."
)
@click.option(
    "--commercial", "commercial", is_flag=True, help="It serves a business. This is taken where nothing is said."
)
@click.option("--no-commercial", "free", is_flag=True, help="It serves no business, at nobody's.")
@click.option("--country", metavar="CODE", help="Where the organisation has its seat: DE, US, ...")
@click.option("--users-in", multiple=True, metavar="CODE", help="Where its users are; several, or with commas.")
@click.option("--monthly-users", type=int, metavar="N", help="Monthly active users over all products and affiliates.")
@click.option("--revenue", type=float, metavar="USD", help="Revenue a year, affiliates included.")
@click.option("--field", metavar="WORDS", help="Field of use: medicine, justice, military, finance, research, ...")
@click.option(
    "--modality", "modalities", multiple=True, metavar="KIND", help=f"What goes in and out: {', '.join(MODALITIES)}."
)
@click.option("--modified", is_flag=True, help="The weights are changed: fine-tuned, merged, quantised.")
@click.option(
    "--with",
    "more",
    multiple=True,
    metavar="KIND:NAME",
    help="What comes along: adapter, data, code, tokenizer, base or outputs (that it was trained on), as a model, a "
    "folder, a licence or an SPDX expression.",
)
@click.option("--check", is_flag=True, help="Leave with 4 where it is not allowed, and 3 where that is unknown.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def licence(
    words: tuple[str, ...],
    uses: tuple[str, ...],
    commercial: bool,
    free: bool,
    country: str | None,
    users_in: tuple[str, ...],
    monthly_users: int | None,
    revenue: float | None,
    field: str | None,
    modalities: tuple[str, ...],
    modified: bool,
    more: tuple[str, ...],
    check: bool,
    as_json: bool,
) -> int:
    """Say whether a model's licences allow a job, and where.

    TARGET is a name of the catalogue, a model folder, a hub-style listing in a .json file, a licence's text, or
    licence:NAME. All of its parts count, with what it was made from. The answer is "allowed", "allowed if" with
    duties and conditions, "not allowed" or "unknown", each with the clause. It is not legal advice.

    `diff A B` tells what changed between two licences, `show ID` what is known of one, `list` which are known.
    """
    from weighbridge.cli import licence_view

    if not words:
        raise UsageError("no target is named", fix="weighbridge audit licence llama-2-70b --use service")
    head, rest = words[0], words[1:]
    if head in HEADS:
        if len(rest) != HEADS[head]:
            forms = {"diff": "diff llama-2 llama-3.1", "show": "show llama-2", "list": "list"}
            raise UsageError(
                f"{head} takes {HEADS[head] or 'no'} name{'' if HEADS[head] == 1 else 's'}, and {len(rest)} came",
                fix=f"weighbridge audit licence {forms[head]} (a folder of that name: ./{head})",
            )
        if head == "diff":
            return licence_view.show_diff(*rest, as_json=as_json)
        if head == "show":
            return licence_view.show_terms(*rest, as_json=as_json)
        return licence_view.show_list(as_json=as_json)
    if rest:
        raise UsageError(
            f"one target at a time, and {len(words)} came: {', '.join(words)}",
            fix="what is used with it goes into --with, such as --with adapter:./lora",
        )
    job = _job(uses, commercial, free, country, users_in, monthly_users, revenue, field, modalities, modified)
    from weighbridge.audit.licence import audit_licence, licence_target

    audit = audit_licence(licence_target(head), job, more)
    licence_view.show_audit(audit, as_json=as_json)
    return EXIT[audit.verdict] if check else 0


def _job(
    uses: tuple[str, ...],
    commercial: bool,
    free: bool,
    country: str | None,
    users_in: tuple[str, ...],
    monthly_users: int | None,
    revenue: float | None,
    field: str | None,
    modalities: tuple[str, ...],
    modified: bool,
) -> Job:
    from weighbridge.evidence.requirements import Job

    if commercial and free:
        raise UsageError("--commercial and --no-commercial contradict each other", fix="give one of them")
    for option, number in (("--monthly-users", monthly_users), ("--revenue", revenue)):
        if number is not None and not 0 <= number < float("inf"):
            raise UsageError(f"{option} cannot be {number}", fix="give a number of 0 or more")
    codes = tuple(code for text in users_in for code in text.replace(",", " ").split())
    use = tuple(_named(one, USES, "--use").replace("-", "_") for one in _split(uses))
    modality = tuple(_named(one, MODALITIES, "--modality") for one in _split(modalities))
    return Job(
        use=cast("tuple[Use, ...]", use or ("internal",)),
        commercial=not free,
        country=None if country is None else country.strip().upper(),
        users_in=tuple(code.upper() for code in codes),
        monthly_users=monthly_users,
        yearly_revenue=revenue,
        field=field,
        modality=cast("tuple[Modality, ...]", modality or ("text",)),
        modified=modified,
    )


def _split(values: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(one for text in values for one in text.replace(",", " ").split()))


def _named(text: str, known: tuple[str, ...], option: str) -> str:
    plain = text.strip().lower().replace("_", "-")
    if plain not in known:
        raise UsageError(f"{option} {text} is not known", fix=f"{nearest(plain, known)} (all: {', '.join(known)})")
    return plain
