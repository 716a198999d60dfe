"""The rig's board, for MicroPython on an RP2040. Copied to the board as it is; README.md says how."""
