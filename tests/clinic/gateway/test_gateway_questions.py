"""What the gateway has asked at the unit, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clinic.inquiry import GatewayPolicy
from clinic.people import InstitutionSettings, load_people
from device.domain.reasons import Reason
from device.domain.values import ConsentItem, ConsentMode, Prescription
from device.wire.messages import Answer, Confirm, HolderKnown, Qualification, Register, Registrable

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

TARO, GRACE, REGISTRABLE, SUBSIDY = 1001, 1007, 1013, 1014


def tell(visitor: GatewayVisitor, ask: Confirm | Register) -> Answer:
    return visitor.gateway.answer(visitor.unit, ask, visitor.now)


def register(visitor: GatewayVisitor) -> Answer:
    return tell(visitor, Register(ask_id=visitor.ask_id(), reception=visitor.reception))


def test_a_card_that_is_no_insurance_card_yet_becomes_one_on_the_spot(
    issuer: CardIssuer, visitor: GatewayVisitor, why: Callable[[Answer], Reason]
) -> None:
    card = issuer.issue_to(load_people()[REGISTRABLE])

    assert isinstance(visitor.show(card), Registrable)
    assert why(visitor.confirm()) is Reason.NOT_REGISTERED, "not before the visitor said yes"
    assert isinstance(register(visitor), HolderKnown)
    answer = visitor.confirm()
    assert isinstance(answer, Qualification)
    assert answer.notices == [Reason.REGISTERED_NOW]
    assert isinstance(visitor.show(card), HolderKnown), "and stays one"


def test_nobody_is_registered_without_a_proof(visitor: GatewayVisitor, why: Callable[[Answer], Reason]) -> None:
    visitor.begin()

    assert why(register(visitor)) is Reason.PROOF_REFUSED


def test_a_clinic_may_leave_registration_to_others(
    issuer: CardIssuer,
    open_gateway: Callable[..., GatewayVisitor],
    policy: GatewayPolicy,
    why: Callable[[Answer], Reason],
) -> None:
    visitor = open_gateway(policy=replace(policy, register_on_the_spot=False))

    assert why(visitor.show(issuer.issue_to(load_people()[REGISTRABLE]))) is Reason.NOT_REGISTERED


@pytest.mark.parametrize(
    ("serial", "asked"),
    [(TARO, (ConsentMode.ITEM_BY_ITEM, False, True)), (SUBSIDY, (ConsentMode.ITEM_BY_ITEM, True, True))],
)
def test_the_clinics_setting_and_the_visitors_data_decide_what_is_asked(
    issuer: CardIssuer,
    open_gateway: Callable[..., GatewayVisitor],
    policy: GatewayPolicy,
    serial: int,
    asked: tuple[ConsentMode, bool, bool],
) -> None:
    questions = InstitutionSettings(consent_mode=ConsentMode.ITEM_BY_ITEM, ask_prescription=True)
    visitor = open_gateway(policy=replace(policy, questions=questions))

    known = visitor.show(issuer.issue_to(load_people()[serial]))

    assert isinstance(known, HolderKnown)
    assert (known.consent_mode, known.ask_public_expense, known.ask_prescription) == asked


def test_in_the_months_of_grace_nothing_is_asked(
    issuer: CardIssuer, open_gateway: Callable[..., GatewayVisitor], policy: GatewayPolicy
) -> None:
    visitor = open_gateway(policy=replace(policy, questions=InstitutionSettings(ask_prescription=True)))

    known = visitor.show(issuer.issue_to(load_people()[GRACE]))

    assert isinstance(known, HolderKnown)
    assert (known.ask_consent, known.ask_public_expense, known.ask_prescription) == ([], False, False)


@pytest.mark.parametrize(("answer", "notices"), [(True, []), (False, [Reason.PUBLIC_EXPENSE_DECLINED])])
def test_a_subsidy_that_was_declined_is_told_apart_from_one_that_is_used(
    issuer: CardIssuer,
    visitor: GatewayVisitor,
    answer: bool,  # noqa: FBT001  a table of cases
    notices: list[Reason],
) -> None:
    visitor.show(issuer.issue_to(load_people()[SUBSIDY]))

    said = tell(
        visitor, Confirm(ask_id=visitor.ask_id(), reception=visitor.reception, consents={}, public_expense=answer)
    )

    assert isinstance(said, Qualification)
    assert said.notices == notices


@pytest.mark.parametrize("asked", [True, False])
def test_the_choice_of_prescription_reaches_the_receipt_computer_where_it_was_asked(
    issuer: CardIssuer,
    open_gateway: Callable[..., GatewayVisitor],
    policy: GatewayPolicy,
    asked: bool,  # noqa: FBT001  a table of cases
) -> None:
    visitor = open_gateway(policy=replace(policy, questions=InstitutionSettings(ask_prescription=asked)))
    visitor.show(issuer.issue_to(load_people()[TARO]))

    said = tell(
        visitor,
        Confirm(
            ask_id=visitor.ask_id(), reception=visitor.reception, consents={}, prescription=Prescription.ELECTRONIC
        ),
    )

    assert visitor.open(said).get("PrescriptionIssueSelect") == ("1" if asked else None)


def test_in_an_emergency_a_consent_is_neither_yes_nor_no(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    visitor.show(issuer.issue_to(load_people()[SUBSIDY]))
    yes = dict.fromkeys(ConsentItem, True)

    said = tell(visitor, Confirm(ask_id=visitor.ask_id(), reception=visitor.reception, consents=yes, emergency=True))

    assert isinstance(said, Qualification)
    assert said.notices == []
    (person,) = visitor.results(said)
    assert person["PharmacistsInfoConsFlg"] == "3"
    assert "PharmacistsInfoConsTime" not in person
