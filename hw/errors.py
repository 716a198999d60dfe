"""What ends a measurement, a phase or a whole run at the bench, without ever making it a pass."""

from __future__ import annotations

from typing import ClassVar

from device.wire.texts import Text


class BenchError(Exception):
    """Root of the tree; `str(error)` is written into the record as it is."""

    advice: ClassVar[Text | None] = None
    """What whoever stands there does next, where that is the same for every error of a kind."""


class CannotMeasure(BenchError):  # noqa: N818  it says what it is
    """Rig or unit has nothing to measure it with: the measurement is "not measured", and this is its why."""


class RunStopped(BenchError):  # noqa: N818
    """The run cannot go on; what was not measured yet stays so."""


class RigLost(RunStopped):
    """The rig does not answer any more: its cable was pulled, or it lost power."""

    advice = Text(
        ja="治具のケーブルと電源を確かめ、同じ端末を初めから試験してください。",
        en="Check the rig's cable and supply, then test the same unit from the beginning.",
    )


class NobodyAnswered(RunStopped):
    """Nobody answered on the station's page in time."""

    advice = Text(
        ja="この端末はまだ試験されていません。席を離れない人が、初めからやり直してください。",
        en="This unit counts as not tested: somebody who stays begins again with it.",
    )


class UnitLost(RunStopped):
    """The unit on the table went away or started anew in the middle of a run."""

    advice = Text(
        ja="端末の電源・配線と、再起動の記録を確かめ、初めから試験してください。",
        en="Look at the unit's supply, its plugs and why it started anew; then test it from the beginning.",
    )


class WrongUnit(RunStopped):
    """The unit on the table is not the one whose label was scanned."""

    advice = Text(
        ja="台の上の端末とラベルを見比べ、その端末のQRコードを読み取ってください。",
        en="Compare the unit on the table with its label, and scan the QR code of that unit.",
    )


class SerialGivenTwice(RunStopped):
    """Another board has had this serial number before."""

    advice = Text(
        ja="両方の端末を止めておき、どちらが先かを記録で確かめ、もう一方に新しい番号を付けてください。",
        en="Hold both units back, see in the records which board was first, and give the other one a new number.",
    )


class CardInDanger(RunStopped):
    """A card is not one of the bench's own, or a counter of it is below full; nothing more is sent to it."""

    advice = Text(
        ja="リーダーには、一覧にある、残り回数の減っていない試験カードだけを置いてください。",
        en="Lay nothing on the reader but a test card of the list whose counters are full.",
    )


class HeldBack(CardInDanger):
    """A command that a card would count was kept from it."""


class BadLimits(BenchError):  # noqa: N818
    """The limits cannot be used. The message begins with file and line."""

    advice = Text(
        ja="そこを直してください。まだ何も試験していません。", en="Put it right there; nothing was tested yet."
    )
