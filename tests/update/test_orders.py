"""Orders are handed over as files, done by the program that may, and a new version is run by the one that starts."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.app.config import EXAMPLE, Config, load
from device.app.update_parts import do_orders, newer_program, open_updating, order_box, reports_file
from device.app.update_reports import UpdateReports
from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Refusal
from device.drivers.update_spool import MOST_WAITING, OrderBox, read_reports
from device.update.jobs import JobBook, Tell, hear, read_book
from device.wire.codec import encode
from device.wire.fleet import SignedOrder
from device.wire.rollout import UpdateOrder, UpdateReport
from device.wire.sealing import Signer
from device.wire.services import FLEET
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.update.conftest import Publisher


@pytest.fixture
def site() -> SiteAuthority:
    return SiteAuthority.create("tests", now=datetime.now(UTC))


@pytest.fixture
def config(tmp_path: Path, publisher: Publisher, site: SiteAuthority) -> tuple[Path, Config]:
    root = publisher.public / "metadata/1.root.json"
    text = EXAMPLE.replace('# root = ""', f'root = "{root}"').replace("unit-0001", "sim-0001")
    text = text.replace('# folder = "/var/lib/uketsuke-update"', f'folder = "{tmp_path / "versions"}"')
    path = tmp_path / "unit.toml"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "site-ca.pem").write_bytes(site.certificate_pem)
    return path, load(path)


def order(**changes: object) -> UpdateOrder:
    fields: dict[str, object] = {
        "job_id": "job-00001",
        "unit": "sim-0001",
        "action": "go_back",
        "part": Kind.VOICE,
        "version": "2.0",
        "until": datetime.now(UTC) + timedelta(hours=1),
    }
    return UpdateOrder(**{**fields, **changes})  # type: ignore[arg-type]  # any field of an order


def signed(by: SiteAuthority, what: UpdateOrder) -> bytes:
    identity = by.issue_client(FLEET, now=datetime.now(UTC))
    signer = Signer.load(identity.key_pem, identity.certificate_pem)
    return encode(SignedOrder(jws=signer.sign(encode(what))))


def test_what_waits_is_done_once_and_its_end_can_be_read_by_everybody(
    config: tuple[Path, Config], site: SiteAuthority
) -> None:
    path, loaded = config
    said: list[str] = []
    box = order_box(loaded)
    box.put(signed(site, order()))
    box.put(signed(site, order(job_id="job-00002", action="take", version="1.0")))
    updating = open_updating(loaded, path, said.append)

    assert do_orders(loaded, updating, said.append) == 2
    assert do_orders(loaded, updating, said.append) == 0
    told = {report.job_id: report for report in read_book(read_reports(reports_file(loaded))).reports}
    assert told["job-00001"].state == "succeeded"
    assert (told["job-00002"].state, told["job-00002"].refusal) == ("failed", Refusal.UNREACHABLE)
    assert reports_file(loaded).stat().st_mode & 0o044


def test_what_the_fleet_did_not_sign_is_thrown_away(config: tuple[Path, Config]) -> None:
    path, loaded = config
    stranger = SiteAuthority.create("stranger", now=datetime.now(UTC))
    box = order_box(loaded)
    for payload in (b"", b"{}", signed(stranger, order())):
        box.put(payload)
    said: list[str] = []
    do_orders(loaded, open_updating(loaded, path, said.append), said.append)
    assert len(said) == 3
    assert box.take() == []
    assert read_book(read_reports(reports_file(loaded))).reports == ()


def test_an_order_for_another_unit_is_not_ours(config: tuple[Path, Config], site: SiteAuthority) -> None:
    path, loaded = config
    order_box(loaded).put(signed(site, order(unit="sim-0002")))
    do_orders(loaded, open_updating(loaded, path, print), print)
    assert read_book(read_reports(reports_file(loaded))).reports == ()


def test_a_box_holds_so_many_and_follows_no_link(tmp_path: Path) -> None:
    box = OrderBox(tmp_path / "box")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    box.put(b"first")
    (box.folder / "x.order").symlink_to(secret)
    os.mkfifo(box.folder / "y.order")
    assert [payload for _, payload in box.take()] == [b"first"]
    for number in range(MOST_WAITING - 3):
        box.put(str(number).encode())
    with pytest.raises(UpdateRefused) as full:
        box.put(b"one more")
    assert full.value.refusal is Refusal.BUSY


def test_an_order_that_comes_too_late_is_not_begun() -> None:
    late = order(until=datetime(2026, 1, 1, tzinfo=UTC))
    decided = hear(JobBook(), late, version="1.0", now=datetime(2026, 1, 2, tzinfo=UTC))
    assert isinstance(decided, Tell)
    assert decided.report.state == "rejected"


def test_the_package_hands_over_to_the_version_that_updates_brought(config: tuple[Path, Config]) -> None:
    _, loaded = config
    assert newer_program(loaded) is None
    program = loaded.update.folder / "software/current/bin/uketsuke"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    assert newer_program(loaded) is None
    program.chmod(0o755)
    assert newer_program(loaded) == program


def test_reports_go_to_the_fleet_once_and_again_when_it_asks_again(
    config: tuple[Path, Config], site: SiteAuthority
) -> None:
    path, loaded = config
    told: list[UpdateReport] = []
    reports = UpdateReports(order_box(loaded), reports_file(loaded), told.append, takes=True)
    what = order()
    reports.order(what, signed(site, what))
    reports.look()
    assert told == []

    do_orders(loaded, open_updating(loaded, path, print), print)
    reports.look()
    reports.look()
    assert [report.state for report in told] == ["succeeded"]
    reports.order(what, signed(site, what))
    assert [report.state for report in told] == ["succeeded", "succeeded"]
    assert order_box(loaded).take() == []


def test_a_unit_that_was_given_no_root_says_that_it_takes_no_updates(config: tuple[Path, Config]) -> None:
    _, loaded = config
    told: list[UpdateReport] = []
    UpdateReports(order_box(loaded), reports_file(loaded), told.append, takes=False).order(order(), b"")
    assert [(report.state, report.detail) for report in told] == [
        ("rejected", "[update] root is empty: this unit takes no updates")
    ]
