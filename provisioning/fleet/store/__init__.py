"""Everything that the fleet knows. All SQL stands in this package, in SQLAlchemy's Core.

SQLite by default, PostgreSQL by URL.

tables        the tables and their types
states        what a unit, a claim, a job can be, and what may follow what
database      a store is opened, a transaction begun
transaction   one transaction, with the verbs of each table family below
units         units and how they are
claims        the right to become a unit, once
certificates  what was issued and withdrawn
twins         what a unit shall be set to, and what it says about that
profiles      settings that several units share
jobs          work that must not be lost, and the rollouts it belongs to
failures      jobs that ended in an error nobody thought of
bench         stations of the bench, and what they said of which unit
approvals     what needs a second person
people        who acts, who is signed in, who is invited
audit         what was done, as a chain of which no link can be changed in silence
"""
