"""A unit that its fleet has taken out of service serves nobody, says so, and comes back by itself when it may."""

from __future__ import annotations

from collections.abc import Callable

from device.app.world import World
from device.domain.reasons import Reason
from device.sim.card import SimulatedCard

MakeCard = Callable[..., SimulatedCard]


def test_a_quarantined_unit_turns_visitors_away_before_it_reads_their_card(world: World, make_card: MakeCard) -> None:
    world.unit.close_to_visitors(Reason.UNIT_QUARANTINED)
    card = make_card()
    world.place(card)

    assert world.has_ended_with(Reason.UNIT_QUARANTINED)
    assert world.unit.health.has(Reason.UNIT_QUARANTINED)
    assert card.pin_tries_left == 3


def test_a_unit_that_is_released_serves_again(world: World, make_card: MakeCard) -> None:
    world.unit.close_to_visitors(Reason.UNIT_QUARANTINED)
    world.unit.close_to_visitors(None)
    world.place(make_card())

    assert not world.has_ended_with(Reason.UNIT_QUARANTINED)
    assert not world.unit.health.has(Reason.UNIT_QUARANTINED)
