"""The broker of one site and everyone's papers: set up, extended, looked after.

plan     what a site is (site.toml) and where its files lie
create   a new site, a new or renewed identity, one taken back
doctor   is everything as it should be, and if not: why, and what to do
files    checks of files, certificates and keys     broker   checks of the broker and its configuration
cli      `uketsuke-clinic init`, `issue`, `revoke`, `doctor`
"""
