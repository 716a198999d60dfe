from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from joserfc.jwk import ECKey

from device.domain.reasons import Reason
from device.wire.sealing import seal

if TYPE_CHECKING:
    from tests.clinic.intake.conftest import Desk


def test_a_qualification_for_another_key_is_kept_sealed_rather_than_lost(
    open_desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(keys=(ECKey.generate_key("P-256"),))
    result = desk.result()

    assert desk.report(result).disposition == "stored"
    assert desk.records()[0]["qualification"] is None
    assert desk.records()[0]["unopened"] == result.sealed
    assert "sealed" in caplog.text


def test_one_visitors_qualification_is_not_stored_with_anothers_visit(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = desk.report(desk.result(2, sealed=desk.seal(1)))

    assert (receipt.disposition, receipt.reason) == ("refused", Reason.SERVICE_REFUSED)
    assert desk.records() == []
    assert "another visit" in caplog.text


def test_an_older_key_still_opens_what_was_sealed_before_the_change(
    open_desk: Callable[..., Desk], sealing_keys: tuple[ECKey, ECKey]
) -> None:
    desk = open_desk(keys=(ECKey.generate_key("P-256"), sealing_keys[1]))
    desk.report(desk.result())

    assert desk.records()[0]["qualification"] == desk.qualification


@pytest.mark.parametrize("content", ['"診療 太郎"', "a.b.c", "", '{"Name": "診療"}'])
def test_what_was_sealed_without_a_signature_is_refused_and_not_quoted_in_the_log(
    desk: Desk, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receipt = desk.report(desk.result(sealed=seal(content.encode(), desk.keys[1])))

    assert receipt.disposition == "refused"
    assert desk.records() == []
    assert "診療" not in caplog.text
