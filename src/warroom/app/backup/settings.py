"""Settings of backups."""

from typing import ClassVar

from warroom.kernel.settings import section, setting


@section
class BackupSettings:
    """Where backups go and what opens their keys."""

    SECTION: ClassVar[str] = "backup"

    folder: str = setting("", "Folder of backups where the command names none.")
    keep: int = setting(14, "Backups kept; older ones are removed after a new one is complete.")
    key_file: str = setting(
        "",
        "File of the key that seals keys in backups; empty: ~/.config/warroom/backup.key, made by"
        " the first backup. Keep a copy of it elsewhere.",
    )
    passphrase: str = setting(
        "", "Passphrase that seals keys in backups, instead of a key file.", secret=True
    )
    warn_after_h: float = setting(26.0, "Hours after which `doctor` calls the last backup old.")
