"""What a process leaves in its memory: freed blocks keep what was written in them until somebody else gets them.

Secrets that lie in buffers of ours are overwritten by who holds them. But a card's answer is an immutable `bytes`, a
network's inner layers belong to its runtime, and a decoder's rows to its library: nobody of ours can overwrite those.
So the allocator does it: glibc fills each block when it is freed, and Python takes all its memory from glibc. Both are
settings that count from a program's start, so a program that wants them starts itself again.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import Final

import numpy as np

SETTINGS: Final = {
    # Without the per-thread cache, whose blocks would keep their content; and with few pools of memory, because each
    # thread that computes with pictures would keep as much as its largest picture took.
    "GLIBC_TUNABLES": "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1",
    "PYTHONMALLOC": "malloc",
}
SMALL_ARRAY_BYTES: Final = 1024
KEPT_ARRAYS: Final = 8
"""numpy keeps up to seven freed blocks of each size below this to itself."""
PROBE_BYTES: Final = 200
LINKS_BYTES: Final = 32
"""At its beginning a free block holds the allocator's own pointers."""


def start_again_overwriting() -> None:
    """Replace this program by itself with the settings in force; return where they are already, or did not help."""
    if all(os.environ.get(name) == value for name, value in SETTINGS.items()):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | SETTINGS)  # noqa: S606  ourselves


def is_overwritten() -> bool:
    """Try it: return whether a freed block of C's and one of Python's have lost what was written in them."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    pattern = bytes(range(1, PROBE_BYTES + 1))
    block = libc.malloc(PROBE_BYTES)
    ctypes.memmove(block, pattern, PROBE_BYTES)
    libc.free(block)
    left = [ctypes.string_at(block + LINKS_BYTES, PROBE_BYTES // 2)]
    ours = bytearray(pattern)
    address = ctypes.addressof(ctypes.c_char.from_buffer(ours))
    del ours
    left.append(ctypes.string_at(address + LINKS_BYTES, PROBE_BYTES // 2))
    return not any(pattern[LINKS_BYTES + 8 : LINKS_BYTES + 24] in seen for seen in left)


def settle() -> None:
    """Say that what there is now stays: later collections look at what came since, and take no time to speak of."""
    gc.collect()
    gc.freeze()


def sweep() -> None:
    """Overwrite what is free but not given back: numpy's small blocks, and whatever only the collector can free.

    Then give back to the system what is free.
    """
    gc.collect()
    for size in range(1, SMALL_ARRAY_BYTES):
        kept = [np.zeros(size, np.uint8) for _ in range(KEPT_ARRAYS)]
        del kept
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)
