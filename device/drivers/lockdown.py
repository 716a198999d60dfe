"""What a process can give up for good: files, sockets, other programs, memory, time, and its own memory image.

Used by the child that decodes a card's picture. Each layer stands alone, so that a kernel without one of them still has
the others; the caller is told which are in force. libseccomp knows the numbers of system calls on every machine; it is
a part of Debian's base system and is called directly, because its Python bindings are either abandoned or bound to the
system's interpreter.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
import resource
import signal
import struct
from enum import IntFlag
from typing import Final

PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38

ALLOW: Final = 0x7FFF_0000
DENY: Final = 0x0005_0000 | errno.EPERM
"""The call fails as if it were forbidden: what asks for it sees an error and not a corpse, so tests can look."""
NEEDED: Final = (
    "brk",
    "clock_gettime",
    "close",
    "exit",
    "exit_group",
    "fstat",
    "futex",
    "getrandom",
    "lseek",
    "madvise",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "newfstatat",
    "read",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "write",
)
"""System calls of a Python program that computes, reads what is open and writes to what is open."""

LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
"""The same numbers on every machine that Linux runs on."""
LANDLOCK_VERSION_QUESTION: Final = 1
FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights on files each version of Landlock knows; later ones know 16."""
MOST_FILE_RIGHTS: Final = 16
NETWORK_SINCE: Final = 4
BIND_AND_CONNECT: Final = 0b11


class Protection(IntFlag):
    """Layers that are in force."""

    LIMITS = 1
    NO_NEW_PRIVILEGES = 2
    LANDLOCK = 4
    SECCOMP = 8


COMPLETE: Final = Protection.LIMITS | Protection.NO_NEW_PRIVILEGES | Protection.LANDLOCK | Protection.SECCOMP


def leave_no_memory_image() -> None:
    """Forbid core dumps, and to every process of the same user to look into this one's memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def give_everything_up(*, memory_bytes: int, processor_s: float, descriptors: int = 3) -> Protection:
    """Keep nothing but computing with what is open already; return what is in force.

    `processor_s` counts from now. A new descriptor, so any file or socket, is refused beyond the first `descriptors`.
    """
    leave_no_memory_image()
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = _load_seccomp()  # this and Landlock open a descriptor, so they come before the limits
    in_force = Protection.LIMITS
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        in_force |= Protection.NO_NEW_PRIVILEGES
        if _landlock(libc):
            in_force |= Protection.LANDLOCK
    _limit(memory_bytes, processor_s, descriptors)
    if seccomp is not None and _allow_only(seccomp, NEEDED):
        in_force |= Protection.SECCOMP
    return in_force


def _limit(memory_bytes: int, processor_s: float, descriptors: int) -> None:
    used_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        # Whole seconds since the process began; the timer below is exact, and this one cannot be set back.
        (resource.RLIMIT_CPU, math.ceil(used_s + processor_s)),
        (resource.RLIMIT_NOFILE, descriptors),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, processor_s)


def _load_seccomp() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        library.seccomp_init.restype = ctypes.c_void_p
    except (OSError, AttributeError):
        return None
    return library


def _allow_only(library: ctypes.CDLL, names: tuple[str, ...]) -> bool:
    address = library.seccomp_init(ctypes.c_uint32(DENY))
    if not address:
        return False
    rules = ctypes.c_void_p(address)
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        # A name that this machine does not have is no error: no program here can call it.
        if number >= 0 and library.seccomp_rule_add_array(rules, ctypes.c_uint32(ALLOW), number, 0, None) != 0:
            return False
    return bool(library.seccomp_load(rules) == 0)


def _landlock(libc: ctypes.CDLL) -> bool:
    """Give up every right on files and, where the kernel knows it, on TCP ports: a set of rules that allows nothing."""
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION_QUESTION)
    if version < 1:
        return False
    files = (1 << FILE_RIGHTS.get(version, MOST_FILE_RIGHTS)) - 1
    handled = struct.pack("=Q", files) + (struct.pack("=Q", BIND_AND_CONNECT) if version >= NETWORK_SINCE else b"")
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return False
    try:
        return bool(libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)
