"""Lamps, buzzer and voice: measured where the rig has a sensor, asked of a person where it has none."""

from __future__ import annotations

from typing import Final

from device.app.panel_check import NAMES
from device.domain.prompts import Phrase
from device.panel.cues import BUZZER
from device.panel.lamps import LAMPS
from device.wire.phrases import say
from device.wire.texts import LANGUAGES, Text
from hw.errors import CannotMeasure
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Reading, Sensor
from hw.session import Session
from hw.uncertainty import mean

SETTLE_S: Final = 0.2
LIT_LX: Final = 30.0
"""A lamp that gives less at the sensor is taken for dark."""
SOUND_LOOKS: Final = 5
HEARD_OVER_ROOM_DB: Final = 6.0


def measure_lamps(session: Session) -> None:
    """Light one lamp at a time and see which one shines."""
    try:
        _lamps_by_sensor(session)
    except CannotMeasure as error:
        session.not_measured("lamps.dimmest_lx", str(error))
        _lamps_by_eye(session)
    finally:
        session.unit.indicators.show({})


def _lamps_by_sensor(session: Session) -> None:
    seen: dict[str, Reading] = {}
    wrong = []
    for lamp in LAMPS:
        session.unit.indicators.show({lamp: True})
        session.unit.wait(SETTLE_S)
        readings = {each: session.rig.sense(Sensor.LAMP, each) for each in LAMPS}
        seen[lamp] = readings[lamp]
        lit = [each for each, reading in readings.items() if reading.value > LIT_LX]
        if lit != [lamp]:
            wrong.append(f"{lamp} was told to light and {' and '.join(lit) or 'nothing'} did")
    session.measured("lamps.wrong", len(wrong), samples=len(LAMPS), note="; ".join(wrong))
    name, dimmest = min(seen.items(), key=lambda each: each[1].value)
    session.measured("lamps.dimmest_lx", dimmest.value, uncertainty=dimmest.uncertainty, note=f"lamp {name}")
    session.draw(
        Series(
            name="lamps",
            title=Text(ja="ランプの照度", en="Lamps at the sensor"),
            drawing=Drawing.BARS,
            x_name="",
            x=[],
            y_name="lx",
            y=[seen[lamp].value for lamp in LAMPS],
            labels=list(LAMPS),
            limit_of="lamps.dimmest_lx",
        )
    )


def _lamps_by_eye(session: Session) -> None:
    def measure() -> None:
        wrong = []
        for lamp in LAMPS:
            session.unit.indicators.show({lamp: True})
            name = NAMES[lamp]
            question = Text(
                ja=f"{name.ja}だけが、はっきりついていますか。", en=f"Is {name.en} on, bright, and no other?"
            )
            if not session.rig.ask(question):
                wrong.append(lamp)
        session.measured("lamps.wrong", len(wrong), samples=len(LAMPS), note=f"by eye: {' '.join(wrong)}".strip(": "))

    session.attempt("lamps.wrong", measure=measure)


def measure_sound(session: Session) -> None:
    """Sound the buzzer, speak in every language, and listen."""
    unheard: list[str] = []

    def buzz() -> None:
        session.unit.indicators.show({BUZZER: True})
        try:
            _listen(session, "buzzer.level_db", "buzzer", NAMES[BUZZER], unheard)
        finally:
            session.unit.indicators.show({})

    def speak() -> None:
        for language in LANGUAGES:
            session.unit.voice.say((say(Phrase.PLACE_CARD, language),), language=language)
            try:
                _listen(session, "voice.level_db", f"voice ({language})", _voice_in(language), unheard)
            finally:
                session.unit.voice.stop()

    try:
        buzz()
        speak()
    except CannotMeasure as error:
        session.not_measured("voice.unheard", str(error))
        return
    session.measured("voice.unheard", len(unheard), samples=1 + len(LANGUAGES), note=", ".join(unheard))


def _listen(session: Session, measure: str, name: str, title: Text, unheard: list[str]) -> None:
    """Measure what sounds now; ask a person where there is no microphone."""
    session.unit.wait(SETTLE_S)
    try:
        levels = [session.rig.sense(Sensor.SOUND).value for _ in range(SOUND_LOOKS)]
    except CannotMeasure as error:
        session.not_measured(measure, str(error))
        heard = session.rig.ask(Text(ja=f"{title.ja}がはっきり聞こえますか。", en=f"Do you hear {title.en} clearly?"))
    else:
        session.unit.indicators.show({})
        session.unit.voice.stop()
        room = session.rig.sense(Sensor.SOUND).value
        level, spread = mean(levels)
        heard = level > room + HEARD_OVER_ROOM_DB
        before = session.taken.get(measure)
        if before is None or before.value is None or level < before.value:
            session.measured(
                measure, level, uncertainty=spread, samples=len(levels), note=f"{name}; room {room:.0f} dB"
            )
    if not heard:
        unheard.append(name)


def _voice_in(language: str) -> Text:
    return (
        Text(ja="日本語の音声", en="the voice in Japanese")
        if language == "ja"
        else Text(ja="英語の音声", en="the voice in English")
    )


LAMPS_PHASE = Phase(
    name="lamps",
    title=Text(ja="ランプ", en="Lamps"),
    next_step=Text(ja="ランプの配線と抵抗を確かめてください。", en="Check the lamps' wires and resistors."),
    measures=("lamps.wrong", "lamps.dimmest_lx"),
    run=measure_lamps,
)
SOUND = Phase(
    name="sound",
    title=Text(ja="ブザーと音声", en="Buzzer and voice"),
    next_step=Text(
        ja="スピーカーとブザーの配線、音量の設定を確かめてください。",
        en="Check loudspeaker, buzzer and the volume that is set.",
    ),
    measures=("buzzer.level_db", "voice.level_db", "voice.unheard"),
    run=measure_sound,
)
