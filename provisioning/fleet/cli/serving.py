"""`serve`: the workers."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from provisioning.fleet.cli.shared import HERE, FolderOption, JsonOption, PassphraseOption, say
from provisioning.fleet.fleet import open_fleet, passphrase_from
from provisioning.fleet.metrics import MetricsServer, figures, merged

READY_POLL_S = 0.1


def serve(
    *,
    fleet: FolderOption = HERE,
    worker: Annotated[
        list[int] | None,
        typer.Option(min=1, max=64, help="This process's workers, by number: no two anywhere have the same. 1."),
    ] = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer units until SIGTERM or Ctrl-C. Several processes, on one machine or more, share the work."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with ExitStack() as stack:
        opened = stack.enter_context(open_fleet(fleet, passphrase=passphrase_from(passphrase_file)))
        workers = [opened.worker(number) for number in worker or [1]]
        for one in workers:
            stack.callback(one.close)
            one.start()
        if port := opened.plan.service.metrics_port:
            stack.enter_context(
                MetricsServer(lambda: figures(opened, merged(*(one.desk.counts for one in workers))), port)
            )
        for one in workers:
            while not stop.is_set() and not one.line.ready.wait(READY_POLL_S):
                pass
        if not stop.is_set():
            text = f"ready: {len(workers)} workers of fleet {opened.plan.fleet.name}"
            say(text, {"event": "ready", "workers": worker or [1]}, as_json=as_json)
        stop.wait()
