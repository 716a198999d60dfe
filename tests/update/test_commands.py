"""The whole way by commands: a ceremony, a release, a stick, a unit; and what each says when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from device.app.cli import app as unit_app
from device.app.config import EXAMPLE
from device.app.update_parts import OWN_PLATFORM
from device.domain.errors import BadConfig
from provisioning.updates.cli import app as fleet_app


def fleet(*words: str | Path, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(fleet_app, [*map(str, words), "--json"])
    if isinstance(done.exception, BadConfig):
        raise done.exception
    assert done.exit_code == code, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def unit(*words: str | Path, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(unit_app, ["update", *map(str, words), "--json"])
    assert done.exit_code == code, (done.output, done.exception)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("correct horse battery\n", encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path, passphrase: Path) -> Path:
    fleet("init", tmp_path / "site", "--keys", tmp_path / "keys", "--passphrase-file", passphrase)
    return tmp_path / "site"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "wav"
    folder.mkdir()
    (folder / "one.wav").write_bytes(b"RIFF")
    (folder / "made.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def config(tmp_path: Path, site: Path) -> Path:
    path = tmp_path / "unit.toml"
    root = site / "public/metadata/1.root.json"
    text = EXAMPLE.replace('# root = ""', f'root = "{root}"')
    text = text.replace('# folder = "/var/lib/uketsuke-update"', f'folder = "{tmp_path / "unit"}"')
    path.write_text(text, encoding="utf-8")
    return path


REASONS = ("--reason-ja", "聞き取りやすく", "--reason-en", "Clearer speech")


def release(site: Path, tmp_path: Path, recordings: Path, passphrase: Path, version: str, *extra: str) -> None:
    bundle = tmp_path / f"voice-{version}.zip"
    fleet("pack", bundle, recordings, "--kind", "voice")
    fleet("add", site, bundle, "--kind", "voice", "--version", version, *REASONS, *extra)
    keys = [tmp_path / f"keys/targets-{number}.pem" for number in (1, 3)]
    fleet("sign", site, "--key", keys[0], "--passphrase-file", passphrase)
    with pytest.raises(BadConfig, match="1 more signature"):
        fleet("publish", site)
    fleet("sign", site, "--key", keys[1], "--passphrase-file", passphrase)
    fleet("publish", site)


def test_from_the_ceremony_to_a_unit_and_what_the_unit_thinks_of_it(
    site: Path, tmp_path: Path, recordings: Path, passphrase: Path, config: Path
) -> None:
    release(site, tmp_path, recordings, passphrase, "1.0")
    said = fleet("status", site)
    assert said["targets"] == ["voice/1.0-any.zip"]

    stick = ("--from", site / "public", "--config", config)
    [offered] = unit("check", *stick)["offers"]
    assert (offered["version"], offered["reason_ja"]) == ("1.0", "聞き取りやすく")

    refused = unit("apply", "voice", *stick, code=1)
    assert refused["refusal"] == "not_well"
    assert "sentences have no file" in refused["message"]
    known = unit("status", "--config", config)["kinds"]["voice"]
    assert known == {
        "current": None,
        "previous": None,
        "under_way": None,
        "failed": ["1.0"],
        "last": {"version": "1.0", "refusal": "not_well", "detail": known["last"]["detail"]},
    }
    assert unit("apply", "voice", *stick, code=1)["refusal"] == "failed_before"
    assert unit("rollback", "voice", "--config", config, code=1)["refusal"] == "nothing_before"
    assert unit("apply", "voice", "--version", "7.0", *stick, code=1)["refusal"] == "not_offered"
    assert unit("apply", "models", *stick)["changed"] is False
    assert unit("settle", "--config", config)["ok"]


def test_a_person_is_told_in_both_languages_what_to_do(site: Path, config: Path) -> None:
    (site / "public/metadata/timestamp.json").unlink()
    done = CliRunner().invoke(unit_app, ["update", "check", "--from", str(site / "public"), "--config", str(config)])
    assert done.exit_code == 1
    assert "[unreachable]" in done.stderr
    assert "USB stick" in done.stderr
    assert "USBメモリー" in done.stderr


def test_a_unit_without_a_root_or_an_address_says_which(config: Path, tmp_path: Path) -> None:
    assert unit("check", "--config", config, code=1)["message"].startswith("[update] url is empty")
    bare = tmp_path / "bare.toml"
    bare.write_text(config.read_text(encoding="utf-8").replace("root = ", "# root = "), encoding="utf-8")
    assert unit("check", "--from", tmp_path, "--config", bare, code=1)["refusal"] == "no_trust"


def test_keys_are_made_once_and_open_with_their_passphrase_alone(
    site: Path, tmp_path: Path, passphrase: Path, recordings: Path
) -> None:
    with pytest.raises(BadConfig, match="never replaced"):
        fleet("init", tmp_path / "other", "--keys", tmp_path / "keys", "--passphrase-file", passphrase)
    fleet("pack", tmp_path / "voice.zip", recordings, "--kind", "voice")
    fleet("add", site, tmp_path / "voice.zip", "--kind", "voice", "--version", "1.0", *REASONS)
    key = tmp_path / "keys/targets-1.pem"

    passphrase.write_text("wrong horse battery", encoding="utf-8")
    with pytest.raises(BadConfig, match="wrong passphrase"):
        fleet("sign", site, "--key", key, "--passphrase-file", passphrase)
    with pytest.raises(BadConfig, match="passphrase-file"):
        fleet("sign", site, "--key", key)
    key.chmod(0o644)
    with pytest.raises(BadConfig, match="others can read"):
        fleet("sign", site, "--key", key, "--passphrase-file", passphrase)


def test_a_lost_key_is_replaced_by_those_who_hold_the_root(
    site: Path, tmp_path: Path, passphrase: Path, recordings: Path, config: Path
) -> None:
    release(site, tmp_path, recordings, passphrase, "1.0")
    lost = next(role["keys"][0] for role in fleet("status", site)["roles"] if role["role"] == "targets")
    said = fleet(
        *("rotate", site, "targets", "--old", lost[:12], "--new", tmp_path / "keys/targets-4.pem"),
        *("--passphrase-file", passphrase),
    )
    assert {lack["role"] for lack in said["missing"]} >= {"root"}
    for name in ("root-1", "root-2", "targets-4", "targets-3"):
        said = fleet("sign", site, "--key", tmp_path / f"keys/{name}.pem", "--passphrase-file", passphrase)
    assert said["missing"] == []
    fleet("publish", site)
    assert unit("check", "--from", site / "public", "--config", config)["offers"]


def test_an_online_key_is_replaced_and_the_old_one_counts_no_more(
    site: Path, tmp_path: Path, passphrase: Path, config: Path
) -> None:
    old = next(role["keys"][0] for role in fleet("status", site)["roles"] if role["role"] == "timestamp")
    fleet("rotate", site, "timestamp", "--old", old)
    for number in (1, 2):
        fleet("sign", site, "--key", tmp_path / f"keys/root-{number}.pem", "--passphrase-file", passphrase)
    fleet("publish", site)
    assert unit("check", "--from", site / "public", "--config", config)["offers"] == []


def test_a_version_is_published_once(site: Path, tmp_path: Path, recordings: Path, passphrase: Path) -> None:
    release(site, tmp_path, recordings, passphrase, "1.0")
    (recordings / "two.wav").write_bytes(b"RIFF")
    fleet("pack", tmp_path / "other.zip", recordings, "--kind", "voice")
    with pytest.raises(BadConfig, match="give it a new version"):
        fleet("add", site, tmp_path / "other.zip", "--kind", "voice", "--version", "1.0", *REASONS)
    with pytest.raises(BadConfig, match="two to four numbers"):
        fleet("add", site, tmp_path / "other.zip", "--kind", "voice", "--version", "one", *REASONS)

    said = fleet("withdraw", site, "voice/1.0-any.zip")
    assert said["missing"]


def test_the_platform_of_this_machine_is_one_that_a_bundle_may_be_for() -> None:
    assert OWN_PLATFORM.startswith("linux_")
    assert OWN_PLATFORM.rpartition("_")[2].startswith("cp3")
