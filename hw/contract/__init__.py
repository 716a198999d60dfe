"""The product's contract suites (`tests/contract/`), asked of the unit on the table.

A suite is a file of tests, told as sentences of what a port promises; in every run of the tests they are asked of the
simulator and of the drivers that can run there. Here the same sentences are asked of the drivers of one unit, with the
rig in place of the hands (docs/adr/0042).
"""
