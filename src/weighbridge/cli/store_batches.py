"""`weighbridge store batches`."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from weighbridge.cli.store_options import located, location_option
from weighbridge.store import open_store

if TYPE_CHECKING:
    from weighbridge.weighing.lot_log import Lot

_SAID = {
    "meant": "about to be sent; it never was, and the next run sends it anew",
    "sent": "sent, and no receipt came: the next run looks for it at the vendor",
    "known": "at the vendor: the next run reads its answers",
}


@click.command()
@location_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def batches(location: str | None, as_json: bool) -> None:
    """List the batches that are still at a vendor (`mode: batch`).

    They are billed by the vendor. Running the same comparison again reads their answers into the store.
    """
    from weighbridge.weighing.lot_log import LotLog

    with open_store(located(location), readonly=True) as held:
        lots = LotLog(held).open()
    if as_json:
        click.echo(json.dumps([_row(lot) for lot in lots], indent=2))
        return
    from weighbridge.report.clean import clean_line, encodable

    for lot in lots:
        size = "1 request" if lot.size == 1 else f"{lot.size:,} requests"
        lines = [
            f"{clean_line(lot.id or 'batch without an id yet', 70)}, {size}, {_moment(lot.at)} UTC",
            f"  {clean_line(lot.source.candidate, 40)} ({clean_line(lot.spec, 60)})",
            f"  {_SAID[lot.step]}",
        ]
        for line in lines:
            click.echo(encodable(line, sys.stdout.encoding or "ascii"))
    if not lots:
        click.echo("no batch is out")


def _row(lot: Lot) -> dict[str, Any]:
    return {
        "id": lot.id,
        "candidate": lot.source.candidate,
        "task": lot.source.task,
        "model": lot.spec,
        "requests": lot.size,
        "step": lot.step,
        "since": _moment(lot.at),
    }


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
