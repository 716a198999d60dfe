"""A day at a clinic, played on the pure machine: invented visitors, sourced times, thousands of visits a second.

No card, camera or line takes part; each is a time it takes and an answer it gives. What the machine decides, says and
waits for is the real `device.reception`.
"""
