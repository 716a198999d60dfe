"""Turns what is known into pages: templates, words in the viewer's language, times as Japan's clocks show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from device.domain.certificate_window import JAPAN
from provisioning.web.people import Session
from provisioning.web.visit import Visit
from provisioning.web.walls import static_address

WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}

Menu = Callable[[str], Sequence[tuple[str, str]]]
"""Path and word of each page that a role sees in the menu."""


class WallClock:
    """Times as Japan's clocks show them, in the language of the page."""

    def __init__(self, language: str) -> None:
        self._language = language

    def time(self, at: datetime) -> str:
        """Return hours and minutes."""
        return f"{at.astimezone(JAPAN):%H:%M}"

    def moment(self, at: str | datetime) -> str:
        """Return date and time of a moment, or of an ISO 8601 text."""
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S}"

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
    """Renders the templates of a package, and those that all pages share."""

    def __init__(self, package: str, menu: Menu, *, places: Sequence[str], helpers: Mapping[str, object]) -> None:
        """`places` are paths that a change of language leads back to; `helpers` are names in every template."""
        self.places = places
        self._menu = menu
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__ or "")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._environment.globals.update(static=lambda name: static_address(name, package), style=static_address)
        self._environment.globals.update(helpers)

    def page(self, template: str, visit: Visit, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page. `message` is shown on top, in the `tone` of a verdict; `here` is its place in the menu."""
        session = visit.session
        context: dict[str, object] = {
            "language": visit.language,
            "session": session,
            "visit": visit,
            "here": "",
            "menu": () if session is None else self._menu(session.account.role),
            "message": "",
            "tone": "stop",
            "t": visit.say,
            "say": lambda text, **fields: text.say(visit.language, **fields),
            "csrf": lambda: _hidden_token(session),
            "clock": WallClock(visit.language),
        }
        return HTMLResponse(self._environment.get_template(template).render({**context, **values}), status)

    def message(self, visit: Visit, status: int, words: str) -> Response:
        """Return a page that says no more than this; a page's script gets the words alone."""
        if visit.in_parts:
            return PlainTextResponse(words, status)
        return self.page("message.html", visit, status=status, title=str(status), message=words)


def _hidden_token(session: Session | None) -> Markup:
    if session is None:
        return Markup("")
    return Markup('<input type="hidden" name="csrf" value="{}">').format(session.csrf)
