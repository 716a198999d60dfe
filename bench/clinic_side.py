"""The clinic side over mutual TLS on loopback: how long an answer and a receipt take, and whether memory grows.

mosquitto and the clinic side are processes of their own, as at a site; the units are connections of this process, with
cards whose chip is a key in memory. A receipt waits for one flush of the disk, so the flush is measured beside it.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, perf_counter

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import ECKey
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from clinic.keys import load_key, make_key_pair
from clinic.people import SHIPPED
from clinic.site.loopback import loopback_config
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind, UnitId
from device.sim.card import CardAuthority
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    Evidence,
    Holder,
    HolderKnown,
    Qualification,
    Result,
    SignedAnswer,
    SignedReceipt,
    SignedResult,
)
from device.wire.said import open_said
from device.wire.sealing import Signer, seal
from provisioning.broker import Branch
from provisioning.mosquitto import run_mosquitto
from provisioning.pki import Identity, SiteAuthority

AIM_ANSWER_MS, AIM_RECEIPT_MS = 3.0, 5.0
UNITS, VISITS_A_SECOND = 50, 10
PATIENCE_S = 20.0
TARO = 1001

_RECEIPT_FILES = '\n[receipt_files]\nfolder = "face"\n'


@dataclass(slots=True)
class Times:
    """Milliseconds of every message of a kind."""

    begin: list[float] = field(default_factory=list)
    holder: list[float] = field(default_factory=list)
    confirm: list[float] = field(default_factory=list)
    receipt: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. Times are milliseconds, memory is MB."""

    answer_ms: dict[str, float]
    """p50 by ask, and `all` of them together."""
    receipt_ms: float
    flush_ms: float
    visits: int
    seconds: float
    late_answer_ms: float
    """p95 of an answer while the fifty units came."""
    late_receipt_ms: float
    memory_start_mb: float
    memory_end_mb: float
    cpu_share: float
    """Of one core, of the clinic side's process."""


class BenchUnit:
    """A unit's connection, and a visitor with a card."""

    def __init__(self, name: str, identity: Identity, trust: ssl.SSLContext, port: int, site: BenchSite) -> None:
        self._name = UnitId(name)
        self._site = site
        self._signer = Signer.load(identity.key_pem, identity.certificate_pem)
        self._heard: queue.Queue[bytes] = queue.Queue()
        self._numbers = itertools.count(1)
        self._client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.tls_set_context(trust)
        self._client.on_socket_open = _no_delay
        self._client.on_message = lambda _client, _data, message: self._heard.put(bytes(message.payload))
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([(topics.down(self._name, leaf), 1) for leaf in topics.Down])
        self._client.loop_start()
        if not subscribed.wait(PATIENCE_S):
            raise RuntimeError("the broker did not take the subscription")

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def visit(self, times: Times) -> None:
        """Go through one visit and note how long each message took."""
        number = next(self._numbers)
        reception = f"{self._name}-{number:08d}"
        challenge = self._ask(Begin(ask_id=f"begin-{number:06d}", reception=reception), times.begin)
        if not isinstance(challenge, Challenge):
            raise TypeError("no challenge")
        evidence = Evidence(
            assurance=Assurance.PIN_SIGNATURE,
            certificate=self._site.certificate,
            signature=self._site.card.sign(challenge.challenge, padding.PKCS1v15(), hashes.SHA256()),
        )
        sealed = seal(encode(evidence), self._site.clinic_key)
        known = self._ask(Holder(ask_id=f"holder-{number:06d}", reception=reception, evidence=sealed), times.holder)
        if not isinstance(known, HolderKnown):
            raise TypeError("the holder is not known")
        consents = dict.fromkeys(known.ask_consent, True)
        confirm = Confirm(ask_id=f"confirm-{number:06d}", reception=reception, consents=consents)
        answer = self._ask(confirm, times.confirm)
        if not isinstance(answer, Qualification):
            raise TypeError("no qualification")
        self._report(number, reception, answer, times)

    def _ask(self, ask: Ask, times: list[float]) -> Answer:
        payload = encode(ask)
        began = perf_counter()
        self._client.publish(topics.up(self._name, topics.Up.ASK), payload, qos=1)
        heard = self._heard.get(timeout=PATIENCE_S)
        signed: SignedAnswer = decode(heard, SignedAnswer)
        given = open_said(signed, unit=self._name, authority=self._site.authority.certificate, at=datetime.now(UTC))
        times.append((perf_counter() - began) * 1000)
        return given.answer

    def _report(self, number: int, reception: str, answer: Qualification, times: Times) -> None:
        now = datetime.now(UTC)
        result = Result(
            message_id=f"{self._name}-{number:08d}",
            sequence=number,
            unit=self._name,
            reception=reception,
            reason=answer.reason,
            notices=answer.notices,
            card=CardKind.PLASTIC,
            assurance=Assurance.PIN_SIGNATURE,
            consents={},
            started_at=now,
            ended_at=now,
            expires_at=now + timedelta(days=1),
            sealed=answer.sealed,
            simulated=True,
        )
        payload = encode(SignedResult(jws=self._signer.sign(encode(result))))
        began = perf_counter()
        self._client.publish(topics.up(self._name, topics.Up.RESULT), payload, qos=1)
        heard = self._heard.get(timeout=PATIENCE_S)
        times.receipt.append((perf_counter() - began) * 1000)
        signed: SignedReceipt = decode(heard, SignedReceipt)
        receipt = open_said(signed, unit=self._name, authority=self._site.authority.certificate, at=datetime.now(UTC))
        if receipt.disposition != "stored" or answer.reason is not Reason.QUALIFIED:
            raise RuntimeError(f"a visit went wrong: {receipt.disposition}, {answer.reason}")


