"""What the face path of a configured unit is made of: two cameras, the weights, and the portrait's sandbox."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from device.app.camera_watch import CameraWatch
from device.app.card_front import open_front_reader
from device.app.config import NO_CAMERA, CameraSection, Config
from device.app.face_desk import FaceParts
from device.app.face_models import load_engine
from device.app.front_on_demand import FrontOnDemand
from device.app.health import Health
from device.app.liveness_parts import choose_liveness
from device.card.front.by_camera import CameraCardFront
from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import FOLDER, CameraSetup
from device.drivers.portrait import SandboxedPortraitDecoder
from device.drivers.system import reboot_if_up_long_enough
from device.ports.clock import Clock
from device.ports.network import PortraitDecoder

CAMERA, FRONT_CAMERA = "camera", "card front camera"
PORTRAIT, SANDBOX = "portrait", "portrait sandbox"
"""What opens the card's picture, and what keeps it from doing anything else."""


@dataclass(frozen=True, slots=True)
class OpenedFace:
    """The face path, if there is one, and the cameras that film for it."""

    parts: FaceParts | None = None
    cameras: tuple[CameraWatch, ...] = ()

    def tell(self, health: Health) -> None:
        """Let the unit's health hear of the cameras from now on."""
        for camera in self.cameras:
            camera.listen(partial(_report, health, camera.name))


def open_face(config: Config, stack: ExitStack, clock: Clock, troubles: dict[str, Fault]) -> OpenedFace:
    """Open the face path; `stack` closes it. Without parts where one cannot be had; then `troubles` say so.

    Raise BadConfig for pictures in place of a camera on a unit that is not simulated.
    """
    if config.camera.source == NO_CAMERA:
        return OpenedFace()
    for option, address in (("[camera] source", config.camera.source), ("[card] front", config.card.front)):
        if address.startswith(FOLDER) and not config.unit_id.startswith(SIMULATED_UNIT_PREFIX):
            raise BadConfig(f"only a unit whose name begins with {SIMULATED_UNIT_PREFIX} films pictures", where=option)
    models_dir = config.models_dir
    # The cameras warm up while the weights are loaded.
    camera = stack.enter_context(open_camera(config.camera, clock))
    front_camera = stack.enter_context(open_camera(config.front_camera, clock, name=FRONT_CAMERA))
    try:
        engine, threshold = load_engine(models_dir, embedder=config.face.embedder or None)
        reader = FrontOnDemand(partial(open_front_reader, models_dir))
    except Fault as fault:
        troubles["models"] = fault
        return OpenedFace(cameras=(camera, front_camera))
    liveness = choose_liveness(
        config.liveness,
        models_dir,
        troubles,
        face_alone_counts=config.policy.accept_face_only,
        embedder=config.face.embedder or None,
    )
    if liveness is None and config.liveness.use:
        return OpenedFace(cameras=(camera, front_camera))
    parts = FaceParts(
        camera=camera,
        front=CameraCardFront(front_camera, reader.read, clock),
        decoder=open_decoder(stack, troubles),
        engine=engine,
        threshold=threshold,
        liveness=liveness,
        prepare=reader.prepare,
        rest=reader.rest,
    )
    return OpenedFace(parts, (camera, front_camera))


def open_camera(section: CameraSection, clock: Clock, *, name: str = CAMERA) -> CameraWatch:
    """Return the camera of a section of the configuration, to be entered."""
    setup = CameraSetup(section.source, section.width, section.height, section.frames_per_second)
    return CameraWatch(
        lambda: CameraProcess(setup.command(), part=name),
        clock,
        give_up=reboot_if_up_long_enough if section.reboot else None,
        name=name,
    )


def open_decoder(stack: ExitStack, troubles: dict[str, Fault]) -> PortraitDecoder:
    """Start the portrait's sandbox; that it does not start, or lacks a layer of protection, goes into `troubles`."""
    decoder = stack.enter_context(SandboxedPortraitDecoder())
    note_trouble(decoder, troubles)
    return decoder


def note_trouble(decoder: SandboxedPortraitDecoder, troubles: dict[str, Fault]) -> None:
    """Put into `troubles` that the decoder does not start, or which layers are not round it."""
    try:
        missing = decoder.missing_protection()
    except Fault as fault:
        troubles[PORTRAIT] = fault
        return
    if missing:
        layers = ", ".join(str(layer.name).lower() for layer in missing)
        troubles[SANDBOX] = Fault(
            f"the portrait's decoder runs without {layers}",
            part=SANDBOX,
            reason=Reason.PROTECTION_MISSING,
            finding=FindingCode.PORTRAIT_SANDBOX,
        )


def _report(health: Health, part: str, trouble: Reason | None, why: str) -> None:
    health.report(part, trouble, why=why)
