"""Before anything else: are these our cards, and are their counters full?"""

from __future__ import annotations

from device.domain.errors import CardError
from device.wire.texts import Text
from hw.cards import GoldenCard
from hw.errors import CannotMeasure, CardInDanger
from hw.plan import Phase
from hw.session import Session


def check_cards(session: Session) -> None:
    """Look at every card of the bench. Raise CardInDanger for a stranger's, or one that has lost a try."""
    if not session.cards.cards:
        raise CannotMeasure("the bench has no card of its own: list one in cards.toml")
    for card in session.cards.cards:
        require_full_counters(session, card)


def require_full_counters(session: Session, card: GoldenCard) -> None:
    """Raise CardInDanger where the card lost a try, or is another one."""
    session.rig.place(card.name)
    try:
        with session.cards.hold(session.unit.reader, card):
            pass
    except CardError as error:
        raise CardInDanger(f"{card.name} cannot be told for sure: {error}") from error
    finally:
        session.rig.lift()


CARDS = Phase(
    name="cards",
    title=Text(ja="試験カードの確認", en="The bench's cards"),
    next_step=Text(
        ja="一覧にある試験カードを置き、残り回数を戻してからやり直してください。",
        en="Use the test cards of the list, reset their counters, and start again.",
    ),
    measures=(),
    run=check_cards,
)