@dataclass(frozen=True, slots=True)
class BenchSite:
    """A site under measurement."""

    folder: Path
    authority: SiteAuthority
    port: int
    process: int
    clinic_key: ECKey
    card: rsa.RSAPrivateKey
    certificate: bytes

    def unit(self, number: int) -> BenchUnit:
        """Connect a unit."""
        name = f"sim-{number:04d}"
        identity = self.authority.issue_client(name, now=datetime.now(UTC))
        files = identity.write(self.folder / "units", name)
        trust = ssl.create_default_context(cafile=str(self.folder / "authority.cert.pem"))
        trust.load_cert_chain(files.certificate, files.key)
        return BenchUnit(name, identity, trust, self.port, self)


def measure(turns: int, seconds: float) -> Figures:
    """Measure `turns` visits one after the other, then `UNITS` units with `VISITS_A_SECOND` for `seconds`."""
    with tempfile.TemporaryDirectory(prefix="uketsuke-bench-") as name, open_site(Path(name)) as site:
        flush_ms = _flush_ms(site.folder / "flush")
        alone = Times()
        unit = site.unit(0)
        for _ in range(turns):
            unit.visit(alone)
        unit.close()
        crowd, memory, visits, took_s, cpu_s = _crowd(site, seconds)
    every = [*alone.begin, *alone.holder, *alone.confirm]
    return Figures(
        answer_ms={
            "all": statistics.median(every),
            "begin": statistics.median(alone.begin),
            "holder": statistics.median(alone.holder),
            "confirm": statistics.median(alone.confirm),
        },
        receipt_ms=statistics.median(alone.receipt),
        flush_ms=flush_ms,
        visits=visits,
        seconds=took_s,
        late_answer_ms=statistics.quantiles([*crowd.begin, *crowd.holder, *crowd.confirm], n=20)[-1],
        late_receipt_ms=statistics.quantiles(crowd.receipt, n=20)[-1],
        memory_start_mb=memory[0],
        memory_end_mb=memory[1],
        cpu_share=cpu_s / took_s,
    )


def _crowd(site: BenchSite, seconds: float) -> tuple[Times, tuple[float, float], int, float, float]:
    """Let fifty units come in turn; memory is looked at after the first third, when everything was used once."""
    units = [site.unit(number) for number in range(1, UNITS + 1)]
    times, todo, failures = Times(), queue.Queue[BenchUnit | None](), list[BaseException]()
    workers = [
        threading.Thread(target=_work, args=(todo, times, failures), daemon=True) for _ in range(VISITS_A_SECOND)
    ]
    for worker in workers:
        worker.start()
    total = int(seconds * VISITS_A_SECOND)
    began, cpu = monotonic(), _cpu_s(site.process)
    pause, early = threading.Event(), 0.0
    for number in range(total):
        pause.wait(max(0.0, began + number / VISITS_A_SECOND - monotonic()))
        todo.put(units[number % UNITS])
        if number == total // 3:
            early = _memory_mb(site.process)
    for _ in workers:
        todo.put(None)
    for worker in workers:
        worker.join()
    took_s = monotonic() - began
    late = _memory_mb(site.process)
    used_s = _cpu_s(site.process) - cpu
    for unit in units:
        unit.close()
    if failures:
        raise failures[0]
    return times, (early, late), total, took_s, used_s


