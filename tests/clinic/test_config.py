from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clinic.config import load_config
from clinic.inquiry import SIGNED
from clinic.parts import read_parts
from device.domain.errors import BadConfig
from device.domain.values import ConsentItem
from device.wire import topics

if TYPE_CHECKING:
    from tests.clinic.conftest import ClinicFolder


def wrong(clinic: ClinicFolder, good: str, bad: str) -> str:
    """Change the configuration and return what is then wrong with it, without the folder in front."""
    text = clinic.config.read_text()
    assert good in text
    clinic.config.write_text(text.replace(good, bad))
    with pytest.raises(BadConfig) as caught:
        read_parts(load_config(clinic.config), clinic.folder)
    return str(caught.value).removeprefix(f"{clinic.folder}/")


def test_a_whole_configuration_names_the_services_that_it_runs(clinic: ClinicFolder) -> None:
    config = load_config(clinic.config)

    assert read_parts(config, clinic.folder).services == ["clinic-gateway", "clinic-consumer"]
    assert config.site.root == topics.SIMULATION_ROOT
    assert config.gateway is not None
    assert frozenset(config.gateway.accept) == SIGNED


def test_the_clinic_chooses_what_it_asks(clinic: ClinicFolder) -> None:
    clinic.config.write_text(clinic.config.read_text().replace("[gateway]", '[gateway]\nask_consent = ["SHJ"]'))

    config = load_config(clinic.config)

    assert config.gateway is not None
    assert config.gateway.ask_consent == (ConsentItem.OPERATION,)


@pytest.mark.parametrize(("gone", "left"), [("gateway", "clinic-consumer"), ("consumer", "clinic-gateway")])
def test_one_service_may_run_without_the_other(clinic: ClinicFolder, gone: str, left: str) -> None:
    head, *sections = clinic.config.read_text().split("\n[")
    clinic.config.write_text("\n[".join([head, *(section for section in sections if not section.startswith(gone))]))

    assert read_parts(load_config(clinic.config), clinic.folder).services == [left]


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("port =", "prot =", "[broker] prot: no option 'prot'; it has host, port, authority"),
        ("[gateway]", "[gatevay]", "clinic.toml: no section [gatevay]; there are [site], [broker], [gateway], [consu"),
        ("[site]", "port = 3\n[site]", "clinic.toml: no option 'port' outside a section; there are [site]"),
        ("port = 8883", 'port = "8883"', "[broker] port: Expected `int`, got `str`"),
        ("port = 8883", "port = 70000", "[broker] port: Expected `int` <= 65535"),
        ('host = "127.0.0.1"\n', "", "[broker] host: is missing"),
        ("[broker]", "[[broker]]", "[broker]: Expected `object`, got `array`"),
        ('"1399999999"', '"139999999"', "[site] institution_code: Expected `str` matching"),
        ('"simulation"', '"both"', "[site] branch: Invalid enum value 'both'"),
        ('"simulation"', '"production"', "[gateway] people with [site] branch: the stand-in for the national service"),
        ("[gateway]", '[gateway]\naccept = ["guess"]', "[gateway] accept[0]: Invalid enum value 'guess'"),
        ("[gateway]", "[gateway]\naccept = []", "[gateway] accept: Expected `array` of length >= 1"),
        ('"cards.pem"', '"cards\\u0000.pem"', "[gateway] anchors[0]: Expected `str` matching"),
        ("[site]", "[site", "clinic.toml: not a TOML file"),
        (
            'authority = "authority.cert.pem"',
            'authority = "gone.pem"',
            "gone.pem: cannot read the certificate: No",
        ),
        ('"authority.cert.pem"', '"clinic.toml"', "clinic.toml: not a certificate in PEM"),
        ('"authority.cert.pem"', '"clinic-gateway.cert.pem"', "cert.pem: a certificate in it is not an authority's"),
        ('"authority.cert.pem"', '"two.pem"', "two.pem: a site has one authority, here are several"),
        ('sealing_key = "clinic.private', 'sealing_key = "clinic.public', "clinic.public.jwk: this is a public key"),
        (
            'consumer_key = "clinic.public',
            'consumer_key = "clinic.private',
            "private.jwk: this is a private key",
        ),
        ('"clinic.private.jwk"', '"clinic.toml"', "clinic.toml: not a JWK of an elliptic curve key"),
        ('"clinic.private.jwk"', '"gone.jwk"', "gone.jwk: cannot read the key: No such file"),
        ('"clinic-gateway.key.pem"', '"clinic-consumer.key.pem"', "no usable certificate and key"),
        ('"clinic-gateway.key.pem"', '"gone.pem"', "gone.pem: no usable certificate and key: No such file"),
        ('"clinic-gateway', '"clinic-consumer', "clinic-consumer.cert.pem: its common name must be clinic-gateway"),
        ('people = "', 'people = "gone', "cannot read the people"),
    ],
)
def test_a_mistake_is_named_with_its_place(clinic: ClinicFolder, good: str, bad: str, problem: str) -> None:
    clinic.folder.joinpath("two.pem").write_bytes(clinic.authority.certificate_pem * 2)

    assert problem in wrong(clinic, good, bad)


def test_a_configuration_without_a_service_has_nothing_to_run(clinic: ClinicFolder) -> None:
    text = clinic.config.read_text()
    assert "nothing to run" in wrong(clinic, text[text.index("[consumer]") :], "")


def test_an_absent_and_an_endless_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot read the configuration: No such file"):
        load_config(tmp_path / "clinic.toml")
    (tmp_path / "clinic.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(BadConfig, match="the limit is"):
        load_config(tmp_path / "clinic.toml")


def test_reading_a_configuration_leaves_the_store_alone(clinic: ClinicFolder) -> None:
    read_parts(load_config(clinic.config), clinic.folder)

    assert not (clinic.folder / "clinic.sqlite").exists()
