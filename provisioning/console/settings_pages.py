"""Settings: the layers, who is not as they should be, and an editor that shows every difference before it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from device.domain.errors import BadConfig
from device.wire.texts import Text
from provisioning.console.desk import Pages
from provisioning.fleet.deeds import SetLayer
from provisioning.fleet.firmware import problems, schema, settable
from provisioning.fleet.settings import Change, drift, edited, preview
from provisioning.fleet.store.profiles import FLEET, Layer, Settings
from provisioning.fleet.store.states import UnitState
from provisioning.web.refusals import NotRightError
from provisioning.web.visit import Visit

BLANK_ROWS: Final = 3
MAX_ROWS: Final = 200
SHOWN: Final = 200
"""Units that a preview names."""
_TWICE: Final = Text(ja="{key}: 二度書かれています。", en="{key}: stands there twice")
_KEY: Final = re.compile(r"^([a-z_]+(?:\.[a-z_0-9]+)?):")


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the editor."""

    key: str
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One option that changes, and in how many units."""

    key: str
    before: Any
    after: Any
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPages(Pages):
    """Answers about settings."""

    def routes(self) -> list[Route]:
        """Return where they are."""
        signed_in, post = self.gate.signed_in, ["POST"]
        return [
            Route("/settings", signed_in(self.page)),
            Route("/settings/edit", signed_in(self.edit)),
            Route("/settings/edit", signed_in(self.edit_again), methods=post),
            Route("/settings/preview", signed_in(self.preview, fields=2 * MAX_ROWS + 8), methods=post),
            Route("/settings/send", signed_in(self.send), methods=post),
        ]

    def page(self, visit: Visit) -> Response:
        """Show every layer, and the units that are not what they should be."""
        with self.fleet.store.look(visit.now) as work:
            units = work.units.listed(states=[UnitState.PENDING, UnitState.ACTIVE, UnitState.QUARANTINED])
            scopes = dict.fromkeys(
                [
                    FLEET,
                    *sorted({f"profile/{unit.profile}" for unit in units if unit.profile}),
                    *sorted({f"site/{unit.site}" for unit in units if unit.site}),
                    *work.profiles.scopes(),
                ]
            )
            layers = [work.profiles.get(scope) for scope in scopes]
        drifting = []
        for unit in units:
            reported = None if unit.twin_report is None else msgspec.json.decode(unit.twin_report)
            if words := drift(unit, reported):
                drifting.append((unit, words))
        return self.views.page("settings.html", visit, here="/settings", layers=layers, drifting=drifting)

    def edit(self, visit: Visit) -> Response:
        """Show the editor of a layer."""
        scope = visit.request.query_params.get("scope", FLEET)[:160]
        layer = self._layer(visit, scope)
        return self._editor(visit, layer, [Field(key, text) for key, text in _flat(layer.settings)])

    def edit_again(self, visit: Visit) -> Response:
        """Show the editor with what was typed, for somebody who saw the difference and thought again."""
        scope, why = visit.field("scope")[:160], visit.field("why").strip()[:400]
        try:
            settings = msgspec.json.decode(visit.field("settings").encode(), type=dict[str, dict[str, Any]])
        except msgspec.DecodeError:
            return RedirectResponse(_editor_of(scope), 303)
        return self._editor(visit, self._layer(visit, scope), [Field(*row) for row in _flat(settings)], why=why)

    def preview(self, visit: Visit) -> Response:
        """Show what would change for whom; with the fields again where something is wrong with them."""
        scope, why = visit.field("scope")[:160], visit.field("why").strip()[:400]
        rows = _rows(visit)
        layer = self._layer(visit, scope)
        if visit.field("expected") != str(layer.version):
            message = visit.tell(layer.changed())
            return self._editor(visit, layer, [Field(*row) for row in rows], why=why, message=message, status=409)
        try:
            settings = _meant(rows)
            wrong = problems(settings, schema())
            changes = [] if wrong else preview(self.fleet, scope, settings, now=visit.now)
        except BadConfig as error:
            settings, wrong, changes = {}, [visit.tell(error)], []
        wrong += [f"{change.unit}: {words}" for change in changes for words in change.problems]
        if wrong or not why:
            fields, left = _told(rows, wrong)
            message = "; ".join(left) or visit.say("refused_fields" if wrong else "say_why")
            return self._editor(visit, layer, fields, why=why, message=message, status=422)
        return self.views.page(
            "settings_preview.html",
            visit,
            here="/settings",
            layer=layer,
            settings=json.dumps(settings, ensure_ascii=False),
            why=why,
            differences=_together(changes),
            units=[change for change in changes if change.differences],
            shown=SHOWN,
        )

    def send(self, visit: Visit) -> Response:
        """Write the layer; a worker sends the documents that come of it."""
        scope, why = visit.field("scope")[:160], visit.field("why").strip()[:400]
        expected = visit.field("expected")
        try:
            settings = msgspec.json.decode(visit.field("settings").encode(), type=dict[str, dict[str, Any]])
            deed = SetLayer(scope=scope, settings=settings, expected=int(expected), why=why)
        except (ValueError, msgspec.DecodeError):
            return RedirectResponse(_editor_of(scope), 303)
        fields = [Field(key, text) for key, text in _flat(settings)]

        def again(words: str) -> Response:
            return self._editor(visit, self._layer(visit, scope), fields, why=why, message=words, status=409)

        return self.act(visit, deed, then="/settings", again=again)

    def _layer(self, visit: Visit, scope: str) -> Layer:
        with self.fleet.store.look(visit.now) as work:
            return work.profiles.get(scope)

    def _editor(
        self,
        visit: Visit,
        layer: Layer,
        fields: Sequence[Field],
        *,
        why: str = "",
        message: str = "",
        status: int = 200,
    ) -> Response:
        return self.views.page(
            "settings_edit.html",
            visit,
            here="/settings",
            layer=layer,
            fields=[*fields, *[Field("", "")] * BLANK_ROWS],
            keys=settable(schema()),
            why=why,
            message=message,
            status=status,
        )


def _editor_of(scope: str) -> str:
    return f"/settings/edit?scope={quote(scope)}"


def _flat(settings: Settings) -> list[tuple[str, str]]:
    """Return every option of a layer as one types it."""
    return [
        (f"{section}.{option}", json.dumps(value, ensure_ascii=False))
        for section, options in sorted(settings.items())
        for option, value in sorted(options.items())
    ]


def _rows(visit: Visit) -> list[tuple[str, str]]:
    """Return what the editor's rows say, without those that set nothing."""
    rows = [(visit.field(f"key-{n}").strip(), visit.field(f"value-{n}").strip()) for n in range(MAX_ROWS)]
    return [(key[:120], text[:2000]) for key, text in rows if key and text]


