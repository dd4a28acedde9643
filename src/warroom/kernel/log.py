"""Logs: an event name and fields, as JSON lines on stderr (readable lines on a terminal).

Never a plate, a face, a phone number, a patient, a password or a token; the last two are cut out
here as well, should one slip in.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_FIELD = re.compile(r"(?i)password|secret|token|cookie|authorization")
_URL_LOGIN = re.compile(r"(\w+://)[^/@\s]+@")


def configure(level: str = "info", *, as_json: bool | None = None) -> None:
    """Sets how this process logs.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        as_json: JSON lines; by default where stderr is not a terminal.
    """
    json_lines = not sys.stderr.isatty() if as_json is None else as_json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer()
            if json_lines
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


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
