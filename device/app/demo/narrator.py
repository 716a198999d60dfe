"""What a spectator sees: who does what, which lamps are lit, what the unit says, what the clinic got."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from device.app.demo.results import Record, people_of
from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.panel.lamps import LAMPS
from device.panel.patterns import PATTERNS
from device.reception import State
from device.reception import events as on
from device.reception.effects import Effect, Say, ShowCue, Utterance
from device.reception.events import Event
from device.wire import phrases
from device.wire.reasons import entry

if TYPE_CHECKING:
    from device.app.demo.performance import Outcome
    from device.app.demo.visits import Visit

_INSIDE: dict[type, str] = {
    on.CardRead: "the card said what it is; its certificate was read / カードと証明書を読んだ",
    on.ChallengeCame: "the clinic's gateway sent a challenge / 窓口側からチャレンジ",
    on.FaceMatched: "portrait and camera show the same person / 顔が一致",
    on.PinAccepted: "the card accepted the PIN / 暗証番号が合った",
    on.RegistrationOffered: "the card is not an insurance card yet / 利用登録がまだ",
    on.ProofMade: "the card signed the challenge / カードが署名した",
    on.HolderAccepted: "the gateway verified signature and chain / 署名と証明書を確認",
}


@dataclass(slots=True)
class Narrator:
    """Prints as it happens; may be called from several threads. Quiet when a machine reads."""

    console: Console
    language: str
    said: list[str] = field(default_factory=list)
    """Codes of everything that the unit said since `begin`."""
    _cue: Cue | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def screen(self, address: str | None) -> None:
        """Say where the desk's page is."""
        if address is not None:
            self.console.print("\nThe reception screen shows these visits, live; make yourself an account first:")
            self.console.print("受付画面でこの来院を見られます。最初に利用者を作ってください:")
            self.console.print(f"  [bold]{escape(address)}[/]\n", soft_wrap=True)

    def open(self, *, pcsc: bool, troubles: tuple[Reason, ...]) -> None:
        """Say what is real here and what is not."""
        stack = "pcscd with a virtual reader (the real PC/SC stack)" if pcsc else "in process"
        self.console.print("[bold]Uketsuke 受付[/] — six visits / 六つの来院\n")
        self.console.print("  real       mosquitto with mutual TLS, X.509, RSA signatures, JPEG 2000, ONNX face match")
        self.console.print("  simulated  card, cameras, keypad, lamps, people; the national service is a stand-in")
        self.console.print(f"  card       {stack}")
        self.console.print("  lamps      ● lit  ◐ blinking  ○ off")
        for trouble in troubles:
            self.console.print(f"  [yellow]missing[/]    {escape(entry(trouble).cause.en)} [{trouble}]")

    def begin(self, number: int, total: int, visit: Visit, name: str) -> None:
        """Raise the curtain on a visit."""
        with self._lock:
            self.said.clear()
            self._cue = None
        self.console.print()
        self.console.rule(
            f"[bold]{number} / {total}  {visit.title_ja} — {visit.title_en}[/]  ({name})", align="left", style="dim"
        )

    def patient(self, does: str) -> None:
        """Show what the patient does."""
        self._line("patient", does, "cyan")

    def observe(self, before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> None:
        """Show one thought of the unit."""
        if type(event) in _INSIDE and (after != before or effects):
            self._line("inside", _INSIDE[type(event)], "dim")
        for effect in effects:
            match effect:
                case ShowCue(cue=cue) if cue is not self._cue:
                    self._cue = cue
                    self._line("lamps", _lamps(cue), "yellow")
                case Say(lines=lines):
                    with self._lock:
                        self.said += [line.line.value for line in lines]
                    self._line("unit says", "".join(_sentence(line, "ja") for line in lines), "bold")
                    self._line("", " ".join(_sentence(line, "en") for line in lines), "")
                case _:
                    pass

    def clinic(self, record: Record | None) -> None:
        """Show what arrived at the clinic, and what the desk says."""
        if record is None:
            self._line("clinic got", "nothing / 何も届かなかった", "red")
            return
        by = f"by {record['assurance']}" if record["assurance"] else ""
        self._line("clinic got", "  ".join(filter(None, (f"[{record['reason']}]", by, people_of(record)))), "green")
        desk = entry(Reason(record["reason"])).desk
        self._line("desk says", desk.ja, "green")
        self._line("", desk.en, "")

    def close(self, outcomes: list[Outcome]) -> None:
        """Show the closing table."""
        table = Table(title="\nWhat the clinic has / 医療機関に届いた結果", title_justify="left", title_style="bold")
        for title in ("", "visit / 来院", "expected / 予定", "result / 結果", "verified by", "seconds"):
            table.add_column(title, overflow="fold")
        for outcome in outcomes:
            record = outcome.record or {}
            table.add_row(
                "[green]✓[/]" if outcome.as_expected else "[red]✗[/]",
                f"{outcome.visit.title_ja}\n{outcome.visit.title_en}",
                outcome.visit.reason.value,
                str(record.get("reason", "—")),
                str(record.get("assurance") or "—"),
                f"{outcome.seconds:.1f}",
            )
        self.console.print(table)

    def _line(self, who: str, what: str, style: str) -> None:
        line = Table.grid(padding=(0, 1))
        line.add_column(width=12, style="dim")
        line.add_column(style=style, overflow="fold")
        line.add_row(f"  {who}", escape(what))
        self.console.print(line)


def _lamps(cue: Cue) -> str:
    rhythms = PATTERNS[cue]

    def lamp(name: str) -> str:
        levels = rhythms[name].levels if name in rhythms else "."
        return "●" if "." not in levels else "◐" if "x" in levels else "○"

    buzzer = "  ♪" if "buzzer" in rhythms else ""
    return "  ".join(f"{lamp(name)} {name}" for name in LAMPS) + buzzer


def _sentence(line: Utterance, language: str) -> str:
    match line.line:
        case Phrase() as phrase:
            return phrases.say(phrase, language, tries_left=line.tries_left, items=line.items)
        case reason:
            return entry(reason).patient.say(language, tries_left=line.tries_left)
