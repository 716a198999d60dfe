"""`uketsuke card`: what lies on the reader, in facts or in plain words, and a simulated card for any PC/SC program.

Nothing here spends a try: no command of these carries a PIN or a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.app.assets.place import MODELS_DIR
from device.app.card_readers import recognise
from device.app.card_report import CardReport, Judge, examine, without_connection
from device.app.card_trust import load_trust
from device.app.card_words import explain as explain_in_words
from device.app.config import load
from device.app.said import JsonLinesOption, JsonOption, aside, sayer
from device.card.trace import TracedConnection
from device.domain.errors import CardLost, CardUnreadable, Fault, SeveralCards
from device.domain.reasons import Reason
from device.domain.values import SIMULATED_UNIT_PREFIX, CardKind
from device.wire.texts import LANGUAGES

if TYPE_CHECKING:
    from device.drivers.pcsc import PcscReader
    from device.drivers.pn532 import Pn532Reader
    from device.ports.card import CardConnection, CardReader

EXIT_UNWELL = 1
SECURITY_MODULE_SLOT = r"\bSAM\b"
"""The slot of a reader with two that no card is ever placed on."""

HOW_TO_LOOK = (
    "Look at it from another terminal, for example:",
    "  uketsuke card explain",
    "  opensc-tool --reader 0 --atr --name",
    "  pkcs15-tool --reader 0 --dump",
    "Ctrl-C pulls the card and stops.",
)

app = typer.Typer(help="What lies on the card reader, and a simulated card.", no_args_is_help=True)


class SimulatedKind(StrEnum):
    """What a simulated card can be: a kind of My Number Card, or another card such as a bank's."""

    PLASTIC = "plastic"
    PINLESS = "pinless"
    NEXT = "next"
    ANDROID = "android"
    IPHONE = "iphone"
    TEST = "test"
    OTHER = "other"


class Language(StrEnum):
    """In which language to explain; both by default."""

    JA = "ja"
    EN = "en"


ReaderOption = Annotated[
    str | None,
    typer.Option("--reader", metavar="REGEX", help="The reader by its PC/SC name; the first one that has no SAM slot."),
]
Pn532Option = Annotated[
    str | None,
    typer.Option("--pn532", metavar="PLACE", help='A PN532 HAT instead: "uart:/dev/ttyAMA0", "spi:0.0" or "i2c:1".'),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A unit's configuration: its reader, and the authorities it believes.")
]
TraceOption = Annotated[
    bool, typer.Option("--trace", help="Tell each command and status word on stderr, without anything of the holder.")
]
WaitOption = Annotated[float, typer.Option("--wait", min=0, max=600, help="Seconds to wait for a card.")]
PersonalOption = Annotated[
    bool,
    typer.Option("--personal", help="Also the days of validity, the subject and the serial of the certificate."),
]


