"""The words of the line to a real broker, for the technician who has to find out what is wrong."""

from __future__ import annotations

import contextlib
import errno
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from device.domain.errors import BadConfig
from device.domain.values import UnitId
from device.drivers.line_troubles import broken, not_connected
from device.drivers.mutual_tls import TlsFiles, client_context
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming
from device.wire import topics
from provisioning.mosquitto import RunningBroker
from provisioning.pki import IdentityFiles, SiteAuthority

UNIT = UnitId("sim-front-desk")
ASK = topics.up(UNIT, topics.Up.ASK)
PATIENCE_S = 15.0

CONNACK = bytes.fromhex("20 03 00 00 00")
"""MQTT 5: welcome, no session, no properties."""


class Ears:
    """Hear a line from any thread."""

    def __init__(self) -> None:
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()

    def connected(self, *, session_present: bool) -> None:
        del session_present
        self._news.put("up")

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del refused
        self._news.put(why)

    def unheard(self, topic: str) -> None:
        del topic

    def received(self, message: Incoming) -> None:
        self._news.put(f"heard {message.topic}")

    def next(self) -> str:
        return self._news.get(timeout=PATIENCE_S)


class Peer:
    """Something that listens where a broker should: it answers the n-th thing it reads with the n-th reply."""

    def __init__(self, tls: ssl.SSLContext | None, replies: Sequence[bytes]) -> None:
        self._tls = tls
        self._replies = replies
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._entrance.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._entrance.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            plain, _ = self._entrance.accept()
            with plain, self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as connection:
                for reply in self._replies:
                    connection.recv(65_536)
                    connection.sendall(reply)


Connect = Callable[..., tuple[PahoLine, Ears]]


@pytest.fixture
def connect(identity: Callable[[str], TlsFiles]) -> Iterator[Connect]:
    """Connect the unit to a port of this machine, with its own files or others."""
    with ExitStack() as lines:

        def start(port: int, *, host: str = "127.0.0.1", files: TlsFiles | None = None) -> tuple[PahoLine, Ears]:
            line = lines.enter_context(closing(PahoLine(BrokerAddress(host, port), UNIT, files or identity(UNIT))))
            ears = Ears()
            line.connect(ears)
            return line, ears

        yield start


@pytest.fixture
def peer(authority: SiteAuthority, tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """Put something with the broker's identity where a broker should be."""
    server = authority.issue_server(now=datetime.now(UTC)).write(tmp_path, "peer")
    with ExitStack() as peers:

        def start(*replies: bytes, server: IdentityFiles | None = server) -> Peer:
            return peers.enter_context(closing(Peer(server_context(server) if server else None, replies)))

        yield start


def server_context(files: IdentityFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


# --- the unit's own files ---


@pytest.fixture
def files(identity: Callable[[str], TlsFiles]) -> TlsFiles:
    return identity(UNIT)


def complaint(files: TlsFiles) -> tuple[str, str]:
    with pytest.raises(BadConfig) as refusal:
        PahoLine(BrokerAddress("127.0.0.1", 8883), UNIT, files)
    return refusal.value.where, str(refusal.value).removeprefix(f"{refusal.value.where}: ")


def with_path(files: TlsFiles, option: str, path: Path) -> TlsFiles:
    paths = {"authority": files.authority, "certificate": files.certificate, "key": files.key} | {option: path}
    return TlsFiles(authority=paths["authority"], certificate=paths["certificate"], key=paths["key"])


@pytest.mark.parametrize("option", ["authority", "certificate", "key"])
def test_a_missing_file_is_named(files: TlsFiles, option: str, tmp_path: Path) -> None:
    where, words = complaint(with_path(files, option, tmp_path / "nowhere.pem"))
    assert where == str(tmp_path / "nowhere.pem")
    assert "No such file" in words


@pytest.mark.parametrize("option", ["authority", "certificate", "key"])
def test_a_file_with_something_else_in_it_is_named(files: TlsFiles, option: str, tmp_path: Path) -> None:
    (tmp_path / "letter.pem").write_text("Dear friend,")
    where, words = complaint(with_path(files, option, tmp_path / "letter.pem"))
    assert where == str(tmp_path / "letter.pem")
    assert "PEM" in words


@pytest.mark.parametrize("option", ["authority", "certificate"])
def test_a_certificate_that_was_cut_off_is_named(files: TlsFiles, option: str, tmp_path: Path) -> None:
    (tmp_path / "half.pem").write_bytes(files.certificate.read_bytes()[:200])
    where, words = complaint(with_path(files, option, tmp_path / "half.pem"))
    assert where == str(tmp_path / "half.pem")
    assert "cannot be read" in words


def test_files_that_were_mixed_up_are_named(files: TlsFiles) -> None:
    where, words = complaint(replace(files, certificate=files.key, key=files.certificate))
    assert (where, words) == (str(files.key), "there is no certificate in PEM form in it")


def test_the_key_of_another_is_told(files: TlsFiles, identity: Callable[[str], TlsFiles]) -> None:
    other = identity("sim-back-desk")
    where, words = complaint(replace(files, key=other.key))
    assert (where, words) == (str(other.key), f"this is not the key of {files.certificate}")


def test_an_encrypted_key_is_told_and_nobody_is_asked_for_a_pass_phrase(files: TlsFiles, tmp_path: Path) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"nobody knows"))
    (tmp_path / "secret.pem").write_bytes(secret)
    _, words = complaint(replace(files, key=tmp_path / "secret.pem"))
    assert "encrypted" in words


