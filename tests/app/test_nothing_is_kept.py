"""After a visit by face and PIN nothing of the visitor is left: not in the memory of any process, not in any file.

The whole unit runs as a clinic runs it, but for cameras that film a folder: the portrait is decoded in its sandbox, the
card's front is read, the face is matched, the PIN is typed. Then every page that the unit and its children ever touched
is searched for what was planted, and every file that was opened for writing is looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from device.app.assets.place import MODELS_DIR
from device.app.assets.store import load_manifest, weights_path
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.drivers.onnx import OnnxNetwork
from device.drivers.portrait import SandboxedPortraitDecoder
from device.face.engine import FaceEngine, Model
from device.face.manifest import Role
from device.ports.network import Tensor
from device.sim.card import SimulatedCard
from device.wire.phrases import say
from device.wire.reasons import entry

if TYPE_CHECKING:
    from tests.app.conftest import Filmed, Hand, Terminal

SCANNER = Path(__file__).with_name("memory_scan.py")
PINS = ("7039", "8146", "9253", "6480")
PIECE = 32
PATIENCE_S = 60.0
MAY_BE_WRITTEN = re.compile(r"^(/dev/|/proc/self/|/sys/|.*/state/|.*/ttyPN532$)")
OPENED = re.compile(r'open(?:at2?)?\((?:AT_FDCWD, )?"(?P<path>[^"]*)", (?P<how>[A-Z_|{}=\w ]+)')


class Overheard:
    """A network whose answers are remembered, to know what an embedding looks like before anybody has touched it."""

    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self.answers: list[Tensor] = []

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        answer = self._network.run(tensor)
        self.answers += answer.values()
        return answer


@pytest.fixture
def planted(filmed: Filmed) -> dict[str, bytes]:
    """What is looked for, by name."""
    with SandboxedPortraitDecoder() as decoder:
        decoded = decoder.decode(filmed.portrait)
    manifest = load_manifest(MODELS_DIR / "manifest.toml")
    detector, embedder = (manifest.the(role) for role in (Role.DETECTOR, Role.EMBEDDER))
    overheard = Overheard(OnnxNetwork(weights_path(MODELS_DIR, embedder), embedder.sha256))
    network = OnnxNetwork(weights_path(MODELS_DIR, detector), detector.sha256)
    engine = FaceEngine(detector=Model(detector, network), embedder=Model(embedder, overheard))
    engine.template(decoded).wipe()
    for face in filmed.faces:
        engine.see(face)
    raw = [answer.reshape(-1).astype(np.float32) for answer in overheard.answers]
    rows = decoded[160, 60:100]
    number = filmed.front.reference_number().reveal()
    patterns = {
        "照合番号B": bytes(number),
        "portrait, begin": filmed.portrait[200 : 200 + PIECE],
        "portrait, end": filmed.portrait[-2 * PIECE : -PIECE],
        "portrait's row": rows.tobytes(),
        "portrait's row, grey": rows[:, 0].tobytes(),
        "portrait's row, numbers": rows[:16, 0].astype(np.float32).tobytes(),
        "template": template_of(raw[0], raw[1]).tobytes()[:PIECE],
        "frame's row": filmed.faces[1][200, 250:270].tobytes(),
    }
    patterns |= {f"embedding {number}": vector.tobytes()[:PIECE] for number, vector in enumerate(raw)}
    return patterns


def template_of(face: Tensor, mirror: Tensor) -> Tensor:
    """Return what the unit scores against, computed as it computes it, to the last bit."""
    both = sum((vector / float(np.linalg.norm(vector))).astype(np.float32) for vector in (face, mirror))
    return np.asarray(both / float(np.linalg.norm(both)), np.float32)


def scan(pid: int, patterns: Mapping[str, bytes]) -> dict[int, dict[str, int]]:
    """Return what is in the memory of a process and its children. Memory that may not be dumped is root's to read."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    told = [f"{name}={pattern.hex()}" for name, pattern in patterns.items()]
    done = subprocess.run([*as_root, sys.executable, str(SCANNER), str(pid), *told], capture_output=True, check=False)
    if done.returncode and as_root:
        pytest.skip("NOT CHECKED: only root may read the unit's memory, and sudo asks for a password")
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return {int(each): names for each, names in found.items()}


def leaves_no_core(pid: int) -> bool:
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    return bool(re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


@pytest.mark.broker
def test_after_a_visit_by_face_and_pin_neither_memory_nor_files_know_the_visitor(
    write_config: Callable[..., Path],
    start_unit: Callable[..., Terminal],
    reader: tuple[str, Hand],
    make_holder: Callable[[str], SimulatedCard],
    filmed: Filmed,
    planted: dict[str, bytes],
) -> None:
    _, hand = reader
    trace = filmed.folder / "opened.txt"
    tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=open,openat,openat2,creat", "-o", str(trace)]
    assert shutil.which("strace"), "strace is needed (packages.debian)"
    unit = start_unit(write_config(card=filmed.card_options, sections=filmed.sections), under=tracer)
    unit.expect("lamps: ready")
    (pid,) = children(unit.process.pid)

    before = scan(pid, {pin: pin.encode() for pin in PINS} | planted)
    pin = next(pin for pin in PINS if not any(pin in names for names in before.values()))
    assert not any(names.keys() & planted for names in before.values())
    patterns = planted | {"PIN": pin.encode()}

    hand.place(make_holder(pin))
    unit.expect(entry(Reason.INSTITUTION_CREDENTIAL_MISSING).patient.ja)  # so the face was matched
    unit.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
    assert "template" in scan(pid, {"template": patterns["template"]})[pid], "the search finds what is still needed"

    unit.type_keys(f"{pin}#")
    unit.expect(
        say(Phrase.ASK_CONSENT, "ja", items=(ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP))
    )
    unit.type_keys("#")
    unit.expect(entry(Reason.QUALIFIED).patient.ja)
    unit.expect_logged("forgotten after", times=2)  # on both lanes

    after = scan(pid, patterns)
    assert len(after) == 4, "the unit, two cameras and the next portrait's decoder"
    assert not any(after.values()), after
    assert all(leaves_no_core(each) for each in after)

    hand.lift()
    unit.expect("lamps: ready")
    os.kill(pid, signal.SIGTERM)
    assert unit.process.wait(PATIENCE_S) == 0
    assert_no_file_knows(filmed.folder, {name: pattern for name, pattern in patterns.items() if name != "PIN"})
    assert_written_only_where_it_may(trace)


def test_the_networks_runtime_tells_nobody_what_it_runs(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from device.app.face_models import load_engine\n"
        f"load_engine(Path({str(MODELS_DIR)!r}))\n"
    )
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code], env=home, check=True)

    assert not list(tmp_path.rglob("*"))


def assert_no_file_knows(folder: Path, patterns: Mapping[str, bytes]) -> None:
    """Search every file that unit, broker and clinic left behind, but for the pictures that were filmed."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name not in {"front", "faces"}]
    assert any(path.name.startswith("outbox") for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [name for name, pattern in patterns.items() if pattern in content], path


def assert_written_only_where_it_may(trace: Path) -> None:
    """Look at every file that the unit or a child of it opened for writing, also such as are gone again."""
    opened = OPENED.finditer(trace.read_text(encoding="utf-8", errors="replace"))
    written = {found["path"] for found in opened if re.search("O_WRONLY|O_RDWR|O_CREAT", found["how"])}
    assert any("outbox" in path for path in written), "the trace saw the outbox"
    assert not {path for path in written if not MAY_BE_WRITTEN.match(path)}
