"""Which key a unit uses: the one that belongs to its certificate, wherever it lies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from device.app.config import EXAMPLE, Config, load
from device.app.credentials import NAME, handed_over, with_credential
from device.app.identity_files import load_signer
from provisioning.pki import SiteAuthority


@pytest.fixture
def config(tmp_path: Path, authority: SiteAuthority) -> Config:
    """A unit whose key lies in a file."""
    files = authority.issue_client("unit-0001", now=datetime.now(UTC)).write(tmp_path, "unit")
    path = tmp_path / "unit.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    config = load(path)
    return replace(config, broker=replace(config.broker, key=files.key, certificate=files.certificate))


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    return folder


def test_a_credential_takes_the_file_s_place_and_the_file_need_not_be_there(config: Config, credentials: Path) -> None:
    config.broker.key.rename(credentials / NAME)
    used = with_credential(config, handed_over({"CREDENTIALS_DIRECTORY": str(credentials)}))

    assert used.broker.key == credentials / NAME
    assert load_signer(used).speaker == "unit-0001"


def test_after_a_renewal_the_file_has_the_new_key_and_the_credential_counts_no_more(
    config: Config, credentials: Path, authority: SiteAuthority
) -> None:
    config.broker.key.rename(credentials / NAME)
    authority.issue_client("unit-0001", now=datetime.now(UTC)).write(config.broker.key.parent, "unit")
    used = with_credential(config, credentials)

    assert used == config
    assert load_signer(used).speaker == "unit-0001"


@pytest.mark.parametrize("content", [None, b"", b"no key"])
def test_a_credential_that_is_none_changes_nothing(config: Config, credentials: Path, content: bytes | None) -> None:
    if content is not None:
        (credentials / NAME).write_bytes(content)

    assert with_credential(config, credentials) == config


def test_without_systemd_the_file_counts(config: Config) -> None:
    assert handed_over({}) is None
    assert with_credential(config, None) == config
