"""A TPM or a token that cannot be used says why and what to do, and a wrong PIN is tried once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from device.app.config import KeySection
from device.app.home import Home
from device.app.key_parts import key_section, key_text, open_key
from device.domain.errors import BadConfig, Fault

Places = Callable[[str], KeySection]


def complaint(section: KeySection, path: Path) -> tuple[str, str]:
    with pytest.raises(BadConfig) as refused:
        open_key(section, path).request()
    return refused.value.where, str(refused.value)


def test_no_tpm_is_told_with_the_place_where_it_was_looked_for(key_place: Places, tmp_path: Path) -> None:
    section = replace(key_place("tpm"), tcti=f"device:{tmp_path}/tpmrm0")
    where, words = complaint(section, tmp_path / "key")

    assert where == "[key] tcti"
    assert f"there is no TPM at device:{tmp_path}/tpmrm0" in words
    assert not (tmp_path / "key").exists()


def test_a_key_of_another_tpm_is_told(key_place: Places, tmp_path: Path) -> None:
    open_key(key_place("tpm"), tmp_path / "key").request()
    with pytest.raises(BadConfig, match="made in another TPM: claim this unit anew"):
        open_key(key_place("tpm"), tmp_path / "key").private_key()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("token", "elsewhere", "shows no token 'elsewhere'"),
        ("module", "/nowhere/token.so", "is no PKCS #11 library that works here"),
        ("pin_file", "/nowhere/pin", "cannot be read: No such file or directory"),
    ],
)
def test_a_token_that_is_not_there_is_told(
    option: str, value: str, words: str, key_place: Places, tmp_path: Path
) -> None:
    where, told = complaint(replace(key_place("pkcs11"), **{option: value}), tmp_path / "key")
    assert where.startswith(f"[key] {option}")
    assert words in told


def test_a_pin_that_others_may_read_is_not_used(key_place: Places, tmp_path: Path) -> None:
    section = key_place("pkcs11")
    Path(section.pin_file).chmod(0o644)
    assert "others than its owner may read this PIN" in complaint(section, tmp_path / "key")[1]


def test_a_wrong_pin_is_tried_once_and_never_shown(
    key_place: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = key_place("pkcs11")
    Path(section.pin_file).write_text("8471936250\n")
    where, first = complaint(section, tmp_path / "key")
    # Nobody asks the token again, not even with another store: the tool is not there any more.
    monkeypatch.setenv("PATH", "/nowhere")
    _, second = complaint(section, tmp_path / "key")

    assert where == "[key] pin_file"
    assert first == second
    assert "has not the PIN" in first
    assert "8471936250" not in first


@pytest.mark.parametrize("flags", ["final user PIN try", "user PIN locked"])
def test_a_token_s_last_try_is_not_spent(
    flags: str, key_place: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = key_place("pkcs11")
    asked = tmp_path / "asked"
    tool = tmp_path / "bin/pkcs11-tool"
    tool.parent.mkdir()
    tool.write_text(
        f"#!/bin/sh\necho \"$@\" >> {asked}\necho '  token label        : {section.token}'\n"
        f"echo '  token flags        : login required, {flags}'\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")

    where, words = complaint(section, tmp_path / "key")
    assert where == "[key] token"
    assert "one wrong PIN away" in words
    assert "--login" not in asked.read_text()


@pytest.mark.parametrize(("kind", "package"), [("tpm", "tpm2-openssl"), ("pkcs11", "opensc")])
def test_a_missing_program_is_named_with_its_package(
    kind: str, package: str, key_place: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = key_place(kind)
    monkeypatch.setenv("PATH", "/nowhere")
    where, words = complaint(section, tmp_path / "key")
    assert where == "[key] store"
    assert "apt install" in words
    assert package in words


def test_a_token_that_lost_the_key_is_told(key_place: Places, tmp_path: Path) -> None:
    open_key(key_place("pkcs11"), tmp_path / "key").request()
    with pytest.raises(BadConfig, match="its key is not in the token 'unit': claim this unit anew"):
        open_key(key_place("pkcs11"), tmp_path / "key").private_key()


def test_a_broken_tpm_is_a_fault_and_the_file_stays(key_place: Places, tmp_path: Path) -> None:
    store = open_key(key_place("tpm"), tmp_path / "key")
    store.request()
    whole = (tmp_path / "key").read_text()
    lines = whole.splitlines()
    (tmp_path / "key").write_text("\n".join([lines[0], lines[1][::-1], *lines[2:], ""]))
    with pytest.raises((BadConfig, Fault)):
        open_key(key_place("tpm"), tmp_path / "key").private_key()
    assert (tmp_path / "key").exists()


def test_a_section_that_names_half_a_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.toml").write_text('[key]\nstore = "pkcs11"\nmodule = "/usr/lib/token.so"\n')
    with pytest.raises(BadConfig, match='is empty, and store is "pkcs11"') as refused:
        Home.at(tmp_path)
    assert refused.value.where == f"{tmp_path}/key.toml: [key] token"


def test_what_a_claim_writes_down_is_read_back(key_place: Places, tmp_path: Path) -> None:
    for kind in ("file", "tpm", "pkcs11"):
        section = key_place(kind)
        (tmp_path / "unit.toml").write_text(key_text(section))
        assert key_section(tmp_path / "unit.toml", tmp_path / "key.toml") == section


def test_the_unit_s_own_configuration_counts_more_than_what_was_there_before_the_claim(tmp_path: Path) -> None:
    (tmp_path / "key.toml").write_text('[key]\nstore = "tpm"\n')
    assert Home.at(tmp_path).keys.store == "tpm"
    (tmp_path / "unit.toml").write_text('[unit]\nname = "unit-07"\n')
    assert Home.at(tmp_path).keys.store == "file"
    assert stat.S_IMODE((tmp_path / "unit.toml").stat().st_mode)
