"""The machine around the parts: line, clock, storage, start, watchdog, hardening."""

from __future__ import annotations

from typing import Final

from device.wire.texts import Text
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.session import Session
from hw.uncertainty import percentile, slope

MESSAGES: Final = 100
CLOCK_S: Final = 600.0
CLOCK_LOOKS: Final = 21
WRITES: Final = 100
OFF_S: Final = 2.0


def measure_link(session: Session) -> None:
    """Send messages to the bench's broker and back."""
    trips = session.unit.system.round_trips_ms(MESSAGES)
    back = [ms for ms in trips if ms is not None]
    session.measured("link.lost", len(trips) - len(back), samples=len(trips))
    if not back:
        return
    for name, share in (("link.round_trip_ms", 0.5), ("link.round_trip_ms_p95", 0.95)):
        value, uncertainty = percentile(back, share)
        session.measured(name, value, uncertainty=uncertainty, samples=len(back))
    session.draw(
        Series(
            name="link",
            title=Text(ja="ブローカー往復時間", en="Round trip to the broker"),
            drawing=Drawing.CUMULATIVE,
            x_name="ms",
            x=back,
            limit_of="link.round_trip_ms",
        )
    )


def measure_clock(session: Session) -> None:
    """Compare the unit's clock with the reference for ten minutes; its slope is the drift."""
    unit = session.unit
    seconds, offsets = [], []
    for _ in range(CLOCK_LOOKS):
        seconds.append(unit.clock.monotonic_s())
        offsets.append(unit.system.clock_offset_s())
        unit.wait(CLOCK_S / (CLOCK_LOOKS - 1))
    drift, uncertainty = slope(seconds, offsets)
    session.measured("clock.drift_ppm", 1e6 * drift, uncertainty=1e6 * uncertainty, samples=CLOCK_LOOKS)


def measure_storage(session: Session) -> None:
    """Write and wait for the disk; ask it for its wear."""
    times = session.unit.system.fsync_ms(WRITES)
    value, uncertainty = percentile(times, 0.95)
    session.measured("storage.fsync_ms_p95", value, uncertainty=uncertainty, samples=WRITES)
    session.draw(
        Series(
            name="fsync",
            title=Text(ja="書き込み確定の時間", en="Time to have a write on the disk"),
            drawing=Drawing.HISTOGRAM,
            x_name="ms",
            x=times,
            limit_of="storage.fsync_ms_p95",
        )
    )
    session.attempt(
        "storage.life_used_percent",
        measure=lambda: session.measured("storage.life_used_percent", session.unit.system.storage_life_used_percent()),
    )


def measure_start(session: Session) -> None:
    """Cut the power and see when the unit is ready; where the bench runs on the unit, its last start has to do."""
    if not session.unit.hosts_the_bench:
        session.rig.cut_power(OFF_S)
        session.expect_restart()
    session.measured("boot.ready_s", session.unit.system.boot_ready_s(), uncertainty=0.5)


def measure_watchdog(session: Session) -> None:
    """Hang the deciding thread and wait for the restart."""
    session.measured("watchdog.bite_s", session.unit.system.watchdog_bite_s(), uncertainty=1.0)


def measure_hardening(session: Session) -> None:
    """Ask the doctor."""
    complaints = session.unit.system.hardening_complaints()
    session.measured("hardening.complaints", len(complaints), note="; ".join(complaints))


LINK = Phase(
    name="link",
    title=Text(ja="ネットワーク", en="Network and broker"),
    next_step=Text(ja="LANケーブルと差込口を替えてみてください。", en="Try another cable and another port."),
    measures=("link.round_trip_ms", "link.round_trip_ms_p95", "link.lost"),
    run=measure_link,
)
CLOCK = Phase(
    name="clock",
    title=Text(ja="時計", en="Clock"),
    next_step=Text(ja="時計の電池と基板を確かめてください。", en="Check the clock's battery and the board."),
    measures=("clock.drift_ppm",),
    run=measure_clock,
)
STORAGE = Phase(
    name="storage",
    title=Text(ja="記憶装置", en="Storage"),
    next_step=Text(ja="新しいSDカードに替えてください。", en="Use a new storage card."),
    measures=("storage.fsync_ms_p95", "storage.life_used_percent"),
    run=measure_storage,
)
START = Phase(
    name="start",
    title=Text(ja="起動", en="Start"),
    next_step=Text(ja="電源と起動の記録を確かめてください。", en="Check the supply and the journal of the start."),
    measures=("boot.ready_s",),
    run=measure_start,
)
WATCHDOG = Phase(
    name="watchdog",
    title=Text(ja="番犬タイマー", en="Watchdog"),
    next_step=Text(ja="systemdの設定を確かめてください。", en="Check what systemd was told."),
    measures=("watchdog.bite_s",),
    run=measure_watchdog,
)
HARDENING = Phase(
    name="hardening",
    title=Text(ja="保護設定", en="Hardening"),
    next_step=Text(ja="本体を入れ直してください。", en="Install the unit's image anew."),
    measures=("hardening.complaints",),
    run=measure_hardening,
)
