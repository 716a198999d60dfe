"""The visit as a pure function: `step(state, event, policy) -> (state, effects)`.

What happens in the world arrives as an event; what shall happen in the world leaves as an effect. Between them nothing
reads a clock, touches a part or keeps a secret, so a visit can be printed, drawn, replayed and searched exhaustively.
"""

from device.reception.basics import Step
from device.reception.machine import step
from device.reception.policy import Policy
from device.reception.states import Idle, Settled, State

__all__ = ["Idle", "Policy", "Settled", "State", "Step", "step"]
