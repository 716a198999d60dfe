"""The PC/SC service itself: absent, stopped under way, and back again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from device.domain.errors import CardLost, Fault
from device.drivers.pcsc import PcscReader
from device.sim.card import SimulatedCard
from device.sim.pcscd import VIRTUAL_READER, find_pcscd, run_pcscd
from device.sim.vpcd import VpcdSlot

PATIENCE_S = 20
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
ASK_WITHOUT_SERVICE = """
from device.domain.errors import Fault
from device.drivers.pcsc import PcscReader

for use in (PcscReader(".").connect, lambda: PcscReader(".").wait_for_change(present=False, timeout_s=0)):
    try:
        use()
    except Fault as fault:
        print(fault.reason, fault, sep=": ")
"""


def test_a_technician_learns_that_pcscd_does_not_run(tmp_path: Path) -> None:
    # A process of its own, because the PC/SC library looks for its service once.
    environment = os.environ | {"PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody")}
    said = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_SERVICE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (
        said.stdout.splitlines()
        == ["reader_fault: reaching the PC/SC service: the PC/SC service does not run: start pcscd"] * 2
    )


def test_who_sets_up_learns_that_pcscd_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="pcscd is not installed: apt-get install pcscd"):
        find_pcscd(search_path=str(tmp_path))


def test_who_sets_up_learns_that_the_virtual_reader_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "pcscd").touch(mode=0o755)
    with pytest.raises(Fault, match=r"the virtual reader is not installed .*: apt-get install vsmartcard-vpcd"):
        find_pcscd(search_path=str(tmp_path), driver=tmp_path / "libifdvpcd.so")


@pytest.mark.pcsc
def test_a_service_that_stops_is_a_fault_and_is_found_again_when_it_is_back(
    make_card: Callable[..., SimulatedCard],
) -> None:
    reader = PcscReader(VIRTUAL_READER)
    slot = VpcdSlot()
    faults: list[Fault] = []

    def wait() -> None:
        try:
            while True:
                reader.wait_for_change(present=True, timeout_s=PATIENCE_S)
        except Fault as fault:
            faults.append(fault)

    with run_pcscd():
        slot.insert(make_card())
        assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
        connection = reader.connect()
        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join(PATIENCE_S)
    assert len(faults) == 1
    with pytest.raises(CardLost):
        connection.transmit(SELECT_JPKI)
    connection.power_off()
    with pytest.raises(Fault, match="start pcscd"):
        reader.wait_for_change(present=False, timeout_s=0)

    slot.pull()
    with run_pcscd():
        slot.insert(make_card())
        assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
        with reader.connect() as again:
            assert again.transmit(SELECT_JPKI) == (b"", 0x9000)
        slot.close()
    reader.close()


@pytest.mark.pcsc
def test_a_service_that_dies_in_the_middle_of_a_command_costs_the_card_and_no_restart(
    make_card: Callable[..., SimulatedCard],
) -> None:
    reader, slot = PcscReader(VIRTUAL_READER), VpcdSlot()
    with run_pcscd() as service:
        assert service is not None, "a pcscd that is not ours runs on this machine"
        card = make_card()
        slot.insert(card)
        assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
        connection = reader.connect()
        answer = card.transmit

        def kill(apdu: bytes | bytearray) -> tuple[bytes, int]:
            service.kill()
            service.wait(PATIENCE_S)
            return answer(apdu)

        card.transmit = kill  # type: ignore[method-assign]  # this card alone breaks
        with pytest.raises(CardLost):
            connection.transmit(SELECT_JPKI)
        connection.power_off()
        with pytest.raises(Fault):
            reader.wait_for_change(present=True, timeout_s=0)
    slot.pull()
    with run_pcscd():
        slot.insert(make_card())
        assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
        with reader.connect() as again:
            assert again.transmit(SELECT_JPKI) == (b"", 0x9000)
        slot.close()
    reader.close()


@pytest.mark.pcsc
def test_a_service_that_was_killed_leaves_nothing_in_the_way(make_card: Callable[..., SimulatedCard]) -> None:
    with run_pcscd() as service:
        assert service is not None, "a pcscd that is not ours runs on this machine"
        service.kill()
        service.wait(PATIENCE_S)
    with run_pcscd():
        reader, slot = PcscReader(VIRTUAL_READER), VpcdSlot()
        slot.insert(make_card())
        assert reader.wait_for_change(present=False, timeout_s=PATIENCE_S)
        slot.close()
        reader.close()
