"""`uketsuke-fleet web` as it is started: over TLS, with a certificate by the fleet's own authority, until SIGTERM."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

Office = Any
"""Made in conftest."""
PATIENCE_S = 60.0


def test_the_page_is_served_over_tls_and_invites_the_first_administrator(office: Office) -> None:
    places = office.fleet.places
    command = [sys.executable, "-m", "provisioning.fleet.cli", "web", "--fleet", places.folder, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        link = urlsplit(ready["first_link"])
        trust = ssl.create_default_context(cafile=str(places.authority_certificate))
        line = http.client.HTTPSConnection("127.0.0.1", link.port or 0, context=trust, timeout=PATIENCE_S)
        line.request("GET", link.path)
        answer = line.getresponse()
        page = answer.read().decode()
        line.close()
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
    assert answer.status == 200
    assert "最初の管理者を作る" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert places.console_key.stat().st_mode & 0o077 == 0
