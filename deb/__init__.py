"""The Debian package: `python -m deb` builds it, `deb/tests` installs it in fresh systems.

target    which release and processor
wheels    what of requirements.lock a unit needs, unpacked for another machine than this one
layout    where everything lies in the installed system
manual    man pages, from the commands themselves
licences  whose work is inside, and under which terms
parts     the same for tools (CycloneDX)
archive   files to .deb, twice the same
"""
