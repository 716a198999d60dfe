"""`account` and `approvals`: who may do what, and what waits for a second person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from provisioning.fleet.approving import Request
from provisioning.fleet.cli.shared import (
    HERE,
    FolderOption,
    JsonOption,
    PassphraseOption,
    WhyOption,
    ask,
    counter,
    say,
    table,
)
from provisioning.fleet.deeds import AddPerson, LinkFor, RemovePerson, SetRole
from provisioning.fleet.fleet import Fleet, open_fleet, passphrase_from, utc_now
from provisioning.fleet.roles import Role

account_app = typer.Typer(help="The people of the console and what they may do.", no_args_is_help=True)
approvals_app = typer.Typer(help="What waits for a second person.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The account's name.", show_default=False)]
RoleOption = Annotated[Role, typer.Option(help="What the person may do.")]
RequestArgument = Annotated[str, typer.Argument(help="The request's name, as `list` says it.", show_default=False)]


@account_app.command("add")
def add(
    name: NameArgument, *, role: RoleOption = Role.VIEWER, fleet: FolderOption = HERE, as_json: JsonOption = False
) -> None:
    """Make an account and print the link by which its person chooses a password: good once, for a day."""
    with open_fleet(fleet) as opened:
        token = ask(opened, AddPerson(person=name, role=role), as_json=as_json)
        _say_link(opened, name, token, as_json=as_json)


@account_app.command("link")
def link(name: NameArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Print a new link for somebody who forgot the password or lost the second factor."""
    with open_fleet(fleet) as opened:
        token = ask(opened, LinkFor(person=name), as_json=as_json)
        _say_link(opened, name, token, as_json=as_json)


@account_app.command("role")
def role(
    name: NameArgument,
    new: Annotated[Role, typer.Argument(metavar="ROLE", help="What the person may do from now on.")],
    *,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Let a person do more or less; they sign in anew."""
    with open_fleet(fleet) as opened:
        ask(opened, SetRole(person=name, role=new), as_json=as_json)
    say(f"{name}: {new}", {"account": name, "role": new}, as_json=as_json)


@account_app.command("remove")
def remove(name: NameArgument, *, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Remove an account; what it did stays in the audit."""
    with open_fleet(fleet) as opened:
        ask(opened, RemovePerson(person=name), as_json=as_json)
    say(f"{name}: removed", {"account": name, "removed": True}, as_json=as_json)


@account_app.command("list")
def list_accounts(*, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List accounts."""
    with open_fleet(fleet) as opened, opened.store.look(utc_now()) as work:
        people = work.people.listed()
    rows = [
        {
            "account": one.person,
            "role": one.role,
            "entered": one.hashed is not None,
            "second_factor": one.totp_secret is not None,
        }
        for one in people
    ]
    if as_json:
        say("", rows, as_json=True)
        return
    table(
        ["account", "role", "password", "second factor"],
        [[one.person, one.role, _yes(one.hashed), _yes(one.totp_secret)] for one in people],
    )


@approvals_app.command("list")
def list_requests(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what was decided or has run out.")] = False,
    fleet: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a second person."""
    with open_fleet(fleet) as opened:
        found = counter(opened).requests(everything=everything)
    if as_json:
        say("", [request_fields(one) for one in found], as_json=True)
        return
    table(
        ["request", "state", "what", "of", "asked by", "until", "why"],
        [
            [
                one.name,
                one.state,
                one.deed.kind,
                one.deed.subject,
                one.asked_by,
                f"{one.until:%Y-%m-%d %H:%M}",
                ", ".join(one.changed) or getattr(one.deed, "why", ""),
            ]
            for one in found
        ],
    )


@approvals_app.command("approve")
def approve(
    name: RequestArgument,
    *,
    fleet: FolderOption = HERE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree to what somebody else asked for; it is done at once."""
    with open_fleet(fleet, passphrase=passphrase_from(passphrase_file)) as opened:
        request, result = counter(opened).approve(name)
        if isinstance(request.deed, AddPerson | LinkFor):
            _say_link(opened, request.deed.person, result, as_json=as_json)
            return
    fields = {"request": name, "done": True, "what": request.deed.kind, "of": request.deed.subject}
    say(f"{name}: {request.deed.kind} of {request.deed.subject} is done", fields, as_json=as_json)


@approvals_app.command("refuse")
def refuse(name: RequestArgument, *, why: WhyOption, fleet: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """Refuse what somebody asked for, or take your own request back."""
    with open_fleet(fleet) as opened:
        counter(opened).refuse(name, why=why)
    say(f"{name}: refused", {"request": name, "refused": True}, as_json=as_json)


def request_fields(request: Request) -> dict[str, Any]:
    """Return a request as JSON says it."""
    return asdict(request) | {"deed": msgspec.to_builtins(request.deed), "kind": request.deed.kind}


def _say_link(opened: Fleet, name: str, token: str, *, as_json: bool) -> None:
    console = opened.plan.console
    link = f"https://{console.names[0] if console.names else console.host}:{console.port}/welcome/{token}"
    say(f"{name}: good once, for a day: {link}", {"account": name, "link": link}, as_json=as_json)


def _yes(value: str | None) -> str:
    return "-" if value is None else "yes"