def test_tls_below_1_2_is_not_spoken_and_the_broker_s_name_is_checked(files: TlsFiles) -> None:
    context = client_context(files)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


# --- on the way to the broker ---


def test_nobody_listens(connect: Connect, peer: Callable[..., Peer]) -> None:
    gone = peer()
    gone.close()
    _, ears = connect(gone.port)
    assert ears.next() == f"no broker listens at 127.0.0.1:{gone.port}"


def test_a_name_that_nobody_knows(connect: Connect) -> None:
    _, ears = connect(8883, host="broker.invalid")
    assert ears.next().startswith("the name broker.invalid is unknown here")


def test_a_broker_of_another_site(connect: Connect, peer: Callable[..., Peer], tmp_path: Path) -> None:
    other = SiteAuthority.create("another", now=datetime.now(UTC))
    impostor = peer(server=other.issue_server(now=datetime.now(UTC)).write(tmp_path, "impostor"))
    _, ears = connect(impostor.port)
    assert ears.next() == "the broker's certificate is not signed by this unit's authority"


def test_a_broker_under_another_address(
    connect: Connect, peer: Callable[..., Peer], authority: SiteAuthority, tmp_path: Path
) -> None:
    elsewhere = authority.issue_server(now=datetime.now(UTC), names=(), addresses=("192.0.2.7",))
    _, ears = connect(peer(server=elsewhere.write(tmp_path, "elsewhere")).port)
    assert ears.next() == "the broker's certificate is for another address than 127.0.0.1"


def test_a_broker_under_another_name(
    connect: Connect, peer: Callable[..., Peer], authority: SiteAuthority, tmp_path: Path
) -> None:
    elsewhere = authority.issue_server(now=datetime.now(UTC), names=("broker.example",), addresses=())
    _, ears = connect(peer(server=elsewhere.write(tmp_path, "elsewhere")).port, host="localhost")
    assert ears.next() == "the broker's certificate is for another name than localhost"


@pytest.mark.parametrize(
    ("issued", "words"),
    [
        (timedelta(days=-3), "the broker's certificate has expired, or this unit's clock is wrong"),
        (timedelta(days=3), "the broker's certificate is not valid yet; is this unit's clock right?"),
    ],
)
def test_a_broker_out_of_its_time(
    connect: Connect, peer: Callable[..., Peer], files: TlsFiles, tmp_path: Path, issued: timedelta, words: str
) -> None:
    now = datetime.now(UTC)
    old = SiteAuthority.create("old", now=now - timedelta(days=9))
    server = old.issue_server(now=now + issued, lifetime=timedelta(days=1)).write(tmp_path, "server")
    old.write(tmp_path)
    _, ears = connect(peer(server=server).port, files=replace(files, authority=tmp_path / "authority.cert.pem"))
    assert ears.next() == words


def test_something_that_speaks_no_tls(connect: Connect, peer: Callable[..., Peer]) -> None:
    printer = peer(b"220 printer ready\r\n" * 10, server=None)
    _, ears = connect(printer.port)
    assert ears.next().startswith(f"no TLS with 127.0.0.1:{printer.port}")


def test_something_that_hangs_up(connect: Connect, peer: Callable[..., Peer]) -> None:
    shy = peer(server=None)
    _, ears = connect(shy.port)
    assert str(shy.port) in ears.next()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError("timed out"), "no answer from clinic.example:8883"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no way to clinic.example:8883: Network is unreachable"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no way to clinic.example:8883: No route to host"),
        (ConnectionResetError(errno.ECONNRESET, "reset by peer"), "clinic.example:8883 hung up"),
        (ValueError("Invalid port number."), "no connection to clinic.example:8883: Invalid port number."),
    ],
)
def test_what_a_loopback_cannot_do_has_its_words_too(error: Exception, words: str) -> None:
    assert not_connected(error, "clinic.example", 8883) == words


def test_an_alert_that_nobody_foresaw_is_told_as_it_came() -> None:
    assert broken("[SSL: TLSV1_ALERT_NO_RENEGOTIATION]") == (
        "the broker ended the TLS connection: [SSL: TLSV1_ALERT_NO_RENEGOTIATION]"
    )


@pytest.mark.broker
def test_a_unit_of_another_site_is_refused(
    connect: Connect, broker: RunningBroker, files: TlsFiles, tmp_path: Path
) -> None:
    stranger = SiteAuthority.create("another", now=datetime.now(UTC)).issue_client(UNIT, now=datetime.now(UTC))
    written = stranger.write(tmp_path, "stranger")
    _, ears = connect(broker.port, files=replace(files, certificate=written.certificate, key=written.key))
    assert ears.next().startswith("the broker refuses this unit's certificate: issued by an authority")


