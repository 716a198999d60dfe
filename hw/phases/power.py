"""Supply and heat under load."""

from __future__ import annotations

from device.wire.texts import Text
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Sensor
from hw.session import Session

LOAD_S = 300.0
LOOK_S = 10.0


def measure_power(session: Session) -> None:
    """Let the unit work hard for five minutes; look at supply and heat meanwhile."""
    system = session.unit.system
    seconds, heat, supply = [], [], []
    volts = True
    start_s = session.unit.clock.monotonic_s()
    system.work_hard(on=True)
    try:
        while (now_s := session.unit.clock.monotonic_s() - start_s) <= LOAD_S:
            seconds.append(now_s)
            heat.append(system.temperature_c())
            if volts:
                session.attempt("power.supply_v", measure=lambda: supply.append(session.rig.sense(Sensor.SUPPLY)))
                volts = "power.supply_v" not in session.taken
            session.unit.wait(LOOK_S)
    finally:
        system.work_hard(on=False)
    flags = system.power_flags()
    session.measured("power.undervoltage_events", flags.undervoltage, note="seen by the board" * flags.undervoltage)
    session.measured("thermal.throttled_events", flags.throttled, note="seen by the board" * flags.throttled)
    session.measured("thermal.peak_c", max(heat), uncertainty=1.0, samples=len(heat))
    if supply:
        lowest = min(supply, key=lambda reading: reading.value)
        session.measured("power.supply_v", lowest.value, uncertainty=lowest.uncertainty, samples=len(supply))
    session.draw(
        Series(
            name="heat",
            title=Text(ja="負荷時の温度", en="Temperature under load"),
            drawing=Drawing.CURVE,
            x_name="s",
            x=seconds,
            y_name="°C",
            y=heat,
            limit_of="thermal.peak_c",
        )
    )


POWER = Phase(
    name="power",
    title=Text(ja="電源と温度", en="Supply and heat"),
    next_step=Text(
        ja="電源とケーブル、放熱板の取り付けを確かめてください。",
        en="Check supply, cable and the seat of the heat sink.",
    ),
    measures=("power.undervoltage_events", "power.supply_v", "thermal.peak_c", "thermal.throttled_events"),
    run=measure_power,
)
