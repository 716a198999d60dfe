"""The unit's doctor: looks at everything, changes nothing, and names cause and way out of what it finds."""

from device.app.doctor.case import Case, OutboxTold, PanelTold, Program, ReaderTold, Senses
from device.app.doctor.rounds import CHECKS, Check, Told, examine

__all__ = ["CHECKS", "Case", "Check", "OutboxTold", "PanelTold", "Program", "ReaderTold", "Senses", "Told", "examine"]
