"""The card reader: does it find the card, how far off, how fast, and what do two cards and metal do to it?"""

from __future__ import annotations

import secrets
from typing import Final

from device.card import apdu, status
from device.card.files import Application, CardFile
from device.card.profiles import REFERENCE_NUMBER_B
from device.card.surface import PortraitCheck
from device.domain.errors import CardError, SeveralCards
from device.wire.texts import Text
from hw.card_guard import GuardedConnection
from hw.errors import CannotMeasure, CardInDanger
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Beside
from hw.session import Session
from hw.uncertainty import of_step, percentile, share_percent, slope

PLACEMENTS, PLACEMENTS_BY_HAND = 40, 5
READS: Final = 60
SIZES: Final = (16, 64, 112, 160, 208, 256)
READS_A_SIZE: Final = 10
SPACERS_MM: Final = (0, 5, 10, 15, 20, 25, 30, 35, 40)
SPACERS_BY_HAND_MM: Final = (0, 10, 20)
TRIES_A_SPACER: Final = 4
AFTER_METAL: Final = 5
HOLD_S: Final = 95.0
HOLD_LOOK_S: Final = 2.5
PORTRAITS: Final = 3
NUMBER_S: Final = 20.0
"""To read a card's front."""


def measure_nfc(session: Session) -> None:
    """Place, read, lift; again and again."""
    _activation(session)
    _commands(session)
    session.attempt("nfc.distance_mm", measure=lambda: _distance(session))
    _two_cards(session)
    _metal(session)
    _hold(session)
    session.attempt("nfc.portrait_ms", measure=lambda: _portrait(session))


def _activation(session: Session) -> None:
    tries = PLACEMENTS if session.rig.tireless else PLACEMENTS_BY_HAND
    hits = sum(_is_found(session) for _ in range(tries))
    value, uncertainty = share_percent(hits, tries)
    session.measured("nfc.activation_percent", value, uncertainty=uncertainty, samples=tries, note=f"{hits} of {tries}")


