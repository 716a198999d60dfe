"""The fleet's side: a site's certificates, its broker, and (for tests and the demonstration) a broker of one's own.

files       a file is there whole or not at all
pki         the site's authority and the identities that it issues
revocation  taking an identity back
knock       one connection to a broker, to see who is let in
broker      mosquitto's configuration and access list as data, a reason beside each line
versions    what each version of mosquitto needs
page        the tables of docs/broker.md
mosquitto   a mosquitto as a child process
web         what every page of ours shares, the clinic's as well: log-in, walls, words, style
console     the fleet's page for people
fleet       the fleet: claims, settings, revocation, health, audit
"""
