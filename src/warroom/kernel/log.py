"""Logs: an event name and fields, as JSON lines on stderr (readable lines on a terminal).

Never a plate, a face, a phone number, a patient, a password or a token; the last two are cut out
here as well, should one slip in.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar, Literal

import structlog

from warroom.kernel.settings import SettingsError, section, setting

_SECRET_FIELD = re.compile(r"(?i)password|secret|token|cookie|authorization")
_URL_LOGIN = re.compile(r"(\w+://)[^/@\s]+@")
LEVELS = ("debug", "info", "warning", "error")


@section
class LogSettings:
    """What is logged, how it is written, and how long log files are kept."""

    SECTION: ClassVar[str] = "log"

    level: str = setting("info", "Lowest level that is logged: debug, info, warning or error.")
    levels: dict[str, str] = setting(
        {}, 'Levels of parts of the product by the name in `log`, as {"calls" = "debug"}.'
    )
    format: Literal["auto", "json", "text"] = setting(
        "auto", "json, text, or auto: text on a terminal and JSON elsewhere."
    )
    file_mib: int = setting(
        20, "MiB at which `warroom up` begins a new log file of a process; 0 never does."
    )
    files: int = setting(5, "Finished log files that are kept of each process.")


def configure(settings: LogSettings | None = None, *, level: str | None = None) -> None:
    """Sets how this process logs.

    Args:
        settings: The section `log`; None takes its defaults.
        level: Goes before the level of the settings.

    Raises:
        SettingsError: A level is none of `debug`, `info`, `warning` and `error`.
    """
    settings = settings or LogSettings()
    lowest = _number("level", level or settings.level)
    parts = {name: _number(f"levels.{name}", word) for name, word in settings.levels.items()}
    on_terminal = sys.stderr.isatty()
    as_text = settings.format == "text" or (settings.format == "auto" and on_terminal)
    structlog.configure(
        processors=[
            *([_PartLevels(lowest, parts)] if parts else []),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=on_terminal)
            if as_text
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min((lowest, *parts.values()))),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _PartLevels:
    """Drops what is below the level of its part: `calls.edge` goes before `calls`."""

    def __init__(self, lowest: int, parts: Mapping[str, int]) -> None:
        self._lowest, self._parts = lowest, parts

    def __call__(
        self, _: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        name = str(event.get("log", ""))
        while name and name not in self._parts:
            name = name.rpartition(".")[0]
        wanted = self._parts.get(name, self._lowest)
        if logging.getLevelNamesMapping()[_level_of(method)] < wanted:
            raise structlog.DropEvent
        return event


def _level_of(method: str) -> str:
    return {"EXCEPTION": "ERROR", "WARN": "WARNING", "MSG": "INFO"}.get(
        method.upper(), method.upper()
    )


def _number(name: str, word: str) -> int:
    if word.lower() not in LEVELS:
        problem = f"{word!r}: one of {', '.join(LEVELS)}"
        raise SettingsError(setting=f"[log] {name}", problem=problem)
    return logging.getLevelNamesMapping()[word.upper()]


def logger(name: str) -> Any:
    """A logger whose lines carry `log=name`."""
    return structlog.get_logger(log=name)


def hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cuts secret fields and logins inside URLs out of a log line."""
    for key, value in event.items():
        if _SECRET_FIELD.search(key):
            event[key] = "***"
        elif isinstance(value, str) and "@" in value:
            event[key] = _URL_LOGIN.sub(r"\1***@", value)
    return event
