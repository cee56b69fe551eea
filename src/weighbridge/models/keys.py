"""Where a vendor's key is: the environment, else the system's keyring. It is never kept anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from weighbridge.errors import UsageError, WeighbridgeError

SERVICE = "weighbridge"
"""The keyring's service; the entry's user is the vendor's name."""
_INSTALL = "pip install 'weighbridge[keyring]'"


def key_for(vendor: str, names: Sequence[str], key_env: str | None, spec: str) -> str:
    """The key of `vendor`: from the variable `key_env` alone where the project names one, else from the first of
    `names` that is set, else from the keyring. Raises UsageError where there is none."""
    looked = (key_env,) if key_env is not None else tuple(names)
    for name in looked:
        key = os.environ.get(name, "").strip()
        if key:
            return checked(key, f"the environment variable {name}", spec)
    kept = None if key_env is not None else in_keyring(vendor)
    if kept:
        return checked(kept, "the keyring", spec)
    first = looked[0] if looked else f"{vendor.upper()}_API_KEY"
    others = f" (nor {', '.join(looked[1:])})" if looked[1:] else ""
    stored = (
        "" if key_env is not None else f"\n         or keep it in the system's keyring: weighbridge keys set {vendor}"
    )
    raise UsageError(
        f"no key for {vendor}: the environment variable {first} is not set{others}",
        where=f"model {spec!r}",
        fix=f"export {first}=...{stored}",
    )


def checked(key: str, where: str, spec: str | None = None) -> str:
    """`key`, where it can be one: an HTTP header must carry it. Raises UsageError, which never shows it."""
    if not key.isascii() or not key.isprintable():
        raise UsageError(
            f"the key in {where} holds characters no key has", where=None if spec is None else f"model {spec!r}"
        )
    return key


def in_keyring(vendor: str) -> str | None:
    """The key kept for `vendor`; None where there is none, no keyring, or no `keyring` package."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return (keyring.get_password(SERVICE, vendor) or "").strip() or None
    except (KeyringError, RuntimeError):
        # Locked, or none at all: a run without a desktop. The environment is left.
        return None


def keep(vendor: str, key: str) -> None:
    """Put `key` into the keyring. Raises WeighbridgeError where there is none."""
    keyring, broken = _keyring()
    try:
        keyring.set_password(SERVICE, vendor, key)
    except broken as error:
        raise _no_keyring(error, key) from None


def forget(vendor: str) -> bool:
    """Take the key of `vendor` out of the keyring; False where none was there."""
    keyring, broken = _keyring()
    try:
        if not keyring.get_password(SERVICE, vendor):
            return False
        keyring.delete_password(SERVICE, vendor)
    except broken as error:
        raise _no_keyring(error, None) from None
    return True


def _keyring() -> tuple[ModuleType, tuple[type[Exception], ...]]:
    """The package, and what it raises where no keyring can be used."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise UsageError(
            "the system's keyring needs a package that is not installed",
            fix=f"{_INSTALL}; or export the key in the environment",
        ) from None
    return keyring, (KeyringError, RuntimeError)


def _no_keyring(error: Exception, key: str | None) -> WeighbridgeError:
    said = " ".join(str(error).split())[:200]
    if key and key in said:
        said = "it refused the key"
    on = "" if sys.platform != "linux" else " (on Linux: a running Secret Service such as GNOME Keyring or KWallet)"
    return WeighbridgeError(
        f"the system's keyring cannot be used: {said}",
        fix=f"export the key in the environment instead, or set up a keyring{on}",
    )
