"""`uketsuke card bridge`: the card on a PN532 for every PC/SC program on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing

from device.app.told_to_stop import told_to_stop
from device.drivers.pn532 import Pn532Reader
from device.drivers.vpcd_bridge import VpcdBridge
from device.sim.pcscd import VIRTUAL_READER, run_pcscd


def bridge(reader: Pn532Reader, *, say: Callable[[str], None], patience_s: float) -> None:
    """Offer the reader's cards to pcscd until SIGINT or SIGTERM, and say what happens. The reader is closed at the end.

    `patience_s`: how long to wait while another of our programs has the virtual reader. Raise Fault where there can be
    no PC/SC service, or the reader is not there at the start; later troubles are said, and waited out.
    """
    with ExitStack() as parts:
        parts.enter_context(closing(reader))
        stop = parts.enter_context(told_to_stop())
        reader.wait_for_change(present=False, timeout_s=0)  # a reader that is not there is told before anything else
        service = parts.enter_context(run_pcscd(patience_s=patience_s))
        carrier = VpcdBridge(reader, say=say)
        carrying = threading.Thread(target=carrier.run, name="card bridge")
        carrying.start()
        parts.callback(carrying.join)
        parts.callback(carrier.stop)
        started = "pcscd was started for it" if service else "the pcscd that runs already"
        say(f"Cards on {reader.name} are offered as {VIRTUAL_READER} ({started}).")
        say("Any PC/SC program on this machine may use them now; Ctrl-C takes the reader back.")
        stop.wait()
        say("Taking the reader back.")
