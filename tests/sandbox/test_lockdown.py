"""What the child gave up it cannot do: each attempt is really made, in a process that gave everything up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from device.drivers.lockdown import COMPLETE, Protection
from device.drivers.portrait import SandboxedPortraitDecoder

GIVEN_UP = (
    "import ctypes, mmap, os, resource, signal, socket, threading\n"
    "from device.drivers import lockdown\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def call(result):\n"
    "    if result == -1:\n        raise OSError(ctypes.get_errno(), 'refused')\n"
    "spare = os.open('/dev/null', os.O_RDWR)\n"
    "{changed}\n"
    "print(int(lockdown.give_everything_up(memory_bytes=1 << 28, processor_s=1.0, descriptors={descriptors})))\n"
    "try:\n    {attempt}\n"
    "except (OSError, MemoryError, RuntimeError) as error:\n    print(type(error).__name__)\n"
    "else:\n    print('done')\n"
)
ATTEMPTS = {
    "read a file": "open('/etc/hostname')",
    "write a file": "open('/tmp/uketsuke-portrait-escape', 'w')",
    "write to a file that is open": "libc.pwrite.restype = ctypes.c_long; call(libc.pwrite(spare, b'x', 1, 0))",
    "list a folder": "os.listdir('/')",
    "remove a file": "os.unlink('/tmp/uketsuke-portrait-escape')",
    "open a socket": "socket.socket()",
    "open a pair of sockets": "socket.socketpair()",
    "make a pipe": "os.pipe()",
    "make a file in memory": "os.memfd_create('x')",
    "start a process": "os.fork()",
    "start a thread": "threading.Thread(target=print).start()",
    "become another program": "os.execv('/bin/true', ['true'])",
    "send a signal": "os.kill(os.getppid(), signal.SIGTERM)",
    "look into another process": "call(libc.ptrace(16, os.getppid(), None, None))",
    "read another process's memory": "call(libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0))",
    "touch the limits": "call(libc.prlimit(0, 0, None, None))",
    "take the timer back": "signal.setitimer(signal.ITIMER_PROF, 0)",
    "control a device": "call(libc.ioctl(spare, 0x5451, None))",
    "take all memory": "bytearray(1 << 30)",
}
WITHOUT = {
    Protection.SECCOMP: "lockdown._load_seccomp = lambda: None",
    Protection.LANDLOCK: "lockdown._landlock = lambda libc: False",
}


def attempt(what: str, *, changed: str = "", descriptors: int = 3) -> tuple[Protection, str]:
    """Return what was in force and what became of the attempt."""
    code = GIVEN_UP.format(changed=changed, attempt=what, descriptors=descriptors)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    in_force, _, end = done.stdout.strip().partition("\n")
    return Protection(int(in_force)), end


@pytest.mark.parametrize("what", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_what_was_given_up_cannot_be_done(what: str) -> None:
    in_force, end = attempt(what, descriptors=20)

    assert in_force == COMPLETE
    assert end in {"PermissionError", "OSError", "MemoryError", "RuntimeError", "itimer_error"}


@pytest.mark.parametrize("gone", WITHOUT, ids=str)
def test_a_kernel_without_one_layer_is_named_and_the_others_still_refuse_files(gone: Protection) -> None:
    in_force, end = attempt(ATTEMPTS["read a file"], changed=WITHOUT[gone], descriptors=20)

    assert in_force == COMPLETE & ~gone
    assert end == "PermissionError"


def test_where_the_kernel_has_neither_the_limits_still_refuse_files_sockets_and_memory() -> None:
    for name in ("read a file", "open a socket", "take all memory"):
        in_force, end = attempt(ATTEMPTS[name], changed="\n".join(WITHOUT.values()))
        assert not in_force & (Protection.SECCOMP | Protection.LANDLOCK)
        assert end in {"OSError", "MemoryError"}


def test_a_process_that_spins_is_ended_by_its_own_limit() -> None:
    code = GIVEN_UP.format(changed="", attempt="while True: pass", descriptors=3)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)

    assert done.returncode < 0


def test_nobody_may_look_into_it_and_it_leaves_no_core() -> None:
    look = "print(libc.prctl(3), resource.getrlimit(resource.RLIMIT_CORE))"
    code = GIVEN_UP.format(changed="lockdown.leave_no_memory_image()\n" + look, attempt="pass", descriptors=3)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.startswith("0 (0, 0)")


def test_the_decoder_has_every_layer_here_and_says_so(decoder: SandboxedPortraitDecoder) -> None:
    assert decoder.missing_protection() == Protection(0)
    assert decoder.missing_protection() == Protection(0)


def test_a_decoder_that_lacks_a_layer_says_which() -> None:
    stand_in = "import sys; sys.stdout.buffer.write(bytes([43, 3])); sys.stdout.flush(); sys.stdin.read()"
    with SandboxedPortraitDecoder(child=(sys.executable, "-c", stand_in)) as decoder:
        assert decoder.missing_protection() == Protection.SECCOMP | Protection.LANDLOCK
