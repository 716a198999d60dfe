"""What is filmed in the measurements: a visitor at arm's length, 640 x 480, swaying a little."""

from __future__ import annotations

from device.app.assets.place import MODELS_DIR
from device.ports.camera import Picture
from device.sim.camera import RecordedCamera
from device.sim.clock import SimulatedClock
from device.sim.portrait import load_photo


def film(count: int) -> list[Picture]:
    """Return so many frames. Raise Fault(MODEL_MISSING) without the photos of `make setup`."""
    camera = RecordedCamera(SimulatedClock(), seed=2)
    camera.show(load_photo(MODELS_DIR, "obama"))
    return [camera.next_frame(1.0).pixels for _ in range(count)]