@pytest.mark.broker
def test_a_unit_whose_certificate_has_expired_is_refused(
    connect: Connect, broker: RunningBroker, files: TlsFiles, authority: SiteAuthority, tmp_path: Path
) -> None:
    some_time_ago = datetime.now(UTC) - timedelta(minutes=4)
    expired = authority.issue_client(UNIT, now=some_time_ago, lifetime=timedelta(minutes=1))
    written = expired.write(tmp_path, "expired")
    _, ears = connect(broker.port, files=replace(files, certificate=written.certificate, key=written.key))
    assert ears.next() == "the broker refuses this unit's certificate: it has expired, or a clock is wrong"


# --- with the broker ---


def test_a_broker_that_refuses_the_unit(connect: Connect, peer: Callable[..., Peer]) -> None:
    _, ears = connect(peer(bytes.fromhex("20 03 00 87 00")).port)
    assert ears.next() == "the broker refuses this unit: Not authorized"


def test_a_broker_that_does_not_let_the_unit_listen(connect: Connect, peer: Callable[..., Peer]) -> None:
    line, ears = connect(peer(CONNACK, bytes.fromhex("90 04 00 01 00 87")).port)
    assert ears.next() == "up"
    line.subscribe(topics.down(UNIT, topics.Down.ANSWER))
    assert ears.next() == "the broker does not let this unit listen: Not authorized"


@pytest.mark.broker
def test_a_broker_that_does_not_let_the_unit_speak(connect: Connect, broker: RunningBroker) -> None:
    line, ears = connect(broker.port)
    assert ears.next() == "up"
    line.publish(topics.up(UnitId("sim-back-desk"), topics.Up.ASK), b"as another", expiry_s=60)
    assert ears.next() == "the broker does not let this unit speak: Not authorized"


def test_a_broker_that_says_why_it_ends_the_connection(connect: Connect, peer: Callable[..., Peer]) -> None:
    _, ears = connect(peer(CONNACK + bytes.fromhex("E0 02 8E 00")).port)
    assert [ears.next(), ears.next()] == ["up", "the broker ended the connection: Session taken over"]


def test_a_broker_that_ends_the_connection_without_a_word(connect: Connect, peer: Callable[..., Peer]) -> None:
    shy = peer(CONNACK)
    _, ears = connect(shy.port)
    assert [ears.next(), ears.next()] == ["up", f"the line to 127.0.0.1:{shy.port} broke"]


def test_a_broker_that_never_answers(
    connect: Connect, peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.drivers.paho_line.KEEPALIVE_S", 1)
    _, ears = connect(peer(b"", b"").port)
    assert ears.next() == "the broker has not answered for 1 s"


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes.fromhex("30 08 00 02 ff fe 00 41 42 43"),  # a message whose topic is no UTF-8
        bytes.fromhex("30 ff ff ff ff 7f"),  # a length of more bytes than there may be
        bytes.fromhex("30 ff ff ff 7f"),  # a message of 256 MB, announced and not yet sent
        bytes.fromhex("30 e0 a7 12"),  # one a little longer than any that is meant for us
        bytes.fromhex("00 00"),  # a packet of no known kind
        bytes.fromhex("90 01 00"),  # an acknowledgement that ends too early
    ],
)
def test_a_broker_that_speaks_no_mqtt(connect: Connect, peer: Callable[..., Peer], garbage: bytes) -> None:
    odd = peer(CONNACK + garbage)
    _, ears = connect(odd.port)
    assert ears.next() == "up"
    assert str(odd.port) in ears.next()


@pytest.mark.broker
def test_small_messages_do_not_wait_for_each_other(connect: Connect, broker: RunningBroker) -> None:
    line, ears = connect(broker.port)
    assert ears.next() == "up"
    assert line._connection is not None  # noqa: SLF001  nobody else can ask the socket
    connection = line._connection._client.socket()  # noqa: SLF001  same
    assert isinstance(connection, socket.socket)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@pytest.mark.broker
def test_a_message_that_is_too_large_ends_the_connection_with_words(connect: Connect, broker: RunningBroker) -> None:
    line, ears = connect(broker.port)
    assert ears.next() == "up"
    line.publish(ASK, bytes(400_000), expiry_s=60)
    # mosquitto says so and hangs up with our bytes unread, which may swallow its words.
    assert ears.next() in {
        "the broker ended the connection: Packet too large",
        f"the line to 127.0.0.1:{broker.port} broke",
    }


@pytest.mark.broker
def test_the_same_name_twice_throws_the_first_off(connect: Connect, broker: RunningBroker) -> None:
    _, first = connect(broker.port)
    assert first.next() == "up"
    _, second = connect(broker.port)
    assert second.next() == "up"
    assert first.next() != "up"