def _meant(rows: Sequence[tuple[str, str]]) -> Settings:
    """Return the settings that rows mean: a value is JSON or a word. Raise BadConfig: a key is none or stands twice."""
    sets: dict[str, Any] = {}
    for key, text in rows:
        if key in sets:
            raise NotRightError(_TWICE, where=key, key=key)
        try:
            sets[key] = json.loads(text)
        except ValueError:
            sets[key] = text
    return edited({}, sets, [])


def _told(rows: Sequence[tuple[str, str]], wrong: Sequence[str]) -> tuple[list[Field], list[str]]:
    """Return rows with what is wrong beside them, and what belongs to none of them."""
    beside: dict[str, list[str]] = {}
    left = []
    for words in wrong:
        plain = words if _KEY.match(words) else words.partition(": ")[2]
        found = _KEY.match(plain)
        keys = [] if found is None else [key for key, _ in rows if key == found[1] or key.startswith(f"{found[1]}.")]
        for key in keys:
            beside.setdefault(key, []).append(words)
        if not keys:
            left.append(words)
    return [Field(key, text, "; ".join(dict.fromkeys(beside.get(key, [])))[:600]) for key, text in rows], left


def _together(changes: Sequence[Change]) -> list[Difference]:
    """Return what changes, alike changes of several units as one."""
    counts: dict[tuple[str, str, str], int] = {}
    values: dict[tuple[str, str, str], tuple[Any, Any]] = {}
    for change in changes:
        for key, before, after in change.differences:
            which = (key, json.dumps(before), json.dumps(after))
            counts[which] = counts.get(which, 0) + 1
            values[which] = (before, after)
    return [Difference(which[0], *values[which], counts[which]) for which in sorted(counts)]
