"""Which suites are asked at the bench, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from device.wire.texts import Text

FOLDER: Final = Path(__file__).parents[2] / "tests" / "contract"
TABLE: Final = "table"
"""What a suite's fixture is asked for where the part lies on the table: the fixtures of `hw.contract.stages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What one part of the unit promises."""

    name: str
    title: Text
    next_step: Text
    files: tuple[str, ...]
    asked_of: Mapping[str, str]
    """Fixtures of the suite, and which of their kinds is asked: the one on the table, or the driver that runs here."""

    @property
    def paths(self) -> list[str]:
        """Where the sentences stand."""
        return [str(FOLDER / file) for file in self.files]


def _of_the_table(*fixtures: str) -> Mapping[str, str]:
    return MappingProxyType(dict.fromkeys(fixtures, TABLE))


_DRIVER: Final = Text(
    ja="記録にある文と理由を読み、部品の型番とドライバーの設定を確かめてください。",
    en="Read the sentence and its reason in the record; check the part's make and how its driver is set.",
)

SUITES: Final = (
    Suite(
        name="reader",
        title=Text(ja="カードリーダーの約束", en="What the card reader promises"),
        next_step=_DRIVER,
        files=("test_card_reader.py",),
        asked_of=_of_the_table("bench"),
    ),
    Suite(
        name="keypad",
        title=Text(ja="テンキーの約束", en="What the keypad promises"),
        next_step=_DRIVER,
        files=("test_keypad.py",),
        asked_of=_of_the_table("pad_stage", "wired_pad_stage", "breakable_pad_stage"),
    ),
    Suite(
        name="lamps",
        title=Text(ja="ランプとブザーの約束", en="What lamps and buzzer promise"),
        next_step=_DRIVER,
        files=("test_indicators.py",),
        asked_of=_of_the_table("lamp_stage", "breakable_lamp_stage"),
    ),
    Suite(
        name="voice",
        title=Text(ja="音声の約束", en="What the voice promises"),
        next_step=_DRIVER,
        files=("test_voice.py",),
        asked_of=_of_the_table("voice_stage"),
    ),
    Suite(
        name="camera",
        title=Text(ja="カメラの約束", en="What the camera promises"),
        next_step=_DRIVER,
        files=("test_camera.py",),
        asked_of=_of_the_table("stage"),
    ),
    Suite(
        name="clock",
        title=Text(ja="時計と乱数の約束", en="What clock and randomness promise"),
        next_step=_DRIVER,
        files=("test_time_and_entropy.py",),
        asked_of=MappingProxyType({"clock": "system", "entropy": "system"}),
    ),
    Suite(
        name="storage",
        title=Text(ja="記憶装置の約束", en="What outbox, tally and versions promise on this storage"),
        next_step=Text(ja="記憶装置を取り替え、もう一度試してください。", en="Replace the storage card and try again."),
        files=("test_outbox.py", "test_tally.py", "test_update_shelf.py"),
        asked_of=MappingProxyType({"shelf": "sqlite", "next_life": "file", "next_shelf": "folder"}),
    ),
    Suite(
        name="engine",
        title=Text(ja="顔照合の部品の約束", en="What the face match is made of, on this processor"),
        next_step=Text(
            ja="重みを取り直し、Pythonの環境を入れ直してください。",
            en="Fetch the weights and install the program anew.",
        ),
        files=("test_portrait_decoder.py", "test_network.py"),
        asked_of=MappingProxyType({"decoder_stage": "sandbox", "network": TABLE}),
    ),
    Suite(
        name="machine",
        title=Text(ja="本体の約束", en="What the machine tells of itself"),
        next_step=_DRIVER,
        files=("test_machine.py",),
        asked_of=MappingProxyType({"machine": "linux"}),
    ),
)
