"""What the desk sees and may do: the read model for a page, a printed list or any other view.

A page looks, and looks again when something changed:

    desk = Desk(store, units, health)                      # one per clinic side, made by `clinic.run`
    rows = desk.arrivals(desk.today(now), now)             # list[Arrival], in the order in which people came
    units, troubles = desk.units(now), desk.troubles()     # list[UnitState], list[HealthRow]
    end = desk.subscribe(lambda change: wake_up(change))   # Change(subject, key): ARRIVAL, UNIT, HEALTH, MODE
    ...
    end()

The listener is called on the thread that made the change (after the data is durable), so it must only hand on. From
asyncio: `desk.subscribe(lambda change: loop.call_soon_threadsafe(queue.put_nowait, change))`, one for each open page,
and `end()` when the page goes. A change carries a key and no personal data: the page asks the desk for what is new
(`desk.arrival(change.key, now)`). Everything here is safe to call from several threads and takes well under a
millisecond a visit; nothing here waits for a network.

Names, kana and birth dates stand in `Arrival` alone. `Arrival.reception` names a visit in addresses and forms: it is
random and means nothing. Every sentence comes as a `Text` with `ja` and `en`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from clinic.changes import Change
from clinic.disaster import DisasterSwitch
from clinic.elements import CONSENT_HEADS
from clinic.enquiries import Enquiries
from clinic.health import Health, HealthRow
from clinic.notices import Notice, notices_of
from clinic.qualification import NOT_OBTAINABLE
from clinic.record import LateAnswer, results_of, text_of
from clinic.store import KeptVisit, Store, japanese_day
from clinic.units import Units, UnitState
from clinic.verdict import TONES, VERDICT_WORDS, Tone, Verdict, verdict_of
from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.domain.values import Assurance, AttendantReason, ConsentItem, Prescription
from device.wire.phrases import phrasebook
from device.wire.reasons import catalogue, entry
from device.wire.texts import Text

ASSURANCE_WORDS = {
    Assurance.PIN_SIGNATURE: Text(ja="暗証番号", en="PIN"),
    Assurance.PHONE_SIGNATURE: Text(ja="スマートフォン", en="Phone"),
    Assurance.FACE_INSTITUTION: Text(ja="顔", en="Face"),
    Assurance.FACE_ONLY: Text(ja="顔のみ(署名なし)", en="Face only (no signature)"),
    Assurance.ATTENDANT: Text(ja="目視", en="By eye"),
}


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer of the visitor. Outpatients' consents are good for 24 hours."""

    item: ConsentItem
    words: Text
    agreed: bool
    obtainable: bool
    """False in an emergency: nobody could be asked (OQSCD016 3), which is neither yes nor no."""
    until: datetime | None
    """UTC; None where it was declined."""
    remaining: timedelta | None
    """At the moment of asking, never negative; None where it was declined."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One insurance of an answer, in official values; where there are several, nobody may pick one without asking."""

    insurer: str | None
    insurer_number: str | None
    symbol: str | None
    number: str | None
    branch: str | None
    ratio: str | None
    """Percent, 3 digits: `030`."""


@dataclass(frozen=True, slots=True)
class Late:
    """An answer that came after its visit."""

    verdict: Verdict
    words: Text
    answered_at: datetime
    kana: str | None = field(repr=False)
    accepted_at: datetime | None
    accepted_by: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One visit of the day, as the desk needs it. Times are UTC."""

    reception: str
    number: int
    """In the day, from 1."""
    unit: str
    at: datetime
    kana: str | None = field(repr=False)
    """Half-width, as it came; None where nobody was proven."""
    name: str | None = field(repr=False)
    birthdate: str | None = field(repr=False)
    """yyyyMMdd."""
    verified_by: Assurance | None
    verified_words: Text | None
    verdict: Verdict
    verdict_words: Text
    tone: Tone
    reason: Reason
    cause: Text
    desk_line: Text
    """To read aloud."""
    next_step: Text
    fallback: tuple[Text, ...]
    """Documents that help instead."""
    never_helps: Text | None
    consents: tuple[Consent, ...]
    notices: tuple[Notice, ...]
    coverages: tuple[Coverage, ...] = field(repr=False)
    late: Late | None
    disaster: bool
    """Looked up in the disaster mode."""
    prescription: Prescription | None
    """What the visitor chose at the unit; None where it was not asked."""
    public_expense: bool | None
    """May the subsidy's data (公費) be used; None where it was not asked."""
    attendant: str | None
    """Who looked at card and face (目視確認), where somebody did."""
    attendant_reason: AttendantReason | None
    attended_at: datetime | None
    attended_by: str | None
    simulated: bool

    @property
    def waits(self) -> bool:
        """Nobody has attended to it: it stands in the queue."""
        return self.attended_at is None


