"""The audit: what was done by whom, and whether anybody has altered that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from provisioning.console.desk import Pages
from provisioning.console.history import told
from provisioning.web.visit import Visit

PAGE: Final = 100
VERIFIED_AT_ONCE: Final = 20_000
"""Entries; a longer chain is followed when somebody asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPages(Pages):
    """Answers about the audit."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        return [Route("/audit", self.gate.signed_in(self.page))]

    def page(self, visit: Visit) -> Response:
        """Show entries, the newest first, and whether the chain holds."""
        asked = visit.request.query_params
        before, subject = asked.get("before", ""), asked.get("subject", "").strip()[:160]
        with self.fleet.store.look(visit.now) as work:
            head = work.audit.head()
            verified = head.number <= VERIFIED_AT_ONCE or asked.get("verify") == "1"
            verdict = work.audit.verify() if verified else None
            entries = work.audit.entries(
                subject or None, limit=PAGE, before=int(before) if re.fullmatch(r"\d{1,15}", before) else None
            )
        return self.views.page(
            "audit.html",
            visit,
            here="/audit",
            verdict=verdict,
            head=head,
            subject=subject,
            history=[told(entry, visit) for entry in entries],
            older=entries[-1].number if len(entries) == PAGE else None,
        )
