"""What is wrong with a fleet is found, named, and comes with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from typer.testing import CliRunner

from provisioning.fleet.cli import app
from provisioning.fleet.fleet import open_fleet
from provisioning.fleet.load.units import make_units
from provisioning.fleet.metrics import MetricsServer, figures, read_metrics
from provisioning.pki import SiteAuthority

Examine = Callable[[], list[dict[str, str]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fleet"
    assert CliRunner().invoke(app, ["init", str(made), "--host", "broker.example"]).exit_code == 0
    listed = tmp_path / "units.csv"
    listed.write_text("serial\nA-1\n")
    assert CliRunner().invoke(app, ["import", str(listed), "--fleet", str(made)]).exit_code == 0
    return made


@pytest.fixture
def examine(folder: Path) -> Examine:
    def look() -> list[dict[str, str]]:
        result = CliRunner().invoke(app, ["doctor", "--offline", "--json", "--fleet", str(folder)])
        found: list[dict[str, str]] = json.loads(result.output)
        assert result.exit_code == (1 if any(one["level"] == "error" for one in found) else 0)
        return found

    return look


def run_out(folder: Path) -> str:
    authority = SiteAuthority.load(folder / "authority/authority.key.pem", folder / "authority/authority.cert.pem")
    then = datetime.now(UTC) - timedelta(days=2)
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    ended = builder.last_update(then).next_update(then + timedelta(days=1)).sign(authority.key, hashes.SHA256())
    (folder / "broker/revoked.crl.pem").write_bytes(ended.public_bytes(serialization.Encoding.PEM))
    return "the broker lets nobody in"


def lose_authority(folder: Path) -> str:
    (folder / "authority/authority.key.pem").unlink()
    return "bring it back from a backup"


def open_a_ticket(folder: Path) -> str:
    (folder / "tickets/A-1.ticket").chmod(0o644)
    return "others than its owner may read this ticket"


def open_the_access_list(folder: Path) -> str:
    (folder / "broker/access.list").write_text("topic readwrite #\n")
    return "is not what fleet.toml comes to"


def lose_the_service(folder: Path) -> str:
    (folder / "service/fleet-service.cert.pem").unlink()
    return "the service's certificate is not there"


def test_a_new_fleet_is_well(examine: Examine) -> None:
    assert examine() == []


@pytest.mark.parametrize("harm", [run_out, lose_authority, open_a_ticket, open_the_access_list, lose_the_service])
def test_each_harm_is_named_with_what_to_do(folder: Path, examine: Examine, harm: Callable[[Path], str]) -> None:
    words = harm(folder)
    found = examine()

    assert any(words in f"{one['words']} {one['to_do']}" for one in found), found
    assert all(one["to_do"] for one in found)


def test_a_site_whose_units_have_nobody_to_seal_for_is_named_with_the_place_of_its_key(
    folder: Path, examine: Examine, tmp_path: Path
) -> None:
    listed = tmp_path / "more.csv"
    listed.write_text("serial,site\nB-1,clinic-1\n")
    assert CliRunner().invoke(app, ["import", str(listed), "--fleet", str(folder)]).exit_code == 0
    key = folder / "sites/clinic-1/clinic.public.jwk"
    (found,) = examine()
    assert (found["level"], found["what"]) == ("warning", "clinic-1")
    assert str(key) in found["to_do"]
    key.parent.mkdir()
    key.write_text("{}")
    assert examine() == []


def test_a_withdrawn_certificate_that_is_not_on_the_list_is_found(folder: Path, examine: Examine) -> None:
    with open_fleet(folder) as fleet:
        [unit] = make_units(fleet, 1, folder / "scratch", now=datetime.now(UTC))
        with fleet.store.begin(datetime.now(UTC)) as work:
            work.certificates.withdraw(unit.name)

    assert "their units still get in" in examine()[0]["words"]


def test_the_figures_are_read_on_the_loopback_alone_and_name_no_unit(folder: Path) -> None:
    with open_fleet(folder) as fleet, MetricsServer(lambda: figures(fleet, {"health": 3}), 0) as server:
        told = read_metrics(server.port)
        assert server.address == "127.0.0.1"
    assert told['uketsuke_fleet_units{state="imported"}'] == 1
    assert told['uketsuke_fleet_messages_total{kind="health"}'] == 3
    assert not [name for name in told if "A-1" in name]
