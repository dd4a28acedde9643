"""What making and restoring a backup can tell a person."""

from warroom.kernel.errors import InvalidError, WarRoomError


class NoBackupFolderError(InvalidError):
    """Neither the command nor the settings name a folder."""

    code = "app.backup_no_folder"


class NoBackupError(InvalidError):
    """The folder holds no complete backup (`folder`)."""

    code = "app.backup_none"


class BackupRunsError(WarRoomError):
    """Another backup is being made in this folder (`folder`)."""

    code = "app.backup_runs"


class NoRoomError(WarRoomError):
    """The folder's disk has less room than the backup needs (`folder`, `free_mb`, `needed_mb`)."""

    code = "app.backup_no_room"


class BackupDamagedError(WarRoomError):
    """A backup is not what its manifest says (`file`, `count`)."""

    code = "app.backup_damaged"


class BackupKeyError(InvalidError):
    """The key or passphrase does not open this backup (`file`)."""

    code = "app.backup_wrong_key"


class BackupKeyMissingError(InvalidError):
    """There is no key file where one is looked for (`file`)."""

    code = "app.backup_no_key"


class KeyBesideBackupError(InvalidError):
    """The key file would lie in the folder of backups (`file`)."""

    code = "app.backup_key_beside"


class DatabaseCopyError(WarRoomError):
    """A program of PostgreSQL failed (`program`, `problem`)."""

    code = "app.backup_database"


class NoProgramError(WarRoomError):
    """A program of PostgreSQL is not on this machine (`program`)."""

    code = "app.backup_no_program"


class FolderNotEmptyError(InvalidError):
    """The data folder to restore into holds something (`folder`)."""

    code = "app.restore_not_empty"


class DatabaseNotEmptyError(InvalidError):
    """The database to restore into holds tables."""

    code = "app.restore_database_not_empty"


class NoPointInTimeError(InvalidError):
    """A dump holds one moment; `--at` needs a base backup."""

    code = "app.restore_no_point_in_time"


class TimeOutOfReachError(InvalidError):
    """The backups do not reach the moment asked for (`at`, `earliest`, `latest`)."""

    code = "app.restore_out_of_reach"


class WrongTimeError(InvalidError):
    """What was given is no time (`given`)."""

    code = "app.restore_wrong_time"


class WrongKindError(InvalidError):
    """A base backup of the embedded PostgreSQL cannot fill a database that runs elsewhere."""

    code = "app.restore_wrong_kind"


class WrongVersionError(InvalidError):
    """The backup is of another version of PostgreSQL (`made`, `here`)."""

    code = "app.restore_wrong_version"
