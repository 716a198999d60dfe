"""The table of profiles: complete, sourced, and without two rows that nothing tells apart."""

from __future__ import annotations

import re

import pytest

from device.card.profiles import PROFILES, Profile, ToldBy, choose_profile, told_apart
from device.domain.errors import CardUnknown
from device.domain.values import CardKind, PinUse


def test_every_kind_of_card_has_one_row() -> None:
    assert sorted(profile.kind for profile in PROFILES) == sorted(CardKind)


def test_no_two_rows_are_told_by_the_same() -> None:
    shown = [(profile.label, profile.told_by) for profile in PROFILES]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.kind)
def test_every_row_names_its_sources_and_says_where_a_pin_goes(profile: Profile) -> None:
    assert re.search(r"\[(2\+|1|I)\]", profile.sources)
    assert (profile.pin is not None) == (profile.pin_use is PinUse.UNIT)
    assert not profile.certificate_needs_pin or profile.pin is not None


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.kind)
def test_a_row_is_reached_by_its_label_and_what_tells_it_apart(profile: Profile) -> None:
    first = choose_profile(profile.label.ljust(32).encode())
    assert first.label == profile.label
    assert told_apart(first, profile.told_by) is profile


def test_what_shares_its_label_with_nothing_is_told_apart_from_nothing() -> None:
    assert told_apart(choose_profile(b"JPKIAPIOSTOKEN".ljust(32)), ToldBy.PIN_REFUSED) is None


@pytest.mark.parametrize("label", [b"JPKIAPICCTOKEN", b"JPKIAPICCTOKEN22", b"jpkiapicctoken2"])
def test_a_label_that_is_nearly_right_is_of_another_card(label: bytes) -> None:
    with pytest.raises(CardUnknown):
        choose_profile(label.ljust(32))