@app.command()
def info(
    *,
    reader: ReaderOption = None,
    pn532: Pn532Option = None,
    config: ConfigOption = None,
    wait: WaitOption = 10.0,
    trace: TraceOption = False,
    personal: PersonalOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what lies on the reader. Exit code 0: all is well with it, 1: something is not."""
    name, report = _look(reader, pn532, config, wait, trace=trace)
    facts = facts_of(name, report, personal=personal)
    if personal and report.certificate is not None:
        typer.echo("This names the holder's certificate: keep it off screens, logs and mails.", err=True)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        for line in _lines(facts):
            typer.echo(line)
    _exit_by(report)


@app.command()
def explain(
    *,
    reader: ReaderOption = None,
    pn532: Pn532Option = None,
    config: ConfigOption = None,
    wait: WaitOption = 10.0,
    trace: TraceOption = False,
    language: Annotated[Language | None, typer.Option(help="One language only; both without it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain in plain words what lies on the reader, what is wrong with it and what to do.

    With --json: what `info` tells, and the lines of each language beside it.
    """
    name, report = _look(reader, pn532, config, wait, trace=trace)
    words = {str(chosen): explain_in_words(report, name, chosen) for chosen in ([language] if language else LANGUAGES)}
    if as_json:
        typer.echo(json.dumps(facts_of(name, report, personal=False) | {"words": words}, ensure_ascii=False))
    else:
        typer.echo("\n\n".join("\n".join(lines) for lines in words.values()))
        if report.detail:
            typer.echo(f"\n({report.detail})")
    _exit_by(report)


@app.command()
def sim(
    *,
    kind: Annotated[SimulatedKind, typer.Option(help="What to put on the reader; other: a bank card.")] = (
        SimulatedKind.PLASTIC
    ),
    contact: Annotated[bool, typer.Option("--contact", help="With the answer to reset of the contact side.")] = False,
    pin: Annotated[str, typer.Option(help="The simulated card's PIN.")] = "1234",
    pin_tries: Annotated[int, typer.Option(min=0, max=3, help="Tries that are left for the PIN.")] = 3,
    blocked: Annotated[bool, typer.Option("--blocked", help="The PIN is blocked; the same as --pin-tries 0.")] = False,
    models: Annotated[
        Path, typer.Option("--models", help="Folder with photos; the card has a portrait only if they are there.")
    ] = MODELS_DIR,
    expires: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The last day of the certificate; four years on without it."),
    ] = None,
    kbps: Annotated[
        int | None, typer.Option(help="Take the time of a link of 106, 212, 424 or 848 kbit/s and of a chip.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for others at the virtual reader.")] = 2,
    misbehave: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="How the card is wrong, such as largest_read=100; may be repeated. ? lists them."
        ),
    ] = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Put a simulated card on the virtual reader, for any PC/SC program, until Ctrl-C."""
    from device.app.card_sim import Wish, hold_out, known_misbehaviour, make_card  # noqa: PLC0415  it is slow to load

    say = sayer(as_json=as_json)
    if misbehave and "?" in misbehave:
        for line in known_misbehaviour():
            say(line)
        return
    try:
        wish = Wish(
            kind=None if kind is SimulatedKind.OTHER else CardKind(kind),
            contact=contact,
            pin=pin,
            pin_tries=0 if blocked else pin_tries,
            models=models,
            last_day=None if expires is None else date.fromisoformat(expires),
            misbehave=tuple(misbehave or ()),
            kbps=kbps,
        )
        card, said = make_card(wish)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    hold_out(card, (*said, *HOW_TO_LOOK), say=say, patience_s=wait)


@app.command()
def bridge(
    *,
    pn532: Pn532Option = None,
    config: ConfigOption = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for others at the virtual reader.")] = 2,
    as_json: JsonLinesOption = False,
) -> None:
    """Offer the card on a PN532 HAT to every PC/SC program on this machine, until Ctrl-C."""
    from device.app.card_bridge import bridge as offer  # noqa: PLC0415  as in `sim`

    if pn532 is None and config is not None:
        card = load(config).card
        if card.reader != "pn532":
            raise typer.BadParameter("this unit's reader is one that pcscd knows by itself", param_hint="--config")
        pn532 = card.bus
    if pn532 is None:
        raise typer.BadParameter("say where the PN532 is, or name a unit's configuration", param_hint="--pn532")
    offer(_pn532_reader(pn532), say=sayer(as_json=as_json), patience_s=wait)


@app.command("front-evaluate")
def front_evaluate(
    *,
    count: Annotated[int, typer.Option(min=1, help="How many cards are drawn and shown.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed draws the same cards.")] = 1,
    frames: Annotated[int, typer.Option(min=1, help="Pictures of a card until the reader gives up.")] = 3,
    processes: Annotated[int, typer.Option(min=1, help="How many work side by side.")] = 1,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="File of what became of each card; one that exists is gone on with.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the yield (.svg, .png) of all cards kept.")] = None,
    models: Annotated[Path, typer.Option("--models", help="Folder with manifest.toml and weights.")] = MODELS_DIR,
    as_json: JsonOption = False,
) -> None:
    """Show drawn pictures of invented people's card fronts to the reader. Exit code 1: a wrong number would be sent."""
    from device.app.front_command import run  # noqa: PLC0415  draws and reads, which no other command does

    say = aside(as_json=as_json)
    tally = run(models, count=count, seed=seed, frames=frames, processes=processes, keep=keep, plot=plot, say=say)
    if as_json:
        typer.echo(json.dumps(tally.as_json()))
    else:
        for line in tally.lines():
            typer.echo(line)
    if tally.wrong:
        raise typer.Exit(EXIT_UNWELL)


