"""Publishing signed updates: The Update Framework's four roles over plain files that any server or USB stick can carry.

keys        a role's private keys, offline ones under a passphrase
repository  what is public, what waits for signatures, and how one becomes the other
packing     bundles of software, models and voices, the same to the last byte whenever they are made
standing    what is published, signed and about to expire
cli         `uketsuke-fleet updates`
"""
