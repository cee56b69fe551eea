"""Shuts the calling process in: files by Landlock, system calls by seccomp, amounts by resource limits; for good.

None of it needs rights. Interfaces: landlock(7), seccomp(2), capset(2), prctl(2) of the Linux manual pages.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence

from weighbridge.tasks.running.syscalls import AUDIT_ARCH, filter_program

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 21, 22, 38
SECCOMP_MODE_FILTER = 2
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITY_VERSION = 0x20080522

READ_FILE, READ_DIR = 1 << 2, 1 << 3
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of file rights that each version of Landlock knows; later versions know as many as the fifth."""
MADE_IN_FOLDER = sum(1 << bit for bit in (1, 2, 3, 4, 5, 7, 8, 12, 13, 14))
"""Write, read, list, remove, make files, folders and links, move, cut."""


class CageError(OSError):
    """A wall could not be put up; nothing may run."""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Version of the kernel's Landlock; 0 where it has none or it is off."""
    if not sys.platform.startswith("linux"):
        return 0
    found = int(_libc().syscall(CREATE_RULESET, None, 0, VERSION_FLAG))
    return max(found, 0)


def missing() -> str | None:
    """What this machine lacks for a sandbox, in a sentence; None where it has everything."""
    if not sys.platform.startswith("linux"):
        return f"the sandbox needs Linux, and this is {sys.platform}"
    if platform.machine() not in AUDIT_ARCH:
        return f"the sandbox knows the machines {', '.join(AUDIT_ARCH)}, and this is {platform.machine()}"
    if landlock_version() < 1:
        return "the kernel offers no Landlock (it takes Linux 5.13 or newer with landlock among its security modules)"
    # PR_GET_SECCOMP fails where the kernel was built without it.
    if _libc().prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0:
        return "the kernel offers no seccomp filters"
    return None


def bound(*, seconds: float, memory: int, disk: int, outputs: int = 64) -> None:
    """Limit what the process may use: processor seconds, MiB of address space beyond today's, MiB of one file."""
    cpu = max(1, int(seconds) + 1)
    space = _address_space() + memory * 1024 * 1024
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_AS, space, space),
        (resource.RLIMIT_FSIZE, disk * 1024 * 1024, disk * 1024 * 1024),
        (resource.RLIMIT_NOFILE, outputs, outputs),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no pathlib in the small interpreter
        return int(file.read().split()[0]) * resource.getpagesize()


def shut(readable: Sequence[str], writable: str | None) -> None:
    """From here on the process reads files only under `readable`, writes only under `writable`, starts nothing,
    reaches no network and signals nobody. Raises `CageError` where a wall cannot be put up."""
    libc = _libc()
    _control(libc, PR_SET_PDEATHSIG, signal.SIGKILL)
    _control(libc, PR_SET_NO_NEW_PRIVS, 1)
    _fence(libc, readable, writable)
    _drop_capabilities(libc)
    _control(libc, PR_SET_DUMPABLE, 0)
    _filter(libc)


def _fence(libc: ctypes.CDLL, readable: Sequence[str], writable: str | None) -> None:
    version = landlock_version()
    if version < 1:
        raise CageError("the kernel offers no Landlock")
    rights = (1 << RIGHTS.get(version, RIGHTS[5])) - 1
    network = 0b11 if version >= 4 else 0
    scopes = 0b11 if version >= 6 else 0
    words = 1 if version < 4 else 2 if version < 6 else 3
    attributes = (ctypes.c_uint64 * 3)(rights, network, scopes)
    rules = _checked(
        libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(8 * words), 0), "landlock_create_ruleset"
    )
    for path in readable:
        _allow(libc, rules, path, (READ_FILE | READ_DIR) & rights)
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        _allow(libc, rules, device, READ_FILE | (1 << 1 if device == "/dev/null" else 0))
    if writable is not None:
        _allow(libc, rules, writable, MADE_IN_FOLDER & rights)
    _checked(libc.syscall(RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    os.close(rules)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - no pathlib in the small interpreter
            rights &= ~READ_DIR
        _checked(
            libc.syscall(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(_Beneath(rights, place)), 0),
            f"landlock_add_rule({path})",
        )
    finally:
        os.close(place)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(libc.syscall(CAPSET[platform.machine()], header, nothing), "capset")


def _filter(libc: ctypes.CDLL) -> None:
    program = filter_program(platform.machine(), os.getpid())
    held = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    whole = Program(len(program) // 8, ctypes.cast(held, ctypes.c_void_p))
    _control(libc, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(whole))


def _control(libc: ctypes.CDLL, option: int, *values: int) -> None:
    """prctl, whose unused arguments must be zero in all their bits."""
    whole = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)][:4]
    _checked(libc.prctl(option, *whole), f"prctl({option})")


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise CageError(number, f"{call}: {os.strerror(number)}")
    return result
