"""Settings: one TOML file and the environment, read once, typed, a section per domain.

A domain declares a frozen dataclass whose `SECTION` names its table in the file; each field has a
default and a `help` text. `[recording] keep_days = 30` in the file and
`WARROOM_RECORDING_KEEP_DAYS=30` in the environment say the same; the environment wins. The
section `warroom` has no infix: `WARROOM_DATA_DIR`. A section with `PACK` lies above a file of the
city pack, whose entries stand for whatever neither says; below that lies the city's profile.
"""

import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, dataclass_transform

import msgspec

from warroom.kernel import profile
from warroom.kernel.errors import InvalidError


class SettingsError(InvalidError):
    """A setting has an unknown name or a value of the wrong kind (`setting`, `problem`)."""

    code = "kernel.settings"


class Section(Protocol):
    """A dataclass of settings."""

    SECTION: ClassVar[str]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def section[T](kind: type[T]) -> type[T]:
    """Makes a class a frozen section of settings."""
    return dataclass(frozen=True, slots=True)(kind)


def setting(default: Any, help: str, *, secret: bool = False) -> Any:  # noqa: A002
    """A field of a section: its default, what it does, and whether it must be hidden."""
    metadata = {"help": help, "secret": secret}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@section
class NodeSettings:
    """What the node itself is: where it keeps its data, where it listens, how it is called."""

    SECTION: ClassVar[str] = "warroom"

    home: str = setting("", "Folder that relative paths begin at; empty means the current one.")
    data_dir: str = setting("var", "Folder of everything this node stores.")
    node: str = setting("rec-1", "Name of this node, unique among the city's nodes.")
    host: str = setting("127.0.0.1", "Address the web server listens on.")
    port: int = setting(8112, "Port the web server listens on.")
    database_url: str = setting(
        "", "PostgreSQL of the application's role; empty starts the embedded one.", secret=True
    )
    database_owner_url: str = setting(
        "", "PostgreSQL of the owning role, for migrations.", secret=True
    )
    postgres_bin: str = setting("", "Folder of PostgreSQL programs (17 or newer) to use instead.")
    city_dir: str = setting("", "Folder of the city pack; empty means <data_dir>/city.")
    profile: str = setting("", "Profile of the city: a name that comes with it, or a folder.")
    demo: bool = setting(False, "Whether this is the demonstration (one-time sign-in links).")
    workstation: str = setting("", "Name of the workstation shown in watermarks.")
    static_dir: str = setting("", "Folder of the built web pages; empty means the packaged ones.")
    trusted_proxies: list[str] = setting(
        [], "Networks (CIDR) of proxies whose word on who asks is believed; the proxies alone."
    )
    forwarded_header: str = setting(
        "x-forwarded-for",
        "The header in which they say it: x-forwarded-for (beside x-forwarded-proto) or forwarded.",
    )

    @property
    def data(self) -> Path:
        """`data_dir` as an absolute path."""
        return (Path(self.home) / self.data_dir).absolute()

    @property
    def city(self) -> Path:
        """Folder of the city pack."""
        return (Path(self.home) / self.city_dir).absolute() if self.city_dir else self.data / "city"

    @property
    def run(self) -> Path:
        """Folder for sockets, mode 0700, with a path short enough for them (sun_path: 108)."""
        inside = self.data / "run"
        if len(str(inside)) < 70:
            return inside
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        return Path("/tmp") / f"warroom-{os.geteuid()}-{name}"  # noqa: S108 - made 0700 and checked


