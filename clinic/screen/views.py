"""Turns what is known into pages: templates, words in the viewer's language, times as Japan's clocks show them."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from clinic.screen.accounts import Role
from clinic.screen.gate import Visit
from clinic.screen.sessions import Session
from clinic.screen.words import say
from device.domain.certificate_window import JAPAN
from device.wire.reasons import entry

MENU = (("/arrivals", "arrivals"), ("/today", "day_list"), ("/disaster", "disaster"), ("/me", "my_account"))
ADMIN_MENU = (("/accounts", "accounts"), ("/log", "access_log"))
UNIT_TONES = {
    "ready": "good",
    "reading": "good",
    "needs_staff": "attention",
    "impaired": "attention",
    "offline": "stop",
}
WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


class WallClock:
    """Times as Japan's clocks show them, in the language of the page."""

    def __init__(self, language: str) -> None:
        self._language = language

    def time(self, at: datetime) -> str:
        """Return hours and minutes."""
        return f"{at.astimezone(JAPAN):%H:%M}"

    def moment(self, at: str) -> str:
        """Return date and time of an ISO 8601 text."""
        return f"{datetime.fromisoformat(at).astimezone(JAPAN):%Y-%m-%d %H:%M:%S}"

    def day(self, day: date) -> str:
        """Return a date with its weekday."""
        weekday = WEEKDAYS[self._language][day.weekday()]
        return f"{day.year}年{day.month}月{day.day}日({weekday})" if self._language == "ja" else f"{weekday} {day}"

    def birthdate(self, text: str) -> str:
        """Return an official yyyyMMdd so that it can be read; anything else as it is."""
        try:
            born = datetime.strptime(text, "%Y%m%d").replace(tzinfo=JAPAN)
        except ValueError:
            return text
        return f"{born.year}年{born.month}月{born.day}日" if self._language == "ja" else f"{born:%Y-%m-%d}"


class Views:
    """Renders the templates."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("clinic.screen"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.globals.update(
            static=static_address,
            hours=_hours,
            kana=full_width,
            unit_tones=UNIT_TONES,
            cause_of=lambda code: entry(code).cause,
        )

    def page(self, template: str, visit: Visit, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page. `message` is shown on top, in the `tone` of a verdict; `here` is its place in the menu."""
        language, session = visit.language, visit.session
        admin = session is not None and session.account.role is Role.ADMIN
        context: dict[str, object] = {
            "language": language,
            "session": session,
            "named": visit.named,
            "here": "",
            "menu": MENU + (ADMIN_MENU if admin else ()),
            "message": "",
            "tone": "stop",
            "t": lambda key, **fields: say(key, language, **fields),
            "say": lambda text, **fields: text.say(language, **fields),
            "csrf": lambda: _hidden_token(session),
            "clock": WallClock(language),
        }
        return HTMLResponse(self._environment.get_template(template).render({**context, **values}), status)


@cache
def static_address(name: str) -> str:
    """Return where a static file is; another file has another address, so browsers may keep it for good."""
    data = (resources.files(__package__) / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"


def _hidden_token(session: Session | None) -> Markup:
    if session is None:
        return Markup("")
    return Markup('<input type="hidden" name="csrf" value="{}">').format(session.csrf)


def _hours(remaining: timedelta | None) -> int:
    """Return begun hours: half an hour is still "1 hour"."""
    return 0 if remaining is None else -(-int(remaining.total_seconds()) // 3600)


def full_width(text: str) -> str:
    """Return half-width kana in the width that is easy to read."""
    return unicodedata.normalize("NFKC", text)
