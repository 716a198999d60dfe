"""Which suites are asked at the bench, and of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from device.wire.texts import Text

FOLDER: Final = Path(__file__).parents[2] / "tests" / "contract"
TABLE: Final = "table"
"""What a suite's fixture is asked for where the part lies on the table: the fixtures of `hw.contract.stages`."""

Kinds = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What one part of the unit promises."""

    name: str
    title: Text
    next_step: Text
    asked_of: Mapping[str, Kinds]
    """Fixtures of the suite, and which of their kinds are asked: the one on the table, or the drivers that run here."""
    files: tuple[str, ...]

    @property
    def paths(self) -> list[str]:
        """Where the sentences stand."""
        return [str(FOLDER / file) for file in self.files]


_DRIVER: Final = Text(
    ja="記録にある文と理由を読み、部品の型番とドライバーの設定を確かめてください。",
    en="Read the sentence and its reason in the record; check the part's make and how its driver is set.",
)
_STORAGE: Final = Text(ja="記憶装置を取り替え、もう一度試してください。", en="Replace the storage card and try again.")
_PROGRAM: Final = Text(
    ja="重みを取り直し、プログラムを入れ直してください。", en="Fetch the weights and install the program anew."
)


def _suite(
    name: str, part: Text, *files: str, asked_of: Iterable[str] | Mapping[str, Kinds], next_step: Text = _DRIVER
) -> Suite:
    """`asked_of`: fixtures for which the table's own part is asked, or fixtures with their kinds."""
    kinds = asked_of if isinstance(asked_of, Mapping) else dict.fromkeys(asked_of, (TABLE,))
    return Suite(
        name=name,
        title=Text(ja=f"{part.ja}の約束", en=f"What {part.en}"),
        next_step=next_step,
        asked_of=MappingProxyType(dict(kinds)),
        files=files,
    )


SUITES: Final = (
    _suite(
        "reader", Text(ja="カードリーダー", en="the card reader promises"), "test_card_reader.py", asked_of=["bench"]
    ),
    _suite(
        "front",
        Text(ja="券面の読み取り", en="the card camera promises"),
        "test_card_front.py",
        asked_of=["front_stage"],
    ),
    _suite(
        "institution",
        Text(ja="機関の資格", en="an institution's credential promises"),
        "test_institution.py",
        asked_of=["opening"],
    ),
    _suite(
        "keypad",
        Text(ja="テンキー", en="the keypad promises"),
        "test_keypad.py",
        asked_of=["pad_stage", "wired_pad_stage", "breakable_pad_stage"],
    ),
    _suite(
        "lamps",
        Text(ja="ランプとブザー", en="lamps and buzzer promise"),
        "test_indicators.py",
        asked_of=["lamp_stage", "breakable_lamp_stage"],
    ),
    _suite("display", Text(ja="表示器", en="the display promises"), "test_display.py", asked_of=["display_stage"]),
    _suite("voice", Text(ja="音声", en="the voice promises"), "test_voice.py", asked_of=["voice_stage"]),
    _suite("camera", Text(ja="カメラ", en="the camera promises"), "test_camera.py", asked_of=["stage"]),
    _suite("line", Text(ja="通信", en="the line promises"), "test_line.py", asked_of=["hall"]),
    _suite(
        "key",
        Text(ja="鍵の置き場所", en="the key's place promises"),
        "test_key_store.py",
        asked_of=["section", "elsewhere"],
    ),
    _suite(
        "clock",
        Text(ja="時計と乱数", en="clock and randomness promise"),
        "test_time_and_entropy.py",
        asked_of={"clock": ("system",), "entropy": ("system",)},
    ),
    _suite(
        "storage",
        Text(ja="記憶装置", en="outbox, tally and versions promise on this storage"),
        *("test_outbox.py", "test_outbox_wear.py", "test_tally.py", "test_update_shelf.py"),
        asked_of={"shelf": ("sqlite",), "worn": ("sqlite",), "next_life": ("file",), "next_shelf": ("folder",)},
        next_step=_STORAGE,
    ),
    _suite(
        "engine",
        Text(ja="顔照合の部品", en="networks and portrait decoder promise on this processor"),
        *("test_portrait_decoder.py", "test_network.py"),
        asked_of={"decoder_stage": ("sandbox",), "network": (TABLE,)},
        next_step=_PROGRAM,
    ),
    _suite(
        "machine",
        Text(ja="本体", en="the machine tells of itself"),
        "test_machine.py",
        asked_of={"machine": ("linux",)},
    ),
    _suite(
        "supervisor",
        Text(ja="監視役", en="whoever watches the program hears"),
        "test_supervisor.py",
        asked_of={"watched": ("systemd", "systemd that is gone", "nobody")},
        next_step=_PROGRAM,
    ),
    _suite(
        "updates",
        Text(ja="更新の取得と試用", en="source and trial of updates promise"),
        "test_update_source_and_trial.py",
        asked_of={"source": ("folder", "https"), "trial": ("command",)},
        next_step=_PROGRAM,
    ),
)
"""Every port of `device.ports` is in one of them; a test holds that."""
