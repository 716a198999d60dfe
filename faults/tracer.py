"""A child that is killed before its n-th write: real SIGKILL at real system calls, by ptrace(2) and seccomp(2).

Both come with the kernel and need no package, and a child forked from a warm process takes milliseconds. What counts
as a write is what changes files for good; the child's talk on a pipe does not.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable, Mapping
from typing import Final

_TRACEME, _CONTINUE, _SETOPTIONS = 0, 7, 0x4200
_O_TRACESECCOMP, _O_EXITKILL = 1 << 7, 1 << 20
_EVENT_SECCOMP: Final = signal.SIGTRAP | 7 << 8
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_TELL_TRACER, _ALLOW = 0x7FF0_0000, 0x7FFF_0000

WRITES: Final = {
    # pwrite64, fsync, fdatasync, ftruncate, rename, unlink, unlinkat, pwritev
    "x86_64": frozenset({18, 74, 75, 77, 82, 87, 263, 296}),
    # pwrite64, fsync, fdatasync, ftruncate, renameat, renameat2, unlinkat, pwritev
    "aarch64": frozenset({68, 82, 83, 46, 38, 276, 35, 70}),
}

CHANGES: Final = {
    # write, openat, mkdir, rmdir, symlink, symlinkat, renameat
    "x86_64": WRITES["x86_64"] | {1, 257, 83, 84, 88, 266, 264},
    # write, openat, mkdirat, symlinkat
    "aarch64": WRITES["aarch64"] | {64, 56, 34, 36},
}
"""WRITES and all else that changes a folder. Opening a file for reading counts too: that cannot be told apart here."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def writes_before_end(
    work: Callable[[], None],
    kill_at: int | None = None,
    calls: Mapping[str, frozenset[int]] = WRITES,
    look: Callable[[int], None] = lambda _: None,
) -> int | None:
    """Run `work` in a child; kill it before its write number `kill_at`, counted from 1. `calls` says what is a write.

    `look` is told the child's process id before each of them, while the child stands still.

    Return None when it was killed, else how many writes there were. Raise RuntimeError when it failed by itself, and
    OSError where ptrace is not allowed.
    """
    child = os.fork()
    if child == 0:
        _live(work, calls)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        raise OSError("ptrace is not allowed here")
    _ptrace(_SETOPTIONS, child, _O_TRACESECCOMP | _O_EXITKILL)
    writes = 0
    deliver = 0
    while True:
        _ptrace(_CONTINUE, child, deliver)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            if status != 0:
                raise RuntimeError(f"the child ended by itself with status {status}")
            return writes
        if status >> 8 != _EVENT_SECCOMP:
            deliver = os.WSTOPSIG(status)
            continue
        deliver = 0
        writes += 1
        look(child)
        if writes == kill_at:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None


def _live(work: Callable[[], None], calls: Mapping[str, frozenset[int]]) -> None:
    try:
        _ptrace(_TRACEME, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _stop_at(calls[platform.machine()])
        work()
    except BaseException:  # noqa: BLE001  the child of a fork must end here, whatever it was
        os._exit(1)
    os._exit(0)


def _stop_at(calls: frozenset[int]) -> None:
    """Let the kernel tell the tracer of these calls and of nothing else."""
    numbers = sorted(calls)
    steps = [
        (_LOAD, 0, 0, 0),
        *((_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _TELL_TRACER),
    ]
    program = _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))
    library = ctypes.CDLL(None, use_errno=True)
    for answer in (
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        library.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0),
    ):
        if answer:
            raise OSError(ctypes.get_errno(), "seccomp is not allowed here")


def _ptrace(request: int, pid: int, data: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    library.ptrace.restype = ctypes.c_long
    if library.ptrace(request, pid, 0, data) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