class Desk:
    """Everything that a page shows, and the few things that a person at the desk may do. `by` is who did it."""

    def __init__(self, store: Store, units: Units, health: Health, enquiries: Enquiries | None = None) -> None:
        """Show what is in `store`. Without `enquiries` (no gateway here) nothing can be looked up by hand."""
        self.disaster = DisasterSwitch(store)
        """The disaster mode: `present(now)`, `begin(reason, lasts=…, by=…, now=…)`, `end(by=…, now=…)`."""
        self.enquiries = enquiries
        """`look_up(reception, query, …)`, and in the disaster mode `look_up_without_card(query, …)`."""
        self._store = store
        self._units = units
        self._health = health

    # --- looking --------------------------------------------------------------------------------------------------

    @staticmethod
    def today(now: datetime) -> date:
        """Return which day it is in Japan."""
        return japanese_day(now)

    def arrivals(self, day: date, now: datetime) -> list[Arrival]:
        """Return the visits of a day in the order in which they came. `now` counts the consents' remaining hours."""
        visits = self._store.visits_of(day)
        return [self._arrival(visit, number, now) for number, visit in enumerate(visits, start=1)]

    def arrival(self, reception: str, now: datetime) -> Arrival | None:
        """Return one visit; None when it is not (or no longer) here."""
        visit = self._store.visit(reception)
        if visit is None:
            return None
        return self._arrival(visit, self._store.place_in_day(visit), now)

    def search(self, words: str, day: date, now: datetime) -> list[Arrival]:
        """Return the visits of a day whose kana, name or birth date contains every one of `words`, in any width."""
        wanted = [_plain(word) for word in words.split()]
        return [
            arrival
            for arrival in self.arrivals(day, now)
            if all(word in _plain(f"{arrival.kana} {arrival.name} {arrival.birthdate}") for word in wanted)
        ]

    def units(self, now: datetime) -> list[UnitState]:
        """Return every unit that was heard, by name."""
        return [replace(state, missing_results=self._store.missing(state.name)) for state in self._units.states(now)]

    def troubles(self) -> list[HealthRow]:
        """Return what is wrong at the clinic side, the latest first; empty on a good day."""
        return self._health.rows()

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` at every change; return what ends that. See the module's text for threads and asyncio."""
        return self._store.changes.subscribe(listener)

    # --- doing ----------------------------------------------------------------------------------------------------

    def attend(self, reception: str, *, by: str, now: datetime) -> bool:
        """Note that `by` has dealt with this visit. False when it is not here. Raise Fault when the disk refuses."""
        visit = self._store.visit(reception)
        if visit is None or not self._store.attend(reception, by=by, now=now):
            return False
        self._units.attended(visit.record.unit)
        return True

    def put_back(self, reception: str, *, now: datetime) -> bool:
        """Take `attend` back: the visit stands in the queue again."""
        return self._store.attend(reception, by=None, now=now)

    def accept_late_answer(self, reception: str, *, by: str, now: datetime) -> bool:
        """Make the late answer the visit's own. False when there is none or somebody was faster."""
        return self._store.accept_late_answer(reception, by=by, now=now)

    # --- how a row is made ----------------------------------------------------------------------------------------

    def _arrival(self, visit: KeptVisit, number: int, now: datetime) -> Arrival:
        record, verdict = visit.record, verdict_of(visit)
        accepted = visit.late if visit.accepted_at is not None else None
        reason = accepted.reason if accepted is not None else record.reason
        words = entry(reason)
        results = results_of(visit.qualification)
        first = results[0] if results else {}
        return Arrival(
            reception=record.reception,
            number=number,
            unit=record.unit,
            at=record.happened_at,
            kana=text_of(first, "NameKana"),
            name=text_of(first, "Name"),
            birthdate=text_of(first, "Birthdate"),
            verified_by=record.assurance,
            verified_words=None if record.assurance is None else ASSURANCE_WORDS[record.assurance],
            verdict=verdict,
            verdict_words=VERDICT_WORDS[verdict],
            tone=TONES[verdict],
            reason=reason,
            cause=words.cause,
            desk_line=words.desk,
            next_step=words.next_step,
            fallback=tuple(catalogue().documents[document] for document in words.fallback),
            never_helps=words.never_helps,
            consents=_consents(first, now),
            notices=notices_of(visit, self._store.visit_before(visit)),
            coverages=tuple(map(_coverage, results)),
            disaster=record.mode == "disaster",
            late=None if visit.late is None else _late(visit, visit.late),
            prescription=record.prescription,
            public_expense=record.public_expense,
            attendant=record.attendant,
            attendant_reason=record.attendant_reason,
            attended_at=visit.attended_at,
            attended_by=visit.attended_by,
            simulated=record.simulated,
        )


def _late(visit: KeptVisit, answer: LateAnswer) -> Late:
    verdict = verdict_of(replace(visit, accepted_at=answer.answered_at))
    results = results_of(answer.qualification)
    return Late(
        verdict=verdict,
        words=VERDICT_WORDS[verdict],
        answered_at=answer.answered_at,
        kana=text_of(results[0], "NameKana") if results else None,
        accepted_at=visit.accepted_at,
        accepted_by=visit.accepted_by,
    )


def _consents(result: dict[str, object], now: datetime) -> tuple[Consent, ...]:
    """Read the consents where they were recorded for certain: in the sealed answer, not in what the unit says."""
    found = []
    for item, (head, *_) in CONSENT_HEADS.items():
        flag = text_of(result, f"{head}ConsFlg")
        if flag is None:
            continue
        until = _time(text_of(result, f"{head}AvailableTime")) if flag == "1" else None
        remaining = None if until is None else max(until - now, timedelta(0))
        words = phrasebook().consent_items[item]
        found.append(Consent(item, words, flag == "1", flag != NOT_OBTAINABLE, until, remaining))
    return tuple(found)


def _coverage(result: dict[str, object]) -> Coverage:
    return Coverage(
        insurer=text_of(result, "InsurerName"),
        insurer_number=text_of(result, "InsurerNumber"),
        symbol=text_of(result, "InsuredCardSymbol"),
        number=text_of(result, "InsuredIdentificationNumber"),
        branch=text_of(result, "InsuredBranchNumber"),
        ratio=text_of(result, "InsuredPartialContributionRatio"),
    )


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=JAPAN).astimezone(UTC)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Fold widths, so that half-width kana are found by full-width ones and hiragana."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(chr(ord(sign) + _KATAKANA) if "ぁ" <= sign <= "ゖ" else sign for sign in folded)


_KATAKANA = ord("ァ") - ord("ぁ")
