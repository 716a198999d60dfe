"""What the suites are given for the parts on the table: a pytest plugin of fixtures, one for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from device.app.config import KeySection
from device.app.key_parts import held_by, open_key
from device.domain.errors import Fault
from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from hw.cards import CardBox
from hw.contract.card_stages import TableBench, TableFront, TableOpening
from hw.contract.stages import TableCamera, TableDisplay, TableLamps, TablePad, TableVoice
from hw.errors import CannotMeasure
from hw.rig.port import Rig
from hw.unit.port import UnitUnderTest
from provisioning.mosquitto import find_mosquitto
from provisioning.pki import SiteAuthority

DAY = timedelta(days=1)


class Parts:
    """The unit, what stands around it, and the bench's cards."""

    def __init__(self, unit: UnitUnderTest, rig: Rig, cards: CardBox) -> None:
        self.unit = unit
        self.rig = rig
        self.cards = cards

    @pytest.fixture
    def table_bench(self) -> Iterator[TableBench]:
        """The reader."""
        bench = TableBench(self.unit, self.rig, self.cards)
        yield bench
        bench.lift()

    @pytest.fixture
    def table_stage(self) -> TableCamera:
        """The camera."""
        return TableCamera(self.unit, self.rig)

    @pytest.fixture
    def table_pad(self) -> TablePad:
        """The keys."""
        return TablePad(self.unit, self.rig)

    @pytest.fixture
    def table_lamps(self) -> Iterator[TableLamps]:
        """Lamps and buzzer."""
        lamps = TableLamps(self.unit, self.rig)
        yield lamps
        lamps.indicators.show({})

    @pytest.fixture
    def table_voice(self) -> Iterator[TableVoice]:
        """The loudspeaker."""
        voice = TableVoice(self.unit, self.rig)
        yield voice
        voice.voice.stop()

    @pytest.fixture
    def table_front(self) -> Iterator[TableFront]:
        """The camera over the card."""
        front = TableFront(self.unit, self.rig, self.cards)
        yield front
        front.take_away()

    @pytest.fixture
    def table_opening(self) -> Iterator[TableOpening]:
        """What opens a card without PIN."""
        opening = TableOpening(self.unit, self.rig, self.cards)
        yield opening
        opening.lift()

    @pytest.fixture
    def table_display(self) -> TableDisplay:
        """The small display."""
        return TableDisplay(self.unit, self.rig)

    @pytest.fixture
    def table_key_place(self) -> KeySection:
        """Where the unit has its key. What is made there is of the suite's own, and forgotten; the unit's stays."""
        return self.unit.key_place

    @pytest.fixture
    def table_identity(self, tmp_path: Path) -> Iterator[Callable[[str, SiteAuthority, Path], TlsFiles]]:
        """Make a key where the unit has its own, and a certificate for it, to prove itself to a broker on the unit."""
        try:
            find_mosquitto()
        except Fault as error:
            raise CannotMeasure(f"no broker on the unit to speak to: {error}") from error
        store = open_key(self.unit.key_place, tmp_path / "table.key.pem")

        def issue(name: str, authority: SiteAuthority, authority_file: Path) -> TlsFiles:
            _, key = store.request()
            certificate = tmp_path / "table.cert.pem"
            issued = authority.certify(key, UnitId(name), now=datetime.now(UTC), lifetime=DAY)
            certificate.write_bytes(issued.public_bytes(Encoding.PEM))
            return TlsFiles(
                authority=authority_file,
                certificate=certificate,
                key=tmp_path / "table.key.pem",
                held=held_by(store),
            )

        yield issue
        store.forget()