def facts_of(reader: str, report: CardReport, *, personal: bool) -> dict[str, Any]:
    """Return the report as plain data; without `personal` nothing in it tells whose card it is."""
    row = recognise(reader)
    facts: dict[str, Any] = {
        "ok": report.well,
        "reader": {"name": reader, "model": row.model, "list": str(row.tier)},
        "kind": str(report.kind) if report.kind else None,
        "surface": report.has_surface,
        "pin_tries_left": report.pin_tries_left,
        "portrait_number_tries_left": report.portrait_tries_left,
        "works": {
            "pin": report.pin_works,
            "phone": report.phone_unlocks,
            "portrait": report.portrait_works,
            "certificate": report.certificate is not None,
        },
        "certificate": None,
        "findings": [str(finding) for finding in report.findings],
        "detail": report.detail,
    }
    if look := report.certificate:
        days = "%Y-%m-%d" if personal else "%Y-%m"
        facts["certificate"] = {
            "state": str(look.found.validity),
            "from": look.first_day.strftime(days),
            "until": look.last_day.strftime(days),
            "key": look.key,
            "realm": str(look.found.realm) if look.found.realm else None,
            "chain": str(look.found.origin.chain),
            "anchor": look.found.origin.anchor,
        }
        if personal:
            facts["certificate"] |= {"subject": look.subject, "serial": look.serial}
    return facts


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    reader = facts["reader"]
    yield f"reader       {reader['name']}"
    yield f"             {reader['model']}, list: {reader['list']}"
    yield f"card         {facts['kind'] or 'none that this unit can read'}"
    yield f"works        {', '.join(what for what, does in facts['works'].items() if does) or 'nothing'}"
    yield f"portrait     {'an application for it is there' if facts['surface'] else 'none'}"
    for label, key in (("PIN", "pin_tries_left"), ("照合番号B", "portrait_number_tries_left")):
        if facts[key] is not None:
            yield f"tries left   {facts[key]} ({label})"
    if certificate := facts["certificate"]:
        yield f"certificate  {certificate['state']}, {certificate['from']} to {certificate['until']}"
        yield f"             {certificate['key']}, realm {certificate['realm'] or 'unknown'}"
        yield f"             chain {certificate['chain']}{_under(certificate['anchor'])}"
        if "subject" in certificate:
            yield f"             subject {certificate['subject']}, serial {certificate['serial']}"
    for finding in facts["findings"]:
        yield f"note         {finding}"
    if facts["detail"]:
        yield f"answer       {facts['detail']}"
    yield "No try was spent. `uketsuke card explain` says it in plain words."


def _under(anchor: str | None) -> str:
    return f" under {anchor}" if anchor else ""


def _look(
    pattern: str | None, pn532: str | None, config: Path | None, wait_s: float, *, trace: bool
) -> tuple[str, CardReport]:
    """Examine the card on the reader; return the reader's name and the report."""
    from device.drivers.system import SystemClock  # noqa: PLC0415  as in `_pcsc_reader`

    clock = SystemClock()
    judge = Judge(now=clock.utc_now(), clock_certain=clock.utc_now_if_trusted() is not None)
    if config is not None:
        unit = load(config)
        if pattern is None and pn532 is None and unit.card.reader == "pn532":
            pn532 = unit.card.bus
        pattern = pattern or unit.card.name
        simulated = unit.unit.name.startswith(SIMULATED_UNIT_PREFIX)
        judge = replace(judge, trust=load_trust(unit.card, simulated=simulated, face_alone_counts=False))
    with _open_reader(pattern, pn532) as reader:
        if not reader.wait_for_change(present=False, timeout_s=0):
            typer.echo(f"Place the card on {reader.name}. カードを置いてください。", err=True)
            if not reader.wait_for_change(present=False, timeout_s=wait_s):
                raise CardLost(f"no card came onto {reader.name} within {wait_s:g} s")
        try:
            connection: CardConnection = reader.connect()
        except (CardUnreadable, SeveralCards) as error:
            return reader.name, without_connection(error)
        if trace:
            connection = TracedConnection(connection, clock, lambda line: typer.echo(line, err=True))
        with connection:
            return reader.name, examine(connection, judge)


@contextmanager
def _open_reader(pattern: str | None, pn532: str | None) -> Iterator[CardReader]:
    with closing(_pcsc_reader(pattern) if pn532 is None else _pn532_reader(pn532)) as reader:
        yield reader


def _pcsc_reader(pattern: str | None) -> PcscReader:
    try:
        # Hardware libraries load only where they are used: `uketsuke --help` has to work without them.
        from device.drivers.pcsc import PcscReader  # noqa: PLC0415
    except ImportError as error:
        raise Fault(
            "pyscard is not installed: apt-get install python3-pyscard, or pip install 'uketsuke[pcsc]'",
            part="card reader",
            reason=Reason.READER_FAULT,
        ) from error
    try:
        return PcscReader(pattern or ".", refuse=None if pattern else SECURITY_MODULE_SLOT)
    except re.error as error:
        raise typer.BadParameter(f"no regular expression: {error}", param_hint="--reader") from error


def _pn532_reader(place: str) -> Pn532Reader:
    from device.drivers.pn532 import open_pn532  # noqa: PLC0415  as in `_pcsc_reader`

    try:
        return open_pn532(place)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--pn532") from error


def _exit_by(report: CardReport) -> None:
    if not report.well:
        raise typer.Exit(EXIT_UNWELL)