def _work(todo: queue.Queue[BenchUnit | None], times: Times, failures: list[BaseException]) -> None:
    while (unit := todo.get()) is not None:
        try:
            unit.visit(times)
        except Exception as error:  # noqa: BLE001  told by the measuring thread
            failures.append(error)


@contextmanager
def open_site(folder: Path) -> Iterator[BenchSite]:
    """Run a broker and a clinic side in `folder`."""
    now = datetime.now(UTC)
    authority = SiteAuthority.create("bench", now=now)
    files = authority.write(folder)
    for service in ("clinic-gateway", "clinic-consumer"):
        authority.issue_client(service, now=now).write(folder, service)
    keys = make_key_pair(folder)
    cards = CardAuthority()
    (folder / "cards.pem").write_bytes(cards.certificate_pem)
    (folder / "face").mkdir()
    card = cards.issue(serial=TARO, not_before=now - timedelta(days=1), not_after=now + timedelta(days=900))
    if not isinstance(card.auth_key, rsa.RSAPrivateKey):
        raise TypeError("the simulated card has no RSA key")
    server = authority.issue_server(now=now).write(folder, "broker")
    with run_mosquitto(
        folder / "broker", branch=Branch.SIMULATION, authority=files.certificate, identity=server
    ) as broker:
        config = folder / "clinic.toml"
        config.write_text(loopback_config(broker.port, people=SHIPPED, more=_RECEIPT_FILES), encoding="utf-8")
        command = [sys.executable, "-m", "clinic.cli", "run", "--config", str(config)]
        with (
            (folder / "clinic.log").open("wb") as words,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words) as process,  # noqa: S603  our own program
        ):
            try:
                if process.stdout is None or not process.stdout.readline().startswith(b"ready"):
                    raise RuntimeError((folder / "clinic.log").read_text(encoding="utf-8")[-800:])
                der = card.auth_certificate.public_bytes(serialization.Encoding.DER)
                key = load_key(keys.public, private=False)
                yield BenchSite(folder, authority, broker.port, process.pid, key, card.auth_key, der)
            finally:
                process.terminate()
                process.wait(PATIENCE_S)


def say(figures: Figures) -> Iterator[str]:
    """Tell the figures, line by line."""
    yield "Clinic side, mutual TLS on loopback, mosquitto and clinic side as processes of their own"
    parts = "  ".join(f"{name} {value:.2f}" for name, value in figures.answer_ms.items() if name != "all")
    yield f"  ask -> answer      p50 {figures.answer_ms['all']:.2f} ms  (aim {AIM_ANSWER_MS:.0f})   {parts}"
    yield (
        f"  result -> receipt  p50 {figures.receipt_ms:.2f} ms  (aim {AIM_RECEIPT_MS:.0f})   "
        f"one flush of this disk: {figures.flush_ms:.2f} ms"
    )
    yield (
        f"  {UNITS} units, {figures.visits} visits in {figures.seconds:.0f} s: "
        f"p95 answer {figures.late_answer_ms:.1f} ms, "
        f"receipt {figures.late_receipt_ms:.1f} ms; {figures.cpu_share:.0%} of one core; "
        f"memory {figures.memory_start_mb:.1f} -> {figures.memory_end_mb:.1f} MB"
    )


def _flush_ms(path: Path) -> float:
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(60):
            file.write(bytes(12_000))
            began = perf_counter()
            os.fsync(file.fileno())
            times.append((perf_counter() - began) * 1000)
    return statistics.median(times)


def _memory_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _no_delay(_client: Client, _data: object, opened: object) -> None:
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def write(figures: Figures, path: Path) -> None:
    """Write all figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(figures), indent=1), encoding="utf-8")
