"""`uketsuke-fleet`: the fleet from the command line.

Exit codes: 0 done, 1 it ran and something is not well, 2 the command or the configuration is wrong.
"""

from provisioning.fleet.cli.main import app, main

__all__ = ["app", "main"]
