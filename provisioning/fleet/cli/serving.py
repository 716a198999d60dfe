"""`serve`: the workers; `web`: the page for people."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from device.domain.errors import Fault
from device.domain.reasons import Reason
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
    """Answer units until SIGTERM or Ctrl-C. Several processes, on one machine or more, share the work.

    Exit code 1 when a worker ended by itself: have a supervisor start it anew (systemd: Restart=on-failure).
    """
    stop = _until_told()
    with ExitStack() as stack:
        opened = stack.enter_context(open_fleet(fleet, passphrase=passphrase_from(passphrase_file)))
        workers = [opened.worker(number) for number in worker or [1]]
        for one in workers:
            stack.callback(one.close)
            one.start(on_broken=stop.set)
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
        if broken := [one.name for one in workers if one.broken]:
            words = f"{', '.join(broken)} ended by an error that is in the journal; whoever supervises starts it anew"
            raise Fault(words, part="service", reason=Reason.INTERNAL_FAULT)


def web(
    *,
    fleet: FolderOption = HERE,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="In place of [console] port; 0: a free one.")
    ] = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the page for people until SIGTERM or Ctrl-C, on this machine over TLS. Prints its address.

    While nobody can sign in as an administrator, it prints a link by which the first one makes an account.
    """
    # Only this command needs what pages are made of.
    from provisioning.console.run import open_console  # noqa: PLC0415

    stop = _until_told()
    with (
        open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened,
        open_console(opened, port=port) as page,
    ):
        text = f"ready: {page.address}, certificate by {opened.places.authority_certificate}"
        if page.first_link is not None:
            text += f"\nfirst administrator, good once and for a day: {page.first_link}"
        say(text, {"event": "ready", "address": page.address, "first_link": page.first_link}, as_json=as_json)
        stop.wait()


def _until_told() -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set; log to standard error."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return stop
