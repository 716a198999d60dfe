"""Whatever is done to the audit behind the program's back is found and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import create_engine, text

from provisioning.fleet.store.audit import Head
from provisioning.fleet.store.database import FleetStore


@pytest.fixture
def filled(store: FleetStore, now: datetime) -> FleetStore:
    for number in range(1, 7):
        with store.begin(now, actor="hanako") as work:
            work.audit.note("claim", f"unit-{number}", step="granted", number=number)
    return store


@pytest.fixture
def behind(url: str) -> Callable[..., None]:
    """Change the base with a hand that is not the program's."""

    def change(statement: str, **values: str) -> None:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as base:
            for part in statement.split(";"):
                base.execute(text(part), values)
        engine.dispose()

    return change


def problems(store: FleetStore, now: datetime, noted: Head | None = None) -> tuple[str, ...]:
    with store.begin(now) as work:
        return work.audit.verify(noted).problems


def test_an_untouched_audit_holds(filled: FleetStore, now: datetime) -> None:
    with filled.begin(now) as work:
        verdict = work.audit.verify()
    assert verdict.holds
    assert verdict.entries == 6


def test_an_altered_entry_is_named(filled: FleetStore, now: datetime, behind: Callable[..., None]) -> None:
    behind("UPDATE audit SET actor = 'nobody' WHERE number = 3")

    assert problems(filled, now) == ("entry 3 (claim of unit-3) was altered",)


def test_a_removed_entry_is_named(filled: FleetStore, now: datetime, behind: Callable[..., None]) -> None:
    behind("DELETE FROM audit WHERE number IN (3, 4)")

    assert problems(filled, now) == ("entries 3 to 4 were removed",)


def test_entries_that_changed_places_are_named(filled: FleetStore, now: datetime, behind: Callable[..., None]) -> None:
    behind(
        "UPDATE audit SET number = 99 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4; "
        "UPDATE audit SET number = 4 WHERE number = 99"
    )

    found = problems(filled, now)
    assert "entry 3 does not follow entry 2: one of them was moved" in found
    assert any(problem.startswith("entry 4 ") for problem in found)


def test_an_end_that_was_removed_is_found_by_the_head(
    filled: FleetStore, now: datetime, behind: Callable[..., None]
) -> None:
    behind("DELETE FROM audit WHERE number > 4")

    assert problems(filled, now) == ("the head says 6 entries, there are 4: the end was removed or added to",)


def test_an_end_that_was_removed_with_its_head_is_found_by_a_head_noted_elsewhere(
    filled: FleetStore, now: datetime, behind: Callable[..., None]
) -> None:
    with filled.begin(now) as work:
        noted = work.audit.head()
        earlier = work.audit.entries(limit=3)[-1]
    behind("DELETE FROM audit WHERE number > 4; UPDATE audit_head SET number = 4, link = :link", link=earlier.link)

    assert problems(filled, now, noted) == ("entry 6, which was noted, is gone: the end was removed",)


def test_a_chain_that_was_written_anew_without_the_key_does_not_hold(
    filled: FleetStore, now: datetime, behind: Callable[..., None]
) -> None:
    behind("UPDATE audit SET detail = '{}', link = :link WHERE number = 6", link="1" * 64)
    behind("UPDATE audit_head SET link = :link", link="1" * 64)

    assert problems(filled, now) == ("entry 6 (claim of unit-6) was altered",)
