"""What we need from the world, in our own words. Each port says what happens when things go wrong.

Two families implement them: `device.drivers` (one library or chip each) and `device.sim` (memory, able to misbehave).
"""
