"""What a repository of updates and a trial of one promise: TUF from a folder and over HTTP, commands of the system."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Protocol

import pytest
from securesystemslib.signer import CryptoSigner

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Refusal
from device.drivers.mutual_tls import TlsFiles, client_context
from device.drivers.system import SystemClock
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher, HttpsFetcher
from device.drivers.update_trial import CommandTrial
from device.ports.updates import Trial, UpdateSource
from device.wire.texts import Text
from provisioning.pki import SiteAuthority
from provisioning.updates.packing import Content, describe, write_bundle
from provisioning.updates.repository import Founders, Repository

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one version of the weights."""
    keys = [CryptoSigner.generate_ed25519() for _ in range(2)]
    repository = Repository(tmp_path / "publisher")
    repository.found(Founders(root=keys, root_threshold=1, targets=keys, targets_threshold=1), now=NOW)
    bundle = tmp_path / "models.zip"
    write_bundle(bundle, {"weights.bin": Content(b"w" * 4000)})
    about = describe(bundle, kind=Kind.MODELS, version="1.1", reason=Text(ja="直し", en="Corrections"), released_at=NOW)
    repository.add(bundle, about, now=NOW)
    for key in keys:
        if repository.missing():
            repository.sign(key)
    repository.publish(now=NOW)
    return repository


@pytest.fixture
def folder_source(repository: Repository, tmp_path: Path) -> UpdateSource:
    fetcher = FolderFetcher(repository.public, tmp_path / "staging")
    root = repository.public / "metadata/1.root.json"
    return TufSource(root=root, cache=tmp_path / "seen", address=FOLDER_URL, fetcher=fetcher)


@pytest.fixture
def https_source(
    repository: Repository, tmp_path: Path, authority: SiteAuthority, identity: Callable[[str], TlsFiles]
) -> Iterator[UpdateSource]:
    files = authority.issue_server(now=datetime.now(UTC)).write(tmp_path, "server")
    shown = SSLContext(PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(files.certificate, files.key)
    handler = functools.partial(Quiet, directory=str(repository.public))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = shown.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        context = client_context(identity("unit"))
        with closing(HttpsFetcher(context, tmp_path / "staging", monotonic_s=SystemClock().monotonic_s)) as fetcher:
            yield TufSource(
                root=repository.public / "metadata/1.root.json",
                cache=tmp_path / "seen",
                address=f"https://localhost:{server.server_address[1]}",
                fetcher=fetcher,
            )
        server.shutdown()
        serving.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture(params=["folder", "https"])
def source(request: pytest.FixtureRequest) -> UpdateSource:
    chosen: UpdateSource = request.getfixturevalue(f"{request.param}_source")
    return chosen


def test_what_is_offered_says_everything_beforehand(source: UpdateSource) -> None:
    [offer] = source.offers(NOW)
    assert (offer.kind, offer.version, offer.files, offer.unpacked) == (Kind.MODELS, "1.1", 1, 4000)
    assert (offer.reason_ja, offer.reason_en, offer.released_at) == ("直し", "Corrections", NOW)


def test_what_is_fetched_is_as_large_as_was_signed(source: UpdateSource, tmp_path: Path) -> None:
    [offer] = source.offers(NOW)
    source.fetch(offer, tmp_path / "fetched.zip")
    assert (tmp_path / "fetched.zip").stat().st_size == offer.size
    assert (tmp_path / "fetched.zip").read_bytes() == (tmp_path / "models.zip").read_bytes()


def test_asked_again_it_offers_the_same(source: UpdateSource) -> None:
    assert source.offers(NOW) == source.offers(NOW + timedelta(minutes=1))


def test_what_ran_out_is_no_offer(source: UpdateSource) -> None:
    with pytest.raises(UpdateRefused) as refused:
        source.offers(NOW + timedelta(days=4000))
    assert refused.value.refusal is Refusal.EXPIRED


def test_a_repository_that_is_gone_is_unreachable(source: UpdateSource, repository: Repository) -> None:
    repository.public.joinpath("metadata").rename(repository.public / "elsewhere")
    with pytest.raises(UpdateRefused) as refused:
        source.offers(NOW)
    assert refused.value.refusal in {Refusal.UNREACHABLE, Refusal.NO_TRUST}


def test_an_archive_that_somebody_changed_is_not_there_afterwards(
    source: UpdateSource, repository: Repository, tmp_path: Path
) -> None:
    [offer] = source.offers(NOW)
    for archive in repository.public.rglob("*.zip"):
        archive.write_bytes(archive.read_bytes()[:-1] + b"!")
    with pytest.raises(UpdateRefused) as refused:
        source.fetch(offer, tmp_path / "fetched.zip")
    assert refused.value.refusal in {Refusal.ALTERED, Refusal.MIXED}
    assert not (tmp_path / "fetched.zip").exists()


# --- a trial -------------------------------------------------------------------------------------------------------


def program(folder: Path, body: str) -> Path:
    path = folder / "bin" / "uketsuke"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


class OpenTrial(Protocol):
    """Make a trial of a unit whose own look at itself is this script."""

    def __call__(self, *, healthy: str = "exit 0", within_s: float = 20.0) -> Trial: ...


@pytest.fixture
def command_trial(tmp_path: Path) -> OpenTrial:
    def make(*, healthy: str = "exit 0", within_s: float = 20.0) -> Trial:
        well = program(tmp_path / "healthy", healthy)
        return CommandTrial(
            looks={Kind.MODELS: lambda folder: None if (folder / "weights.bin").exists() else "no weights"},
            restart=["true"],
            healthy=[str(well)],
            within_s=within_s,
            soak_s=0.0,
        )

    return make


@pytest.fixture(params=["command"])
def trial(request: pytest.FixtureRequest) -> OpenTrial:
    chosen: OpenTrial = request.getfixturevalue(f"{request.param}_trial")
    return chosen


def test_a_version_without_complaint_may_be_switched_to(trial: OpenTrial, tmp_path: Path) -> None:
    program(tmp_path / "2.0", 'echo "uketsuke 2.0"')
    (tmp_path / "models").mkdir()
    (tmp_path / "models/weights.bin").touch()
    assert trial().complaint(Kind.SOFTWARE, "2.0", tmp_path / "2.0") is None
    assert trial().complaint(Kind.MODELS, "1.0", tmp_path / "models") is None
    assert trial().complaint(Kind.VOICE, "1.0", tmp_path / "models") is None, "nobody looks at a voice here"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('echo "uketsuke 1.9"', "calls itself 'uketsuke 1.9'"),
        ("echo no; exit 3", "ended with 3: no"),
        ("exec sleep 60", "did not end within 0 s"),
    ],
)
def test_what_is_wrong_with_a_version_is_said_in_words(trial: OpenTrial, tmp_path: Path, body: str, said: str) -> None:
    program(tmp_path / "2.0", body)
    within_s = 0.3 if "sleep" in body else 20.0
    assert said in (trial(within_s=within_s).complaint(Kind.SOFTWARE, "2.0", tmp_path / "2.0") or "")


def test_a_version_without_its_program_is_no_crash(trial: OpenTrial, tmp_path: Path) -> None:
    assert "cannot be run" in (trial().complaint(Kind.SOFTWARE, "2.0", tmp_path / "none") or "")
    assert trial().complaint(Kind.MODELS, "1.0", tmp_path / "none") == "no weights"


def test_a_unit_that_runs_well_has_no_complaint_and_an_ill_one_says_it(trial: OpenTrial) -> None:
    assert trial().start() is None
    assert "ended with 1: the reader is gone" in (trial(healthy="echo the reader is gone; exit 1").start() or "")
