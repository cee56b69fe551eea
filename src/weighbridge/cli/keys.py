"""`weighbridge keys`: the keys of vendors in the system's keyring."""

from __future__ import annotations

import sys

import click

from weighbridge.errors import UsageError, nearest


@click.group()
def keys() -> None:
    """Keep the keys of vendors in the system's keyring.

    They are used where the environment has none, and shown by no command.
    """


@keys.command(name="set")
@click.argument("name")
def set_(name: str) -> None:
    """Keep the key of the vendor NAME; it is asked for without echo, or read from standard input."""
    from weighbridge.models.keys import checked, keep

    _known(name)
    typed = sys.stdin.isatty()
    key = click.prompt(f"Key of {name}", hide_input=True, err=True) if typed else sys.stdin.readline()
    key = key.strip()
    if not key:
        raise UsageError("no key was given", fix=f"type it at the prompt, or: weighbridge keys set {name} < FILE")
    keep(name, checked(key, "standard input"))
    click.echo(f"The key of {name} is in the keyring.", err=True)


@keys.command(name="list")
@click.option("--all", "every", is_flag=True, help="Also vendors without a key.")
def list_(every: bool) -> None:
    """Say for each vendor where its key is, never the key."""
    import os

    from weighbridge.models.keys import in_keyring
    from weighbridge.models.remote.wires.vendors import VENDORS

    shown = 0
    for vendor in VENDORS.values():
        found = next((name for name in vendor.key_envs if os.environ.get(name, "").strip()), None)
        where = f"environment: {found}" if found else "keyring" if in_keyring(vendor.name) else ""
        if where or every:
            shown += 1
            click.echo(f"{vendor.name:<14} {where or 'none; export ' + ' or '.join(vendor.key_envs)}")
    if not shown:
        click.echo("No vendor has a key. Export one (weighbridge keys list --all names the variables), or: keys set")


@keys.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the key of the vendor NAME out of the keyring."""
    from weighbridge.models.keys import forget

    _known(name)
    if not forget(name):
        raise UsageError(f"the keyring holds no key of {name}", fix="weighbridge keys list says which there are")
    click.echo(f"The key of {name} is out of the keyring.", err=True)


def _known(name: str) -> None:
    from weighbridge.models.remote.wires.vendors import VENDORS

    if name not in VENDORS:
        # What was typed here may be the key itself, by mistake: it is not repeated.
        close = nearest(name, VENDORS)
        raise UsageError("there is no vendor of that name", fix=f"{close} (a key is never an argument)")
