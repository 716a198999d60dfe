"""The fleet: from a serial number in a list to a unit that serves, and back.

store      what is known, in SQLite or PostgreSQL
"""
