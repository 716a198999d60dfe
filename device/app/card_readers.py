"""Card readers that people may have, and which list of ours each is on (facts: hardware.md, 3.2).

A table, because what matters about a reader is known by its PC/SC name alone. No reader in it was run with this program
yet: what a tier rests on stands beside it, and a bench run is what makes the statement ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from device.wire.texts import Text


class Tier(StrEnum):
    """The list that a reader is on."""

    FIRST = "first"
    """Recommended."""
    FIRST_AFTER_BENCH = "first_after_bench"
    """Recommended once it has passed the bench on the very system that it will run on."""
    SECOND = "second"
    """Should work; good where it has to be built in."""
    EXPERIMENTAL = "experimental"
    UNSUPPORTED = "unsupported"
    VIRTUAL = "virtual"
    """No reader at all: a program holds the card."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KnownReader:
    """One row: which PC/SC names belong to it and what there is to say."""

    model: str
    pattern: str
    """A regular expression, searched in the PC/SC name without regard to case."""
    tier: Tier
    limits: Text
    source: str
    """What the tier rests on."""


_SLOTS = Text(
    ja="ICカードの面が二つあり、「PICC」の付いた方を使います(「SAM」ではありません)。",
    en="It has two slots: the one with PICC in its name is the right one, not SAM.",
)
_NO_LIMIT = Text(ja="知られている制限はありません。", en="No limit is known.")

READERS = (
    KnownReader(
        "ACS ACR1252U", r"ACR1252", Tier.FIRST, _SLOTS, "driver list of Debian's libccid; Type B by the vendor"
    ),
    KnownReader(
        "ACS ACR1251",
        r"ACR1251",
        Tier.FIRST,
        Text(
            ja="古いシステムでは、追加のドライバー(libacsccid1)が要ることがあります。",
            en="Older systems may need another driver (libacsccid1).",
        ),
        "a user's report: this card, OpenSC, Raspberry Pi 3B, 2020",
    ),
    KnownReader(
        "Sony RC-S300",
        r"RC-S300",
        Tier.FIRST_AFTER_BENCH,
        Text(
            ja="新しい libccid が要ります。Raspberry Pi OS では設定を要したという報告があります。",
            en="It takes a recent libccid; on Raspberry Pi OS people had to set it up.",
        ),
        "driver list of Debian's libccid; users' reports of 2022 and 2025",
    ),
    KnownReader("Sony RC-S660/U", r"RC-S660", Tier.SECOND, _NO_LIMIT, "driver list of Debian's libccid"),
    KnownReader("Identiv uTrust 3700 F", r"uTrust 37\d\d", Tier.SECOND, _NO_LIMIT, "driver list of Debian's libccid"),
    KnownReader(
        "Identiv uTrust 4701 F",
        r"uTrust 47\d\d",
        Tier.SECOND,
        Text(
            ja="接触型の面もあります。非接触の面の名前を設定に書いてください。",
            en="It also has a slot with contacts: name the contactless one in the configuration.",
        ),
        "driver list of Debian's libccid",
    ),
    KnownReader("HID OMNIKEY 5022", r"OMNIKEY 5022", Tier.SECOND, _NO_LIMIT, "driver list of Debian's libccid"),
    KnownReader("Circle CIR315", r"CIR315", Tier.SECOND, _NO_LIMIT, "driver list of Debian's libccid"),
    KnownReader(
        "ACS ACR122U",
        r"ACR122",
        Tier.UNSUPPORTED,
        Text(
            ja="Type B の電波が弱く、長い応答に失敗し、pn533 ともぶつかります。別のリーダーに替えてください。",
            en="Weak in Type B, fails at long answers, and the kernel's pn533 gets in its way. Use another.",
        ),
        "the PN532 inside; many reports",
    ),
    KnownReader(
        "Sony RC-S380",
        r"RC-S380",
        Tier.UNSUPPORTED,
        Text(
            ja="PC/SC では使えません。RC-S300 を使ってください。",
            en="It is no PC/SC reader on Linux. Use an RC-S300.",
        ),
        "LudovicRousseau/PCSC, issue 86",
    ),
    KnownReader(
        "PN532 HAT",
        r"PN532",
        Tier.EXPERIMENTAL,
        Text(
            ja="106 kbps だけで、電波も弱いことがあります。カードをはっきり置いてください。",
            en="106 kbit/s only, and its field may be weak: place the card squarely.",
        ),
        "PN532 data sheet; no other program drives it for this card",
    ),
    KnownReader(
        "PN7150 / PN7160 / ST25R3916 HAT",
        r"PN71[56]0|ST25R",
        Tier.EXPERIMENTAL,
        Text(ja="外部のドライバーが要ります。", en="It takes a driver from elsewhere."),
        "no field report",
    ),
    KnownReader(
        "vpcd (vsmartcard)",
        r"Virtual PCD",
        Tier.VIRTUAL,
        Text(
            ja="本物のリーダーではありません。プログラムがカードを差し出しています。本番の機器に置いてはいけません。",
            en="No reader: a program holds out the card. It has no place on a production unit.",
        ),
        "vsmartcard",
    ),
)
"""Searched from the top; the first row that fits is taken."""

UNKNOWN_READER = KnownReader(
    "?",
    r"(?!)",
    Tier.UNKNOWN,
    Text(
        ja="私たちの一覧にないリーダーです。Type B(ISO 14443)に対応していれば、使えるはずです。",
        en="It is on none of our lists. If it speaks ISO 14443 Type B, it should work.",
    ),
    "nobody has told us yet",
)

TIER_WORDS = {
    Tier.FIRST: Text(ja="推奨するリーダー", en="recommended"),
    Tier.FIRST_AFTER_BENCH: Text(ja="実機試験に通れば推奨するリーダー", en="recommended once it has passed the bench"),
    Tier.SECOND: Text(ja="使えるはずのリーダー(組み込み向け)", en="should work, good for building in"),
    Tier.EXPERIMENTAL: Text(ja="実験中のリーダー", en="experimental"),
    Tier.UNSUPPORTED: Text(ja="対応していないリーダー", en="not supported"),
    Tier.VIRTUAL: Text(ja="仮想リーダー(試験用)", en="a virtual reader, for tests"),
    Tier.UNKNOWN: Text(ja="一覧にないリーダー", en="not on our lists"),
}


def recognise(pcsc_name: str) -> KnownReader:
    """Return the row for a reader by its PC/SC name, or `UNKNOWN_READER`."""
    return next((row for row in READERS if re.search(row.pattern, pcsc_name, re.IGNORECASE)), UNKNOWN_READER)
