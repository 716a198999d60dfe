"""What a tester asks for, looked at before anything begins: on the page and on the command line alike."""

from __future__ import annotations

import re
from typing import Final

from device.wire.texts import Text
from hw.errors import BenchError

SERIAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LONGEST_NAME: Final = 64


class Refused(BenchError):  # noqa: N818  what happened to the wish
    """Something was asked for that is not to be had; `text` says what, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.ja} {text.en}")
        self.text = text


def check_wish(serial: str, tester: str) -> tuple[str, str]:
    """Return serial number and name without blanks around them. Raise Refused for what is none."""
    serial, tester = serial.strip(), tester.strip()
    if not tester or len(tester) > LONGEST_NAME:
        raise Refused(
            Text(
                ja=f"担当者の名前を入れてください({LONGEST_NAME}字まで)。",
                en=f"Enter the tester's name, {LONGEST_NAME} letters at most.",
            )
        )
    if not SERIAL.fullmatch(serial):
        raise Refused(
            Text(
                ja="端末のQRコードを読み取ってください。製造番号は英数字と . _ - の64字までです。",
                en="Scan the QR code on the unit: a serial number is letters, digits and . _ -, 64 at most.",
            )
        )
    return serial, tester
