"""Puts a unit up on a terminal: finds what can be found, asks for the rest, writes the configuration."""

from device.app.setup.papers import FILES, require_folder
from device.app.setup.steps import Setup
from device.app.setup.surroundings import Surroundings

__all__ = ["FILES", "Setup", "Surroundings", "require_folder"]
