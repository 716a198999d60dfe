"""Checks: the machine under the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from device.app.doctor.case import Case
from device.domain.finding import Finding
from device.domain.finding import FindingCode as Code

HOT_MILLIDEGREES = 80_000
WORN_PERCENT = 80
SHORT_KB = 96 * 1024
PYTHONS = ((3, 11), (3, 13))
ONNXRUNTIME = (1, 22)
"""1.21 dies with SIGILL on the Pi 4."""
THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
"""Bits as vcgencmd get_throttled has them."""
UNDER_VOLTAGE_NOW, UNDER_VOLTAGE_SINCE_START = 1 << 0, 1 << 16
ALARM = "/sys/class/hwmon"
JOURNAL = ("/etc/systemd/journald.conf", "/etc/systemd/journald.conf.d", "/usr/lib/systemd/journald.conf.d")
SWAP_FORBIDDEN = "/sys/fs/cgroup/system.slice/uketsuke.service/memory.swap.max"
ARCHITECTURES = {"aarch64", "x86_64"}


def wear(case: Case) -> Iterator[Finding]:
    """The disk has life left, as far as it tells (eMMC and some SD cards do, in tenths)."""
    for device in case.machine.names("/sys/block"):
        told = case.machine.read(f"/sys/block/{device}/device/life_time") or ""
        used = [10 * int(tenth, 16) for tenth in re.findall(r"0x[0-9a-fA-F]+", told)]
        if used and max(used) >= WORN_PERCENT:
            yield Finding(Code.DISK_WORN, device, str(max(used)))


def heat(case: Case) -> Iterator[Finding]:
    """The machine is cool enough not to slow down."""
    for zone in case.machine.names("/sys/class/thermal"):
        told = case.machine.read(f"/sys/class/thermal/{zone}/temp") or ""
        if told.lstrip("-").isdigit() and int(told) >= HOT_MILLIDEGREES:
            yield Finding(Code.TOO_HOT, zone, f"{int(told) / 1000:.0f}")


def power(case: Case) -> Iterator[Finding]:
    """The supply holds its voltage."""
    told = case.machine.read(THROTTLED)
    bits = int(told, 16) if told and re.fullmatch(r"(0x)?[0-9a-fA-F]+", told) else 0
    alarms = [name for name in case.machine.names(ALARM) if case.machine.read(f"{ALARM}/{name}/in0_lcrit_alarm") == "1"]
    if bits & UNDER_VOLTAGE_NOW or alarms:
        yield Finding(Code.POWER_LOW, "power", f"0x{bits:x}")
    elif bits & UNDER_VOLTAGE_SINCE_START:
        yield Finding(Code.POWER_WAS_LOW, "power", f"0x{bits:x}")


def memory(case: Case) -> Iterator[Finding]:
    """There is memory to spare."""
    told = re.search(r"^MemAvailable:\s+(\d+) kB", case.machine.read("/proc/meminfo") or "", re.MULTILINE)
    if told and int(told[1]) < SHORT_KB:
        yield Finding(Code.MEMORY_SHORT, "memory", str(int(told[1]) // 1024))


def swap(case: Case) -> Iterator[Finding]:
    """No page of the unit can reach a disk: there is no swap but in memory, or the unit is kept from it."""
    lines = (case.machine.read("/proc/swaps") or "").splitlines()[1:]
    files = [line.split()[0] for line in lines if line.split() and "zram" not in line.split()[0]]
    if files and case.machine.read(SWAP_FORBIDDEN) != "0":
        yield Finding(Code.SWAP_ON, "swap", ", ".join(files))


def hardening(case: Case) -> Iterator[Finding]:
    """The unit that runs is locked in as its service says, and leaves no memory image."""
    if case.process is None:
        return
    told = case.machine.read(f"/proc/{case.process}/status") or ""
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0000000000000000"}
    found = dict(re.findall(r"^(\w+):\s+(\S+)$", told, re.MULTILINE))
    if missing := [name for name, value in wanted.items() if found and found.get(name) != value]:
        yield Finding(Code.SANDBOX_OPEN, f"pid {case.process}", ", ".join(missing))
    limits = case.machine.read(f"/proc/{case.process}/limits") or ""
    core = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", limits, re.MULTILINE)
    if core and core[1] != "0":
        yield Finding(Code.CORE_DUMPS, f"pid {case.process}", core[1])


def journal(case: Case) -> Iterator[Finding]:
    """The journal has a bound."""
    texts = [case.machine.read(JOURNAL[0]) or ""]
    texts += [
        case.machine.read(f"{folder}/{name}") or "" for folder in JOURNAL[1:] for name in case.machine.names(folder)
    ]
    runs_systemd = bool(case.machine.names("/run/systemd")) or bool(case.machine.names("/etc/systemd"))
    if runs_systemd and not any(re.search(r"^(System|Runtime)MaxUse=", text, re.MULTILINE) for text in texts):
        yield Finding(Code.JOURNAL_UNBOUND, "journald.conf")


def architecture(case: Case) -> Iterator[Finding]:
    """Program and kernel are of one kind, of 64 bits, and of one that the networks run on."""
    kernel = case.machine.read("/proc/sys/kernel/arch") or case.program.machine
    program = case.program
    if program.bits != 64 or program.machine not in ARCHITECTURES or kernel != program.machine:  # noqa: PLR2004  bits
        yield Finding(Code.WRONG_ARCHITECTURE, "package", f"{program.machine}, {program.bits} bit; kernel {kernel}")


def versions(case: Case) -> Iterator[Finding]:
    """Python and the networks' runtime are ones that were tested."""
    low, high = PYTHONS
    if not low <= case.program.python <= high:
        yield Finding(Code.PYTHON_UNSUPPORTED, "python", "{}.{}".format(*case.program.python))
    told = case.program.onnxruntime
    if told and tuple(int(part) for part in re.findall(r"\d+", told)[:2]) < ONNXRUNTIME:
        yield Finding(Code.ONNXRUNTIME_OLD, "onnxruntime", told)


def packages(case: Case) -> Iterator[Finding]:
    """No package stopped half-way."""
    # A killed dpkg leaves what it did last in a journal beside its list; numbers in the order of events.
    journal = "/var/lib/dpkg/updates"
    notes = sorted(name for name in case.machine.names(journal) if name.isdecimal())
    states: dict[str, str] = {}
    for path in ("/var/lib/dpkg/status", *(f"{journal}/{name}" for name in notes)):
        text = case.machine.read(path) or ""
        states.update(re.findall(r"^Package: (\S+)\nStatus: \S+ \S+ (\S+)$", text, re.MULTILINE))
    half = {name: state for name, state in states.items() if state.startswith(("half-", "unpacked", "triggers-"))}
    if half:
        yield Finding(
            Code.PACKAGE_HALF, "dpkg", ", ".join(f"{name}: {state}" for name, state in list(half.items())[:5])
        )
