"""Each thing that can be wrong is told with its cause and what to do, and how bad it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clinic.cli import app
from clinic.site.create import take_back
from clinic.site.finding import Finding
from clinic.site.plan import Places, SitePlan
from device.domain.finding import Severity
from provisioning.mosquitto import RunningBroker
from provisioning.versions import installed_version, parse, remarks_on

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("spoil", "where", "what"),
    [
        (lambda places: places.plan.unlink(), "site.toml", "No such file"),
        (lambda places: change(places.plan, "port", "prot"), "site.toml", "prot"),
        (lambda places: places.authority_certificate.unlink(), "authority.cert.pem", "cannot be read"),
        (lambda places: places.authority_key.chmod(0o640), "authority.key.pem", "others than its owner"),
        (lambda places: places.revoked.unlink(), "revoked.crl.pem", "does not start"),
        (lambda places: (places.clinic / "clinic-consumer.cert.pem").unlink(), "clinic-consumer.cert.pem", "not there"),
        (
            lambda places: (places.clinic / "clinic-consumer.cert.pem").write_bytes(
                (places.clinic / "clinic-gateway.cert.pem").read_bytes()
            ),
            "clinic-consumer.cert.pem",
            "is for clinic-gateway, not for clinic-consumer",
        ),
        (
            lambda places: (places.clinic / "clinic-consumer.key.pem").write_bytes(
                (places.clinic / "clinic-gateway.key.pem").read_bytes()
            ),
            "clinic-consumer.key.pem",
            "is not the key of clinic-consumer.cert.pem",
        ),
        (lambda places: (places.clinic / "clinic.private.jwk").unlink(), "clinic", "clinic.private.jwk"),
        (
            lambda places: change(places.broker_config, "require_certificate true", "require_certificate false"),
            "mosquitto.conf",
            "'require_certificate false'",
        ),
        (
            lambda places: change(places.broker_config, "set_tcp_nodelay true", ""),
            "mosquitto.conf",
            "lacks the line 'set_tcp_nodelay true'",
        ),
        (
            lambda places: change(places.broker / "access.list", "pattern read", "topic read #\npattern read"),
            "access.list",
            "was not generated: 'topic read #'",
        ),
        (lambda places: change(places.clinic_config, "[consumer]", "[consumre]"), "clinic.toml", "consumre"),
    ],
)
def test_what_is_spoilt_is_an_error_with_its_place_and_a_way_out(
    places: Places,
    findings: Callable[..., list[Finding]],
    spoil: Callable[[Places], object],
    where: str,
    what: str,
) -> None:
    spoil(places)
    found = [finding for finding in findings() if finding.severity is ERROR]
    assert any(finding.where.endswith(where) and what in finding.what for finding in found), found
    assert all(finding.to_do for finding in found)


def test_what_runs_out_soon_is_a_warning_and_what_ran_out_an_error(
    findings: Callable[..., list[Finding]], now: datetime
) -> None:
    assert findings(at=now + timedelta(days=300)) == []
    soon = findings(at=now + timedelta(days=350))
    assert {finding.severity for finding in soon} == {WARNING}
    assert all("runs out on" in finding.what and "issue" in finding.to_do for finding in soon)
    assert {finding.severity for finding in findings(at=now + timedelta(days=400))} == {ERROR}
    assert "begins on" in findings(at=now - timedelta(days=3650))[0].what


def test_what_was_taken_back_and_still_lies_there_is_named(
    places: Places, plan: SitePlan, findings: Callable[..., list[Finding]], now: datetime
) -> None:
    take_back(places, plan, plan.first_unit, broker_pid=None, now=now)
    [finding] = findings()
    assert (finding.severity, finding.what) == (WARNING, "this certificate was taken back")


def test_a_broker_that_is_not_there_is_said(findings: Callable[..., list[Finding]]) -> None:
    [finding] = findings(connect=True)
    assert finding.severity is ERROR
    assert "Connection refused" in finding.what


@pytest.mark.broker
def test_a_broker_that_still_runs_with_another_configuration_is_found_out(
    running: Callable[[], AbstractContextManager[RunningBroker]],
    places: Places,
    findings: Callable[..., list[Finding]],
) -> None:
    good = places.broker_config.read_text()
    change(places.broker_config, "require_certificate true", "require_certificate false")
    change(places.broker_config, "use_identity_as_username true", "")
    change(places.broker_config, "use_username_as_clientid true", "")
    change(places.broker_config, "allow_anonymous false", "allow_anonymous true")
    with running():
        places.broker_config.write_text(good)
        [finding] = findings(connect=True)
    assert "without a certificate" in finding.what


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("1.6.12", "install"),
        ("2.0.11", "CVE"),
        ("2.0.22", "SIGHUP"),
        ("2.1.2", "test-config"),
        ("3.0.0", "stay with 2.x"),
    ],
)
def test_each_version_s_needs_are_known(version: str, word: str) -> None:
    assert any(word in remark.what + remark.to_do for remark in remarks_on(parse(version)))


def test_the_installed_version_is_one_that_we_know() -> None:
    assert (2, 0, 0) <= parse(installed_version()) < (3, 0, 0)


def test_the_commands_tell_people_and_machines(tmp_path: Path) -> None:
    run = CliRunner()
    folder = str(tmp_path / "clinic")
    made = run.invoke(app, ["init", folder, "--institution", "1399999999", "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["first_unit"].endswith("units/unit-0001")
    issued = run.invoke(app, ["issue", folder, "unit-0002", "--json"])
    assert json.loads(issued.stdout)["folder"].endswith("units/unit-0002")
    assert "pidof mosquitto" in run.invoke(app, ["revoke", folder, "unit-0002"]).stdout
    (tmp_path / "clinic" / "broker" / "mosquitto.conf").unlink()
    looked = run.invoke(app, ["doctor", folder, "--offline", "--json"])
    assert looked.exit_code == 2
    told = json.loads(looked.stdout)
    assert told["severity"] == "error"
    assert {"severity", "where", "what", "to_do"} == set(told["findings"][0])


def test_a_site_without_its_institution_is_refused(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["init", str(tmp_path / "clinic")])
    assert "institution_code" in str(refused.exception)
