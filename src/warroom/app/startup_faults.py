"""What stands in the way of a command, as a sentence that says what to do.

These are faults of the machine, not of the product: a disk, a folder, a database. Whatever is not
known here stays a traceback, for it is ours.
"""

import errno
import re

import psycopg

from warroom.kernel.i18n import text

_DISKS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EADDRINUSE: "address_in_use",
    errno.EADDRNOTAVAIL: "address_not_here",
    errno.ENOTDIR: "no_folder",
    errno.ENAMETOOLONG: "no_folder",
}
_DATABASE = (
    # libpq gives no code for a connection that was refused, but for the words of the server.
    ("password authentication failed|no password supplied", "database_password"),
    ('role "[^"]*" does not exist', "database_role"),
    ('database "[^"]*" does not exist', "database_missing"),
    ("no pg_hba.conf entry|not permitted to log in|permission denied for database",
     "database_refuses"),
    ("could not translate host name|Connection refused|No such file|timeout|No route to host"
     "|Network is unreachable", "database_unreachable"),
    ("too many (clients|connections)|remaining connection slots", "database_full"),
    ("SSL|certificate", "database_tls"),
)  # fmt: skip
_INVALID_DSN = "database_url"


def sentence(error: OSError | psycopg.Error, language: str) -> str | None:
    """What a person reads of it, or None where it is not one of these faults."""
    if isinstance(error, OSError):
        code = _DISKS.get(error.errno or 0)
        return None if code is None else _say(language, code, path=error.filename or "")
    told = " ".join(str(error).split())
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return _say(language, "database_privilege", problem_text=told[:200])
    if isinstance(error, psycopg.errors.DiskFull):
        return _say(language, "disk_full", path="PostgreSQL")
    if isinstance(error, psycopg.OperationalError):
        found = next((code for words, code in _DATABASE if re.search(words, told)), None)
        return _say(language, found or "database_other", problem_text=told[:200])
    if isinstance(error, psycopg.ProgrammingError) and 'missing "="' in told:
        # The words of libpq would show what was given, and that may hold a password.
        return _say(language, _INVALID_DSN)
    return None


def _say(language: str, code: str, **params: str) -> str:
    return text(language, f"error.app.{code}", **params)
