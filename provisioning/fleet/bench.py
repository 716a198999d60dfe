"""The bench's word comes in: stations that the fleet believes, and the records that they signed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from device.domain.errors import BadConfig, MessageError
from device.wire.bench_record import MAX_RECORD_BYTES, BenchResult, bench_result, read_signed
from provisioning.fleet.fleet import Fleet
from provisioning.fleet.store.bench import BenchRecord
from provisioning.fleet.store.states import StationState

STATION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""A station's clock may be ahead of the fleet's by so much; a record from a later day would never grow old."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one file."""

    file: Path
    result: BenchResult | None = None
    problem: str = ""
    known: bool = False
    """It was there already."""


def trust(fleet: Fleet, station: str, key_file: Path, *, why: str, now: datetime, actor: str) -> str:
    """Believe what a station signs with the key in this file; return the key's digest. Raise BadConfig."""
    if not STATION.fullmatch(station):
        raise BadConfig("a station's name is small letters, digits and hyphens, at most 32", where=station[:40])
    pem, digest = _public_key(key_file)
    with fleet.store.begin(now, actor=actor) as work:
        for known in work.bench.stations():
            if known.key_digest == digest:
                words = f"this key is known already, as {known.station}'s, and is {known.state}"
                raise BadConfig(words, where=str(key_file))
        work.bench.trust(station, key=pem, key_digest=digest, why=why)
        work.audit.note("bench.trusted", station, key=digest, why=why)
    return digest


def distrust(fleet: Fleet, station: str, *, why: str, now: datetime, actor: str) -> None:
    """Believe nothing any more that a station ever signed; units that are claimed stay. Raise BadConfig."""
    with fleet.store.begin(now, actor=actor) as work:
        if station not in {one.station for one in work.bench.stations() if one.state is not StationState.WITHDRAWN}:
            raise BadConfig("no station of this name is believed; `uketsuke-fleet records stations`", where=station)
        work.bench.distrust(station, why)
        work.audit.note("bench.distrusted", station, why=why)


def bring_records(fleet: Fleet, files: Iterable[Path], *, now: datetime, actor: str) -> list[Brought]:
    """Take signed records in, a file each; one that is not believed keeps none of the others out."""
    return [_bring(fleet, file, now=now, actor=actor) for file in files]


def _bring(fleet: Fleet, file: Path, *, now: datetime, actor: str) -> Brought:
    try:
        with file.open("rb") as opened:
            document = opened.read(MAX_RECORD_BYTES + 1).rstrip(b"\n")
    except OSError as error:
        return Brought(file, problem=f"cannot be read: {error.strerror}")
    with fleet.store.begin(now, actor=actor) as work:
        trusted = {one.station: one for one in work.bench.stations() if one.state is StationState.TRUSTED}
        try:
            record = read_signed(document, {name: ECKey.import_key(one.key.encode()) for name, one in trusted.items()})
            result = bench_result(record)
        except MessageError as error:
            return Brought(file, problem=str(error))
        if result.ended > now + CLOCKS_DIFFER:
            return Brought(file, problem=f"ended on {result.ended:%Y-%m-%d %H:%M}: the station's clock is ahead")
        digest = sha256(record).hexdigest()
        is_new = work.bench.keep(
            BenchRecord(
                digest=digest,
                record=result.id,
                serial=result.unit.serial,
                board=result.unit.board,
                simulated=result.unit.simulated,
                plan=result.plan,
                verdict=result.verdict,
                ended=result.ended,
                plan_digest=result.digests.get("plan", "")[:64],
                limits_digest=result.digests.get("limits", "")[:64],
                station_key=trusted[result.station].key_digest,
            )
        )
        if is_new:
            work.audit.note(
                "bench.record",
                result.unit.serial,
                record=result.id,
                sha256=digest,
                plan=result.plan,
                verdict=result.verdict,
                station=result.station,
            )
    return Brought(file, result, known=not is_new)


def _public_key(path: Path) -> tuple[str, str]:
    try:
        pem = path.read_bytes()
        key = ECKey.import_key(pem)
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (JoseError, ValueError) as error:
        raise BadConfig("is no key; `uketsuke-bench public-key` prints a station's", where=str(path)) from error
    if key.is_private:
        raise BadConfig("is a private key: it has to stay at its station; give the public one", where=str(path))
    if key.curve_name != "P-256":
        raise BadConfig("is not on the curve P-256", where=str(path))
    public = key.as_pem(private=False)
    return public.decode(), sha256(key.as_der(private=False)).hexdigest()
