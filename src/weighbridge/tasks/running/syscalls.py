"""Which system calls code in the sandbox may not make, as a seccomp filter (seccomp_filter.rst).

Numbers are from the kernel's tables arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl (arm64).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE_THREAD = 0x00010000
O_TRUNC, O_ACCMODE = 0o1000, 0o3
SOCK_STREAM, SOCK_KINDS = 1, 0xF
X32 = 0x40000000

# Names to numbers: (x86_64, aarch64); None: the machine has no such call.
Numbers = tuple[int | None, int | None]

NETWORK: dict[str, Numbers] = {
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "accept4": (288, 242),
    "bind": (49, 200),
    "listen": (50, 201),
}
PROCESSES: dict[str, Numbers] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
MEMORY: dict[str, Numbers] = {
    # Memory that RLIMIT_AS does not count, or that outlives the process.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
}
FILES: dict[str, Numbers] = {
    # Landlock does not watch over these.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
}
SYSTEM: dict[str, Numbers] = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "personality": (135, 92),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
ABSENT: dict[str, Numbers] = {"clone3": (435, 435), "openat2": (437, 437)}
"""Said to be unknown, so that callers fall back to the older form, whose arguments a filter can read."""

OWN_PID: dict[str, Numbers] = {"kill": (62, 129), "tgkill": (234, 131), "tkill": (200, 130)}
SELF_ONLY: dict[str, Numbers] = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45


def _step(code: int, value: int, then: int = 0, other: int = 0) -> bytes:
    return struct.pack("HBBI", code, then, other, value & 0xFFFFFFFF)


def _argument(position: int) -> bytes:
    """The low 32 bits of an argument."""
    return _step(_LOAD, 16 + 8 * position + (4 if sys.byteorder == "big" else 0))


def _where(number: int, *steps: bytes) -> bytes:
    """`steps` for one system call; they must end in a return."""
    return _step(_EQUAL, number, 0, len(steps)) + b"".join(steps)


def filter_program(machine: str, pid: int) -> bytes:
    """The filter for a process `pid` on `machine`: an array of ``struct sock_filter``.

    No network, no new process, no other program, no signal to anybody else, no memory that escapes the limit, no
    change to a file's owner, rights or times. Threads may be made. Raises KeyError for another machine.
    """
    column = list(AUDIT_ARCH).index(machine)
    refuse, unknown, allow = (_step(_RETURN, code) for code in (REFUSE | EPERM, REFUSE | ENOSYS, ALLOW))

    def numbers(table: dict[str, Numbers]) -> Iterator[int]:
        yield from (number for pair in table.values() if (number := pair[column]) is not None)

    program = [_step(_LOAD, 4), _step(_EQUAL, AUDIT_ARCH[machine], 1, 0), _step(_RETURN, KILL), _step(_LOAD, 0)]
    if machine == "x86_64":
        program += [_step(_AT_LEAST, X32, 0, 1), unknown]
    for table in (NETWORK, PROCESSES, MEMORY, FILES, SYSTEM):
        program += [_where(number, refuse) for number in numbers(table)]
    program += [_where(number, unknown) for number in numbers(ABSENT)]
    for number in numbers(OWN_PID):
        program.append(_where(number, _argument(0), _step(_EQUAL, pid, 1, 0), refuse, allow))
    for number in numbers(SELF_ONLY):
        program.append(_where(number, _argument(0), _step(_EQUAL, 0, 1, 0), refuse, allow))
    clone = (56, 220)[column]
    program.append(_where(clone, _argument(0), _step(_ANY_BIT, CLONE_THREAD, 1, 0), refuse, allow))
    pair = (53, 199)[column]
    # asyncio wakes itself through a pair of streams; of datagrams one end could write to any socket's address.
    program.append(
        _where(pair, _argument(1), _step(_AND, SOCK_KINDS), _step(_EQUAL, SOCK_STREAM, 1, 0), refuse, allow)
    )
    for number, flags in ((2, 1), (257, 2)) if machine == "x86_64" else ((56, 2),):
        # Before Landlock's third version, opening for reading could empty a file.
        program.append(
            _where(
                number,
                _argument(flags),
                _step(_AND, O_TRUNC | O_ACCMODE),
                _step(_EQUAL, O_TRUNC, 0, 1),
                refuse,
                allow,
            )
        )
    return b"".join([*program, allow])
