"""What a unit decides about updates: pure, without files, network or clock.

choice      which of the offers to take, and why not
ledger      what the unit knows of its versions, and what to do about it after a power cut
archive     what may be in a bundle
jobs        orders of the fleet, each done once
"""
