"""The tables. Times are text in UTC, all of one width, so that they sort alike everywhere; documents are JSON text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 3
"""2 brought the bench's tables, 3 the people; a store of an earlier version gets what it lacks when it is opened."""
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class Moment(TypeDecorator[datetime]):
    """A time with zone. SQLite has none, and PostgreSQL's would come back in another zone than it went in."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Return the text to keep."""
        del dialect
        return None if value is None else value.astimezone(UTC).strftime(_FORMAT)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401  as the base class
        """Return the time that was kept."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


def _name(column: str, *extra: Any, **options: Any) -> Column[str]:  # noqa: ANN401  Column's own
    return Column(column, String(64), *extra, **options)


METADATA = MetaData()

META = Table("meta", METADATA, _name("key", primary_key=True), Column("value", Text, nullable=False))

UNITS = Table(
    "units",
    METADATA,
    _name("name", primary_key=True),
    _name("serial", nullable=False, unique=True),
    _name("state", nullable=False),
    Column("state_since", Moment, nullable=False),
    Column("state_why", Text, nullable=False, default=""),
    _name("site", nullable=False, default=""),
    _name("profile", nullable=False, default=""),
    Column("imported_at", Moment, nullable=False),
    Column("certificate", String(48), comment="serial number of the certificate in use, hex"),
    Column("certificate_until", Moment),
    Column("firmware", String(64), nullable=False, default=""),
    Column("hardware", String(64), nullable=False, default="", comment="digest of the board's own number"),
    Column("birth_id", String(64), nullable=False, default=""),
    Column("births", Text, nullable=False, default="", comment="earlier birth ids: a unit never goes back to one"),
    Column("online", Boolean, nullable=False, default=False),
    Column("seen_at", Moment),
    Column("health", Text, comment="JSON of the last health message"),
    Column("health_at", Moment),
    Column("alarm", Text, comment="what a person has to look at; null when nothing"),
    Column("alarm_at", Moment),
    Column("twin_version", Integer, nullable=False, default=0, comment="the version that it shall have"),
    Column("twin_reported", Integer, nullable=False, default=0, comment="the version that it has"),
    Column("twin_status", String(16), nullable=False, default="none"),
    Column("twin_report", Text, comment="JSON of the last twin report"),
    Column("twin_reported_at", Moment),
    Index("units_by_state", "state"),
    Index("units_by_site", "site"),
)

CLAIMS = Table(
    "claims",
    METADATA,
    _name("claim", primary_key=True),
    _name("unit", ForeignKey("units.name"), nullable=False),
    _name("state", nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("key_digest", String(64), comment="SHA-256 of the public key that used it; no other may"),
    Column("hardware", String(64)),
    Column("certificate", Text, comment="PEM that was granted, given again when asked again"),
    Column("granted_at", Moment),
    Column("refusals", Integer, nullable=False, default=0),
    Column("last_refusal", Text),
    Index("claims_by_unit", "unit"),
)

CERTIFICATES = Table(
    "certificates",
    METADATA,
    Column("serial", String(48), primary_key=True),
    _name("unit", ForeignKey("units.name"), nullable=False),
    _name("state", nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("pem", Text, nullable=False),
    Column("key_digest", String(64), nullable=False),
    Column("withdrawn_at", Moment),
    Index("certificates_by_unit", "unit"),
)

TWINS = Table(
    "twins",
    METADATA,
    _name("unit", ForeignKey("units.name"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("settings", Text, nullable=False, comment="JSON: section to option to value"),
    Column("origins", Text, nullable=False, comment="JSON: section.option to who set it"),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("why", Text, nullable=False, default=""),
    PrimaryKeyConstraint("unit", "version"),
)

PROFILES = Table(
    "profiles",
    METADATA,
    Column("scope", String(160), nullable=False, comment="fleet, profile/NAME, site/NAME or unit/NAME"),
    Column("version", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("why", Text, nullable=False, default=""),
    PrimaryKeyConstraint("scope", "version"),
)

ROLLOUTS = Table(
    "rollouts",
    METADATA,
    _name("rollout", primary_key=True),
    _name("state", nullable=False),
    Column("plan", Text, nullable=False, comment="JSON"),
    Column("progress", Text, nullable=False, default="{}", comment="JSON"),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("why", Text, nullable=False, default=""),
)

JOBS = Table(
    "jobs",
    METADATA,
    _name("job", primary_key=True),
    _name("rollout", ForeignKey("rollouts.rollout")),
    _name("unit", ForeignKey("units.name")),
    _name("kind", nullable=False),
    _name("state", nullable=False),
    Column("wave", Integer, nullable=False, default=0),
    Column("order", Text, nullable=False, default="{}", comment="JSON, what is to be done"),
    Column("outcome", Text, nullable=False, default="{}", comment="JSON, what came of it"),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False, comment="not before; moves on with each attempt"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("held_by", String(64), comment="the worker that has it in hand"),
    Column("held_until", Moment, comment="afterwards it is anybody's again"),
    Index("jobs_due", "state", "due_at"),
    Index("jobs_by_unit", "unit"),
    Index("jobs_by_rollout", "rollout"),
)

BUNDLES = Table(
    "bundles",
    METADATA,
    _name("bundle", primary_key=True),
    _name("unit", ForeignKey("units.name"), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

BENCH_STATIONS = Table(
    "bench_stations",
    METADATA,
    _name("key_digest", primary_key=True),
    _name("station", nullable=False),
    Column("key", Text, nullable=False, comment="PEM, public"),
    _name("state", nullable=False),
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False, default=""),
    Index("bench_stations_by_name", "station"),
)

BENCH_RECORDS = Table(
    "bench_records",
    METADATA,
    _name("digest", primary_key=True, comment="SHA-256 of the record; the station keeps it whole"),
    _name("record", nullable=False),
    _name("serial", nullable=False),
    Column("board", String(128), nullable=False),
    Column("simulated", Boolean, nullable=False),
    _name("plan", nullable=False),
    _name("verdict", nullable=False),
    Column("ended", Moment, nullable=False),
    _name("plan_digest", nullable=False),
    _name("limits_digest", nullable=False),
    _name("station_key", ForeignKey("bench_stations.key_digest"), nullable=False),
    Column("imported_at", Moment, nullable=False),
    Index("bench_records_by_serial", "serial"),
)

APPROVALS = Table(
    "approvals",
    METADATA,
    _name("approval", primary_key=True),
    _name("action", nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    _name("state", nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("decided_by", String(128)),
    Column("decided_at", Moment),
)

PEOPLE = Table(
    "people",
    METADATA,
    _name("person", primary_key=True),
    _name("role", nullable=False),
    Column("hashed", Text, comment="of the password; null until the person has chosen one"),
    Column("made_at", Moment, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("totp_secret", String(64)),
    Column("totp_last_step", Integer, nullable=False, default=0, comment="a code counts once"),
    Column("failures", Integer, nullable=False, default=0, comment="in a row"),
    Column("locked_until", Moment),
)

LINKS = Table(
    "links",
    METADATA,
    _name("digest", primary_key=True),
    _name("person", ForeignKey("people.person")),
    Column("until", Moment, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    _name("digest", primary_key=True),
    _name("person", ForeignKey("people.person"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("began", Moment, nullable=False),
    Column("used", Moment, nullable=False),
    Index("sessions_by_person", "person"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    Column("previous", String(64), nullable=False),
    Column("link", String(64), nullable=False),
    Index("audit_by_subject", "subject"),
)

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False, comment="always 1: its lock is the audit's lock"),
    Column("number", Integer, nullable=False),
    Column("link", String(64), nullable=False),
)
