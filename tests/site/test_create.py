from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from clinic.config import load_config
from clinic.site.create import create_site, issue, load_authority, take_back
from clinic.site.finding import Finding
from clinic.site.plan import Places, SitePlan, load_plan
from device.app import config as unit_config
from device.domain.errors import BadConfig, Fault
from device.wire.services import FLEET
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet import doctor as fleet_doctor
from provisioning.fleet import plan as fleet_plan
from provisioning.fleet.create import create_fleet
from provisioning.fleet.fleet import open_fleet
from provisioning.knock import Door, knock
from provisioning.mosquitto import RunningBroker


def door(places: Places, plan: SitePlan, name: str) -> Door:
    folder = places.units / name
    return Door(
        host="127.0.0.1",
        port=plan.broker.port,
        authority=folder / "authority.cert.pem",
        certificate=folder / f"{name}.cert.pem",
        key=folder / f"{name}.key.pem",
    )


@pytest.mark.broker
def test_a_new_site_runs_and_the_doctor_has_nothing_to_say(
    running: Callable[[], AbstractContextManager[RunningBroker]],
    findings: Callable[..., list[Finding]],
    places: Places,
    plan: SitePlan,
) -> None:
    with running():
        assert findings(connect=True) == []
        knock(door(places, plan, plan.first_unit), client_id=plan.first_unit)


def test_the_first_unit_s_configuration_loads(places: Places, plan: SitePlan) -> None:
    config = unit_config.load(places.units / plan.first_unit / "unit.toml")
    assert config.unit.name == plan.first_unit
    assert all(path.exists() for path in (config.broker.authority, config.broker.certificate, config.broker.key))
    assert config.clinic.sealing_key.exists()


def test_the_desk_s_page_is_part_of_a_new_site(places: Places) -> None:
    screen = load_config(places.clinic_config).screen
    assert screen is not None
    certificate = x509.load_pem_x509_certificate((places.clinic / str(screen.certificate)).read_bytes())
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert (places.clinic / str(screen.key)).exists()


def test_a_site_is_reached_by_the_name_of_its_host(plan: SitePlan, tmp_path: Path, now: datetime) -> None:
    broker = msgspec.structs.replace(plan.broker, host="reception.example")
    places = create_site(tmp_path / "named", msgspec.structs.replace(plan, broker=broker), now=now)
    screen = load_config(places.clinic_config).screen
    assert screen is not None
    assert screen.names == ("reception.example",)


def test_keys_are_for_their_owners_alone(places: Places) -> None:
    keys = [path for pattern in ("*.key.pem", "*.private.jwk") for path in places.folder.rglob(pattern)]
    assert len(keys) == 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_init_again_replaces_nothing_but_the_broker_s_configuration(
    places: Places, plan: SitePlan, now: datetime
) -> None:
    before = {path: path.read_bytes() for path in places.folder.rglob("*") if path.is_file()}
    places.broker_config.write_text("allow_anonymous true\n")
    create_site(places.folder, plan, now=now)
    assert {path: path.read_bytes() for path in places.folder.rglob("*") if path.is_file()} == before


def test_the_plan_is_read_back(places: Places, plan: SitePlan) -> None:
    assert load_plan(places.plan) == plan


@pytest.mark.broker
def test_a_renewed_unit_and_its_old_papers_are_both_let_in(
    running: Callable[[], AbstractContextManager[RunningBroker]], places: Places, plan: SitePlan, now: datetime
) -> None:
    name = plan.first_unit
    old = door(places, plan, name)
    copies = [path.rename(path.with_suffix(".old")) for path in (old.certificate, old.key) if path]
    issue(places, plan, name, now=now)
    with running():
        knock(door(places, plan, name), client_id=name)
        knock(
            Door(host=old.host, port=old.port, authority=old.authority, certificate=copies[0], key=copies[1]),
            client_id=name,
        )


@pytest.mark.broker
def test_a_unit_that_is_taken_back_is_out_while_the_broker_runs(
    running: Callable[[], AbstractContextManager[RunningBroker]], places: Places, plan: SitePlan, now: datetime
) -> None:
    issue(places, plan, "sim-0002", now=now)
    with running() as broker:
        assert take_back(places, plan, "sim-0002", broker_pid=broker.pid, now=now)
        with pytest.raises(Fault):
            knock(door(places, plan, "sim-0002"), client_id="sim-0002")
        knock(door(places, plan, plan.first_unit), client_id=plan.first_unit)


def test_nobody_of_that_name_can_be_taken_back(places: Places, plan: SitePlan, now: datetime) -> None:
    with pytest.raises(BadConfig, match="no certificate of sim-9999"):
        take_back(places, plan, "sim-9999", broker_pid=None, now=now)


def test_without_the_authority_s_key_nothing_is_issued(places: Places, plan: SitePlan, now: datetime) -> None:
    places.authority_key.unlink()
    with pytest.raises(BadConfig, match=r"authority.key.pem: no usable private key"):
        issue(places, plan, "sim-0002", now=now)
    with pytest.raises(BadConfig):
        load_authority(places)


def fleet_errors(folder: Path, now: datetime) -> list[str]:
    with open_fleet(folder) as fleet:
        return [one.words for one in fleet_doctor.examine(fleet, now=now, connect=False) if one.level == "error"]


def test_a_fleet_in_the_same_folder_shares_the_broker_and_init_again_keeps_its_door(
    places: Places, plan: SitePlan, findings: Callable[..., list[Finding]], now: datetime
) -> None:
    broker = fleet_plan.BrokerSection(host="127.0.0.1", address="127.0.0.1", account=plan.broker.account)
    fleet = fleet_plan.FleetPlan(
        fleet=fleet_plan.FleetSection(name="test-clinic", branch=plan.site.branch), broker=broker
    )
    authority, alone = places.authority_certificate.read_bytes(), places.broker_config.read_text()
    create_fleet(fleet_plan.Places(places.folder), fleet, now=now, actor="tests", passphrase=None)
    assert places.broker_config.read_text() == alone, "the broker's configuration is the site's to write"
    assert fleet_errors(places.folder, now) == ["lets no unit be claimed"]

    create_site(places.folder, plan, now=now)
    create_fleet(fleet_plan.Places(places.folder), fleet, now=now, actor="tests", passphrase=None)

    text = places.broker_config.read_text()
    assert f"listener {plan.broker.claim_port} 127.0.0.1" in text
    assert f"mount_point {CLAIM_MOUNT}" in text
    assert f"user {FLEET}" in places.site_broker(plan).access_list.read_text()
    assert places.authority_certificate.read_bytes() == authority
    assert findings() == []
    assert fleet_errors(places.folder, now) == []
