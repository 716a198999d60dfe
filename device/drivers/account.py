"""Accounts: what root writes for the reader has to be readable to the account that the reader runs as."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path


def become_the_reader(folder: Path) -> None:
    """Where root runs this and `folder` belongs to an account's group, go on as that account; there is no way back.

    The installed /etc/uketsuke belongs to root and the group `uketsuke`: root's own files there, private as keys are,
    would be closed to the service.
    """
    if (account := _reader_of(folder)) is not None:
        os.setgroups([account.pw_gid])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


def hand_over(folder: Path, patterns: Iterable[str]) -> None:
    """Give the files of these names in `folder`, where root writes them, to the account that it is for. Raise OSError.

    For a program that needs root to the end, as one does that looks for parts.
    """
    if (account := _reader_of(folder)) is None:
        return
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        if path.is_file() and not path.is_symlink():
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def may_read(path: Path, uid: int) -> bool:
    """Return whether this account may read a file that is there, going by owner, groups and mode."""
    if uid == 0:
        return True
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        groups: set[int] = set()
    else:
        groups = set(os.getgrouplist(account.pw_name, account.pw_gid))
    return _allows(path.parent, uid, groups, stat.S_IXUSR) and _allows(path, uid, groups, stat.S_IRUSR)


def _reader_of(folder: Path) -> pwd.struct_passwd | None:
    if os.geteuid() != 0 or not folder.is_dir():
        return None
    group = folder.stat().st_gid
    account = next((one for one in pwd.getpwall() if one.pw_gid == group), None)
    return None if account is None or account.pw_uid == 0 else account


def _allows(path: Path, uid: int, groups: set[int], bit: int) -> bool:
    """Whether the mode has this bit of the owner's for the account: as owner, as member of the group, or as anybody."""
    told = path.stat()
    shift = 0 if told.st_uid == uid else 3 if told.st_gid in groups else 6
    return bool(told.st_mode & bit >> shift)
