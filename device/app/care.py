"""How every part of a unit comes back by itself: by what, within which time, what works without it, who has to look.

One table. `Upkeep` holds the times against it, `uketsuke status` and the operator's page take their words from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.prompts import Phrase
from device.wire.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """One part."""

    part: str
    """As `Health` calls it."""
    name: Text
    back_s: float | None
    """Within so many seconds it serves again once the cause is gone; None where only a new start brings it back."""
    by: Text
    """What brings it back."""
    without: Text
    """What still works."""
    person_after_s: float
    """A trouble that lasts longer is not one that goes away by itself."""
    person: Text
    """Who has to do what then."""
    waits: Phrase | None = None
    """What is said of it before the first visitor."""
    blocks: bool = False
    """Without it nobody can be served."""


_PIN_ONLY = Text(ja="暗証番号と目視で受け付ける", en="visits by PIN and attendant")
_ALL = Text(ja="受付はすべて続く", en="all visits go on")
_DOCTOR = Text(ja="uketsuke doctor の指示に従う", en="follow `uketsuke doctor`")

CARES: tuple[Care, ...] = (
    Care(
        part="reader",
        name=Text(ja="カードリーダー", en="card reader"),
        back_s=4.0,
        by=Text(
            ja="毎秒探し直す。pcscd が止まればつなぎ直す", en="looked for each second; a new link when pcscd was gone"
        ),
        without=Text(ja="受け付けできない。窓口へ案内する", en="no visit; the unit sends people to the desk"),
        person_after_s=60.0,
        person=Text(ja="リーダーのケーブルを挿し直す", en="plug the reader's cable in again"),
        waits=Phrase.WAITING_FOR_READER,
        blocks=True,
    ),
    Care(
        part="camera",
        name=Text(ja="カメラ", en="camera"),
        back_s=12.0,
        by=Text(
            ja="プロセスごと止めて動かし直す(1、2、4、8秒おき)",
            en="its process is ended and started anew (after 1, 2, 4, 8 s)",
        ),
        without=_PIN_ONLY,
        person_after_s=120.0,
        person=Text(ja="カメラのケーブルを挿し直す", en="seat the camera's cable again"),
        waits=Phrase.WAITING_FOR_CAMERA,
    ),
    Care(
        part="card front camera",
        name=Text(ja="券面のカメラ", en="camera of the card's front"),
        back_s=12.0,
        by=Text(ja="カメラと同じ", en="as the camera"),
        without=_PIN_ONLY,
        person_after_s=120.0,
        person=Text(ja="券面のカメラのケーブルを挿し直す", en="seat this camera's cable again"),
    ),
    Care(
        part="keypad",
        name=Text(ja="テンキー", en="keypad"),
        back_s=2.0,
        by=Text(ja="毎秒、線を取り直す", en="its lines are taken anew each second"),
        without=Text(ja="顔で受け付ける。暗証番号は使えない", en="visits by face; no PIN"),
        person_after_s=60.0,
        person=Text(ja="押されたままのキーと配線を見る", en="look for a stuck key and at the wiring"),
    ),
    Care(
        part="indicators",
        name=Text(ja="ランプとブザー", en="lamps and buzzer"),
        back_s=2.0,
        by=Text(ja="変わるたびに試す", en="tried at every change"),
        without=Text(ja="音声で受け付ける", en="the voice carries the visit"),
        person_after_s=60.0,
        person=Text(ja="基板を挿し直す", en="seat the board again"),
    ),
    Care(
        part="voice",
        name=Text(ja="スピーカー", en="loudspeaker"),
        back_s=60.0,
        by=Text(ja="1分ごとに試す", en="tried once a minute"),
        without=Text(ja="ランプで受け付ける", en="the lamps carry the visit"),
        person_after_s=180.0,
        person=Text(ja="スピーカーを挿し直す", en="plug the loudspeaker in again"),
    ),
    Care(
        part="voice files",
        name=Text(ja="音声のファイル", en="recordings"),
        back_s=None,
        by=Text(ja="入れ直したあと、端末を動かし直す", en="brought again, then a new start of the unit"),
        without=Text(ja="ないことばはランプだけで知らせる", en="what has no recording is told by lamps alone"),
        person_after_s=0.0,
        person=Text(ja="uketsuke voice build", en="uketsuke voice build"),
    ),
    Care(
        part="display",
        name=Text(ja="小さな画面", en="display"),
        back_s=2.0,
        by=Text(ja="変わるたびに試す", en="tried at every change"),
        without=_ALL,
        person_after_s=300.0,
        person=Text(ja="I2C の線を見る", en="look at the I2C wires"),
    ),
    Care(
        part="line",
        name=Text(ja="院内の回線", en="line to the clinic"),
        back_s=2.0,
        by=Text(ja="つなぎ直しを続ける", en="goes on connecting"),
        without=Text(ja="窓口へ案内し、できた結果はためる", en="people are sent to the desk; results are kept"),
        person_after_s=120.0,
        person=Text(ja="ケーブル、ブローカー、ファイアウォールの順に見る", en="cable, broker, firewall, in this order"),
        waits=Phrase.WAITING_FOR_BROKER,
    ),
    Care(
        part="outbox",
        name=Text(ja="送信待ち", en="outbox"),
        back_s=12.0,
        by=Text(ja="10秒ごとに試す", en="tried every ten seconds"),
        without=Text(ja="窓口へ案内する", en="people are sent to the desk"),
        person_after_s=60.0,
        person=_DOCTOR,
    ),
    Care(
        part="old outbox",
        name=Text(ja="壊れた送信待ち", en="damaged outbox"),
        back_s=None,
        by=Text(ja="別名で残し、空のものを始める", en="kept under another name; an empty one was begun"),
        without=_ALL,
        person_after_s=0.0,
        person=Text(
            ja="残したファイルを管理者に渡す", en="give the file that was kept to whoever administers the unit"
        ),
    ),
    Care(
        part="disk",
        name=Text(ja="ディスク", en="disk"),
        back_s=12.0,
        by=Text(ja="10秒ごとに見る", en="looked at every ten seconds"),
        without=_ALL,
        person_after_s=60.0,
        person=_DOCTOR,
    ),
    Care(
        part="results",
        name=Text(ja="結果の届き", en="results' way"),
        back_s=60.0,
        by=Text(ja="受領通知が来るまで送り続ける", en="sent again until the receipt comes"),
        without=_ALL,
        person_after_s=3600.0,
        person=Text(ja="医療機関側の時計と画面を見る", en="look at the clinic side's clock and screen"),
    ),
    Care(
        part="clock",
        name=Text(ja="時計", en="clock"),
        back_s=12.0,
        by=Text(ja="時刻のサービスが合わせる", en="set by the time service"),
        without=Text(ja="受付は続く。期限は確かめない", en="visits go on; nothing is called expired"),
        person_after_s=900.0,
        person=Text(ja="時刻のサーバーに届くか見る", en="see that a time server is reached"),
        waits=Phrase.WAITING_FOR_TIME,
    ),
    Care(
        part="models",
        name=Text(ja="顔照合のネットワーク", en="networks"),
        back_s=None,
        by=Text(ja="入れ直したあと、端末を動かし直す", en="brought again, then a new start of the unit"),
        without=_PIN_ONLY,
        person_after_s=0.0,
        person=Text(ja="uketsuke models fetch", en="uketsuke models fetch"),
    ),
    Care(
        part="liveness",
        name=Text(ja="なりすまし検知", en="liveness"),
        back_s=None,
        by=Text(ja="入れ直したあと、端末を動かし直す", en="brought again, then a new start of the unit"),
        without=Text(ja="動きをお願いするか、暗証番号で受け付ける", en="moves take its place, or the PIN"),
        person_after_s=0.0,
        person=Text(ja="uketsuke models fetch", en="uketsuke models fetch"),
    ),
    Care(
        part="portrait",
        name=Text(ja="写真を開くプログラム", en="what opens the card's picture"),
        back_s=12.0,
        by=Text(ja="10秒ごとに試す", en="tried every ten seconds"),
        without=_PIN_ONLY,
        person_after_s=60.0,
        person=_DOCTOR,
    ),
    Care(
        part="portrait sandbox",
        name=Text(ja="写真を開く囲い", en="picture's sandbox"),
        back_s=None,
        by=Text(ja="カーネルを新しくする", en="a newer kernel"),
        without=_ALL,
        person_after_s=0.0,
        person=_DOCTOR,
    ),
    Care(
        part="memory",
        name=Text(ja="メモリーの上書き", en="overwriting of memory"),
        back_s=None,
        by=Text(ja="対応したシステムで動かす", en="a system that can"),
        without=_ALL,
        person_after_s=0.0,
        person=_DOCTOR,
    ),
)

_BY_PART = {care.part: care for care in CARES}
_UNKNOWN_NAME = Text(ja="部品", en="part")


def care_for(part: str) -> Care:
    """Return how a part is cared for; one that is not in the table needs a person at once."""
    return _BY_PART.get(part) or Care(
        part=part,
        name=_UNKNOWN_NAME,
        back_s=None,
        by=Text(ja="端末を動かし直す", en="a new start of the unit"),
        without=_ALL,
        person_after_s=0.0,
        person=_DOCTOR,
    )
