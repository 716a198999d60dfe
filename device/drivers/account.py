"""Root gives itself up: what is written for the reader has to be readable to the account that the reader runs as."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def become_the_reader(folder: Path) -> None:
    """Where root runs this and `folder` belongs to an account's group, go on as that account; there is no way back.

    The installed /etc/uketsuke belongs to root and the group `uketsuke`: root's own files there, private as keys are,
    would be closed to the service.
    """
    if os.geteuid() != 0 or not folder.is_dir():
        return
    group = folder.stat().st_gid
    account = next((one for one in pwd.getpwall() if one.pw_gid == group), None)
    if account is None or account.pw_uid == 0:
        return
    os.setgroups([group])
    os.setgid(group)
    os.setuid(account.pw_uid)
