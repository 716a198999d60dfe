"""The reception screen: one page that shows the desk who came, what holds and what to do.

database, accounts, sessions, access_log   who may look, and who did
"""