def _is_found(session: Session, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> bool:
    session.rig.place(session.cards.first.name, spacer_mm=spacer_mm, beside=beside)
    try:
        with session.cards.touch(session.unit.reader, session.cards.first):
            return True
    except CardError:
        return False
    finally:
        session.rig.lift()


def _commands(session: Session) -> None:
    """Time READ BINARY of the certificate, which anybody may read, in several lengths."""
    session.rig.place(session.cards.first.name)
    try:
        with session.cards.touch(session.unit.reader, session.cards.first) as connection:
            connection.transmit(apdu.select_application(Application.JPKI).encode())
            connection.transmit(apdu.select_file(CardFile.AUTH_CERTIFICATE).encode())
            longest = [_read_ms(session, connection, SIZES[-1]) for _ in range(READS)]
            by_size = [(size, _read_ms(session, connection, size)) for size in SIZES for _ in range(READS_A_SIZE)]
    except CardError as error:
        raise CannotMeasure(f"the card was not there long enough to be timed: {error}") from error
    finally:
        session.rig.lift()
    for name, share in (("nfc.apdu_ms", 0.5), ("nfc.apdu_ms_p95", 0.95)):
        value, uncertainty = percentile(longest, share)
        session.measured(name, value, uncertainty=uncertainty, samples=len(longest))
    ms_a_byte, spread = slope([size for size, _ in by_size], [ms for _, ms in by_size])
    if ms_a_byte <= 0:
        raise CannotMeasure("longer answers take no longer: this is no contactless card")
    session.measured(
        "nfc.bit_rate_kbps", 8 / ms_a_byte, uncertainty=8 / ms_a_byte * spread / ms_a_byte, samples=len(by_size)
    )
    session.draw(
        Series(
            name="apdu",
            title=Text(ja="256バイト読み出しの時間", en="Reading 256 bytes"),
            drawing=Drawing.CUMULATIVE,
            x_name="ms",
            x=longest,
            limit_of="nfc.apdu_ms",
        )
    )


def _read_ms(session: Session, connection: GuardedConnection, size: int) -> float:
    began_s = session.unit.clock.monotonic_s()
    _, sw = connection.transmit(apdu.read_binary(0, size).encode())
    if sw != status.OK:
        raise CannotMeasure(f"READ BINARY was answered {sw:04X}")
    return 1000 * (session.unit.clock.monotonic_s() - began_s)


def _distance(session: Session) -> None:
    spacers = SPACERS_MM if session.rig.tireless else SPACERS_BY_HAND_MM
    shares = []
    for spacer in spacers:
        hits = sum(_is_found(session, spacer_mm=spacer) for _ in range(TRIES_A_SPACER))
        shares.append(100 * hits / TRIES_A_SPACER)
        if not hits:
            break
    good = [spacer for spacer, share in zip(spacers, shares, strict=False) if share == 100]  # noqa: PLR2004  all
    step = spacers[1] - spacers[0]
    session.measured(
        "nfc.distance_mm", max(good, default=0), uncertainty=of_step(step), samples=len(shares) * TRIES_A_SPACER
    )
    session.draw(
        Series(
            name="distance",
            title=Text(ja="距離ごとの認識率", en="Cards found by distance"),
            drawing=Drawing.CURVE,
            x_name="mm",
            x=[float(spacer) for spacer in spacers[: len(shares)]],
            y_name="%",
            y=shares,
            limit_of="nfc.distance_mm",
        )
    )


def _two_cards(session: Session) -> None:
    def measure() -> None:
        second = session.cards.second
        session.rig.place(session.cards.first.name, beside=Beside.SECOND_CARD)
        try:
            with session.cards.touch(session.unit.reader, session.cards.first, second):
                spoken_to, note = 1, f"one of two cards answered ({second.name} lay beside)"
        except SeveralCards:
            spoken_to, note = 0, "told apart"
        except CardError as error:
            spoken_to, note = 0, f"not spoken to: {error}"
        finally:
            session.rig.lift()
        session.measured("nfc.two_cards_spoken_to", spoken_to, note=note)

    session.attempt("nfc.two_cards_spoken_to", measure=measure)


def _metal(session: Session) -> None:
    def measure() -> None:
        beside = _is_found(session, beside=Beside.METAL)
        hits = sum(_is_found(session) for _ in range(AFTER_METAL))
        value, uncertainty = share_percent(hits, AFTER_METAL)
        note = f"with metal beside it the card was {'' if beside else 'not '}found"
        session.measured("nfc.metal_recovery_percent", value, uncertainty=uncertainty, samples=AFTER_METAL, note=note)

    session.attempt("nfc.metal_recovery_percent", measure=measure)


def _hold(session: Session) -> None:
    """Hold a card for as long as a slow PIN takes, and speak to it now and then, as the unit does not."""
    session.rig.place(session.cards.first.name)
    clock = session.unit.clock
    began_s = clock.monotonic_s()
    try:
        with session.cards.touch(session.unit.reader, session.cards.first) as connection:
            while clock.monotonic_s() - began_s < HOLD_S:
                session.unit.wait(HOLD_LOOK_S)
                connection.transmit(apdu.select_application(Application.JPKI).encode())
        note = ""
    except CardError as error:
        note = str(error)
    finally:
        session.rig.lift()
    session.measured("nfc.hold_s", clock.monotonic_s() - began_s, uncertainty=of_step(HOLD_LOOK_S), note=note)


def _portrait(session: Session) -> None:
    golden = session.cards.expendable
    session.rig.place(golden.name)
    try:
        with session.cards.hold(session.unit.reader, golden) as card:
            number = session.unit.front.read(NUMBER_S, lambda _number: False)
            if number is None:
                raise CannotMeasure("the card's front cannot be read")
            check = PortraitCheck(secrets.token_bytes(32), unknown_anchor_goes_on=True)
            times_ms = []
            try:
                for _ in range(PORTRAITS):
                    began_s = session.unit.clock.monotonic_s()
                    portrait = card.read_portrait(number, check)
                    times_ms.append(1000 * (session.unit.clock.monotonic_s() - began_s))
            finally:
                number.wipe()
            if card.reference_number_tries_left() < REFERENCE_NUMBER_B.full_tries:
                raise CardInDanger(f"{golden.name}: the number that the camera read was wrong, and cost a try")
    finally:
        session.rig.lift()
    value, uncertainty = percentile(times_ms, 0.5)
    session.measured(
        "nfc.portrait_ms", value, uncertainty=uncertainty, samples=PORTRAITS, note=f"{len(portrait.jp2)} bytes"
    )


NFC = Phase(
    name="nfc",
    title=Text(ja="カードリーダー", en="Card reader"),
    next_step=Text(
        ja="アンテナの向きと金属部品との距離、リーダーの型番を確かめてください。",
        en="Check the antenna's seat, its distance from metal, and the reader's model.",
    ),
    measures=(
        "nfc.activation_percent",
        "nfc.apdu_ms",
        "nfc.apdu_ms_p95",
        "nfc.bit_rate_kbps",
        "nfc.distance_mm",
        "nfc.two_cards_spoken_to",
        "nfc.metal_recovery_percent",
        "nfc.hold_s",
        "nfc.portrait_ms",
    ),
    run=measure_nfc,
)