def make_run_dir(path: Path) -> Path:
    """Makes the folder for sockets, or takes it over if it is ours alone.

    Raises:
        SettingsError: Somebody else owns it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.geteuid() or path.is_symlink():
        raise SettingsError(setting="run_dir", problem=f"{path} belongs to somebody else")
    path.chmod(0o700)
    return path


def make_data_dir(path: Path, *, lets_through: bool = False) -> None:
    """Makes the data folder, closed to all other users; what the process makes later is closed too.

    An older version left its folders open, so those directly in it are closed as well; what lies
    deeper is out of reach then. A folder that somebody else owns stays as it is.

    Args:
        path: The folder.
        lets_through: Whether others may pass through it to what they own in it (the embedded
            PostgreSQL, where we are root), though they cannot list it.
    """
    os.umask(0o077)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close(path, 0o711 if lets_through else 0o700)
    for entry in path.iterdir():
        _close(entry, 0o700)


def _close(path: Path, most: int) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid():
        return
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~most & 0o077:
        path.chmod(mode & (most | 0o7700))


class Configuration:
    """All settings of a process, before any section was asked for.

    Args:
        file: The parsed TOML file.
        environment: Environment variables; only `WARROOM_*` are looked at.
    """

    def __init__(self, file: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = environment

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Configuration":
        """Reads the file named by `WARROOM_CONFIG`, else `warroom.toml` in the data folder.

        Without either all settings have their defaults, but for the environment.

        The city's profile that they name is that of this process from now on.

        Raises:
            SettingsError: The file is named but absent, or is not TOML.
            ProfileError: No profile has the name, or it cannot be read.
        """
        found = cls._found(environment)
        node = found.section(NodeSettings)
        if node.profile:
            profile.use(profile.load(node.profile, Path(node.home)))
        return found

    @classmethod
    def _found(cls, environment: Mapping[str, str]) -> "Configuration":
        named = environment.get("WARROOM_CONFIG")
        data = cls({}, environment).section(NodeSettings).data
        path = Path(named) if named else data / "warroom.toml"
        if not named and not path.exists():
            return cls({}, environment)
        try:
            return cls(tomllib.loads(path.read_text("utf-8")), environment)
        except FileNotFoundError as error:
            raise SettingsError(setting="WARROOM_CONFIG", problem=f"{path}: no file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(setting=str(path), problem=str(error)) from error

    def section[T](self, kind: type[T]) -> T:
        """The settings of one section.

        Raises:
            SettingsError: A name in the file is unknown, or a value is of the wrong kind.
        """
        name: str = kind.SECTION  # type: ignore[attr-defined]
        known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
        values = dict(self._file.get(name, {}))
        below = self._profiled(name, known) | self._packed(kind, known)
        for word in values:
            if word not in known:
                raise SettingsError(setting=f"[{name}] {word}", problem="unknown")
        prefix = "WARROOM_" if name == "warroom" else f"WARROOM_{name.upper()}_"
        for word in known:
            given = self._environment.get(prefix + word.upper())
            if given is not None:
                values[word] = _structured(given)
        return self._convert(kind, name, below | values)

    @staticmethod
    def _profiled(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """What the profile says of a section; of the node itself, nothing.

        Raises:
            SettingsError: It says a name that the section does not know.
        """
        if name == "warroom":
            return {}
        said = profile.current().sections.get(name, {})
        for word in said:
            if word not in known:
                raise SettingsError(setting=f"profile [{name}] {word}", problem="unknown")
        return dict(said)

    def _packed(self, kind: type[Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """What the city pack says.

        One that is absent or broken says nothing: whoever draws the city tells of it, and the rest
        of the node goes on.
        """
        file = getattr(kind, "PACK", None)
        if file is None:
            return {}
        try:
            facts = msgspec.json.decode((self.section(NodeSettings).city / file).read_bytes())
            said = {word: value for word, value in facts.items() if word in known}
            msgspec.convert(said, kind)
        except (OSError, msgspec.MsgspecError, AttributeError):
            return {}
        return said

    def _convert[T](self, kind: type[T], name: str, values: dict[str, Any]) -> T:
        try:
            return msgspec.convert(values, kind, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(setting=f"[{name}]", problem=str(error)) from error

    def shown(self, kinds: list[type[Any]]) -> dict[str, dict[str, Any]]:
        """All settings for a person to read, secrets hidden (`warroom config show`)."""
        return {
            kind.SECTION: {
                item.name: "***"
                if item.metadata.get("secret") and getattr(values, item.name)
                else getattr(values, item.name)
                for item in fields(kind)
            }
            for kind in kinds
            for values in [self.section(kind)]
        }


def _structured(given: str) -> Any:
    """Lists and tables may be given in the environment as JSON."""
    if given[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(given)
        except msgspec.DecodeError:
            return given
    return given
