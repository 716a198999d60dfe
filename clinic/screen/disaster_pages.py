"""Looking people up by hand: with what a document says, and in a disaster with what somebody says to be."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clinic.desk import Desk
from clinic.enquiries import read_query
from clinic.national_service import InsuranceQuery, PersonQuery, Query
from clinic.not_filled import NotFilledError
from clinic.screen.access_log import AccessLog
from device.domain.errors import Fault
from provisioning.web.gate import Gate
from provisioning.web.views import Views
from provisioning.web.visit import Visit

INSURANCE_FIELDS: Final = ("insurer_number", "symbol", "number", "branch")
CONSENT: Final = {"yes": True, "no": False, "nobody": None}
HOURS: Final = (6, 12, 24, 72)
LABELS: Final = {
    "number": "insurance_number",
    "consent": "spoken_consent",
    "reason": "disaster_reason",
    "hours": "disaster_hours",
}
"""What the page calls a field where its word is not the field's own name."""

_HALF_WIDTH: Final = {unicodedata.normalize("NFKC", chr(sign)): chr(sign) for sign in range(0xFF61, 0xFF9E)} | {
    "\u3099": "ﾞ",
    "\u309a": "ﾟ",
    "\u3000": " ",
}
_TO_KATAKANA: Final = ord("ァ") - ord("ぁ")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisasterPages:
    """Answers about what is looked up by hand."""

    desk: Desk
    views: Views
    gate: Gate
    log: AccessLog

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/disaster", signed_in(self.page)),
            Route("/disaster/begin", signed_in(self.begin), methods=post),
            Route("/disaster/end", signed_in(self.end), methods=post),
            Route("/disaster/look-up", signed_in(self.look_up_without_card), methods=post),
            Route("/arrivals/{reception}/look-up", signed_in(self.look_up), methods=post),
        ]

    def page(self, visit: Visit) -> Response:
        """Show whether the mode is on, and what it was used for."""
        return self._page(visit)

    def begin(self, visit: Visit) -> Response:
        """Switch the mode on."""
        hours = visit.field("hours")
        lasts = timedelta(hours=int(hours)) if hours in map(str, HOURS) else timedelta(0)
        try:
            mode = self.desk.disaster.begin(visit.field("reason"), lasts=lasts, by=visit.who, now=visit.now)
        except NotFilledError as error:
            return self._page(visit, message=_look_again(visit, error), status=422)
        self.log.add(visit.who, f"disaster mode on: {hours} h", mode.began_at.isoformat(), visit.now)
        return RedirectResponse("/disaster", 303)

    def end(self, visit: Visit) -> Response:
        """Switch it off."""
        if self.desk.disaster.end(by=visit.who, now=visit.now):
            self.log.add(visit.who, "disaster mode off", "", visit.now)
        return RedirectResponse("/disaster", 303)

    def look_up_without_card(self, visit: Visit) -> Response:
        """Ask about somebody without a card; the answer appears among the arrivals."""
        enquiries = self.desk.enquiries
        if enquiries is None or self.desk.disaster.present(visit.now) is None:
            word = "cannot_ask" if enquiries is None else "disaster_is_off"
            return self._page(visit, message=visit.say(word), status=422)
        try:
            reception = enquiries.look_up_without_card(
                _query(visit), consent=_consent(visit), by=visit.who, now=visit.now
            )
        except NotFilledError as error:
            return self._page(visit, message=_look_again(visit, error), status=422)
        self.log.add(visit.who, "looked up without card", reception, visit.now)
        return RedirectResponse("/arrivals", 303)

    def look_up(self, visit: Visit) -> Response:
        """Ask about a visit with what a document says."""
        reception: str = visit.request.path_params["reception"]
        if self.desk.enquiries is None:
            return self.views.message(visit, 422, visit.say("cannot_ask"))
        try:
            asked = self.desk.enquiries.look_up(reception, _insurance(visit), by=visit.who, now=visit.now)
        except NotFilledError as error:
            return self.views.message(visit, 422, _look_again(visit, error))
        except Fault as fault:
            log.warning("%s", fault)
            return self.views.message(visit, 503, visit.say("not_kept"))
        if not asked:
            return self.views.message(visit, 404, visit.say("gone"))
        self.log.add(visit.who, "looked up by document", reception, visit.now)
        return Response(status_code=204) if visit.in_parts else RedirectResponse("/arrivals", 303)

    def _page(self, visit: Visit, *, message: str = "", status: int = 200) -> Response:
        return self.views.page(
            "disaster.html",
            visit,
            status=status,
            here="/disaster",
            message=message,
            mode=self.desk.disaster.present(visit.now),
            history=self.desk.disaster.history(),
            hours_to_choose=HOURS,
            can_ask=self.desk.enquiries is not None,
        )


def half_width(text: str) -> str:
    """Return hiragana and full-width katakana as the official half-width kana; anything else in its narrow form."""
    katakana = "".join(
        chr(ord(sign) + _TO_KATAKANA) if "ぁ" <= sign <= "ゖ" else sign for sign in unicodedata.normalize("NFKC", text)
    )
    return "".join(_HALF_WIDTH.get(sign, sign) for sign in unicodedata.normalize("NFD", katakana)).upper()


def _look_again(visit: Visit, error: NotFilledError) -> str:
    return visit.say("not_filled", field=visit.say(LABELS.get(error.field, error.field)))


def _query(visit: Visit) -> Query:
    if visit.field("insurer_number").strip():
        return _insurance(visit)
    return read_query(
        {"kana": half_width(visit.field("kana")), "birthdate": _digits(visit.field("birthdate"))}, kind=PersonQuery
    )


def _consent(visit: Visit) -> bool | None:
    said = visit.field("consent")
    if said not in CONSENT:
        raise NotFilledError("consent")
    return CONSENT[said]


def _insurance(visit: Visit) -> InsuranceQuery:
    typed = {name: visit.field(name) for name in INSURANCE_FIELDS}
    return read_query({**typed, "birthdate": _digits(visit.field("birthdate"))}, kind=InsuranceQuery)


def _digits(text: str) -> str:
    """Return 1974-04-02, as browsers send a date, as the official 19740402."""
    return text.replace("-", "")
