"""The one map from errors to the numbers of HTTP and WebSocket.

The answer to a person is `application/problem+json` (RFC 9457) with the stable code and the text
in their language. Texts of exceptions never leave the process: an error that is not ours is
logged with an id, and the person is told the id.
"""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import DataError, Error
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    InsufficientPrivilege,
    NotNullViolation,
    UniqueViolation,
)
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from warroom.kernel.errors import Kind, WarRoomError
from warroom.kernel.http import language_of
from warroom.kernel.i18n import text
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger

HTTP = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}

_FROM_HTTP = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def install(app: FastAPI) -> None:
    """Makes every error of `app` an answer that a person can read."""
    app.add_exception_handler(WarRoomError, _known)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _by_number)
    beyond = (DataError, UnicodeEncodeError, OverflowError, CheckViolation, NotNullViolation)
    for unstorable in beyond:
        app.add_exception_handler(unstorable, _unstorable)
    for refused in (ForeignKeyViolation, UniqueViolation, InsufficientPrivilege):
        app.add_exception_handler(refused, _refused)
    app.add_exception_handler(Exception, _unknown)


def socket_close_code(kind: Kind) -> int:
    """The close code of a socket that ends for an error (4000-4999: RFC 6455, 7.4.2)."""
    return 4000 + HTTP[kind]


async def _known(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, WarRoomError)  # noqa: S101 - registered for this type alone
    if error.kind is Kind.INTERNAL:
        logger("app.problems").error("internal_error", code=error.code, exc_info=error)
    status = HTTP[error.kind]
    answer = problem(connection, status, error.code, error.params)
    if "wait_s" in error.params:
        answer.headers["retry-after"] = str(int(error.params["wait_s"]) + 1)
    return await _deliver(connection, answer)


async def _unreadable(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "problem": item["type"]}
        for item in error.errors()
    ]
    return await _deliver(connection, problem(connection, 422, "invalid", {"fields": fields}))


async def _by_number(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    if isinstance(error.__cause__, WarRoomError):  # wrapped while the body was read
        return await _known(connection, error.__cause__)
    code = _FROM_HTTP.get(error.status_code, "invalid")
    return await _deliver(connection, problem(connection, error.status_code, code, {}))


async def _unstorable(connection: HTTPConnection, error: Exception) -> Response:
    """What nothing holds: text with a zero, half of a character, a number or a day beyond all."""
    logger("app.problems").warning("unstorable", problem=type(error).__name__, exc_info=error)
    return await _deliver(connection, problem(connection, 422, "invalid", {"fields": []}))


async def _refused(connection: HTTPConnection, error: Exception) -> Response:
    """What names a thing that is not there, one that is there already, or one of another agency.

    Routes say it in their own words where they foresee it; the database refuses what they do not.
    """
    assert isinstance(error, Error)  # noqa: S101 - registered for these types alone
    # Refused by a policy of rows, and not for a right on the table, which would be our fault.
    is_policy = error.diag.source_function == "ExecWithCheckOptions"
    if isinstance(error, InsufficientPrivilege) and not is_policy:
        return await _unknown(connection, error)
    logger("app.problems").warning("refused_by_database", problem=type(error).__name__)
    is_double = isinstance(error, UniqueViolation)
    status, code = (409, "already_there") if is_double else (422, "unknown_reference")
    return await _deliver(connection, problem(connection, status, code, {}))


async def _unknown(connection: HTTPConnection, error: Exception) -> Response:
    reference = new_id().hex[-12:]
    logger("app.problems").error("internal_error", reference=reference, exc_info=error)
    answer = problem(connection, 500, "internal", {"reference": reference})
    return await _deliver(connection, answer)


async def _deliver(connection: HTTPConnection, answer: Response) -> Response:
    """For a socket that was not accepted yet the answer is sent in place of the handshake."""
    if isinstance(connection, WebSocket):
        if "websocket.http.response" in connection.scope.get("extensions", {}):
            await connection.send_denial_response(answer)
        else:
            await connection.close(4000 + answer.status_code)
    return answer


def problem(connection: HTTPConnection, status: int, code: str, params: dict[str, Any]) -> Response:
    """An answer as RFC 9457 has it, in the language of the asker."""
    body = {
        "type": f"urn:warroom:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": text(language_of(connection), f"error.{code}", **params),
        "params": params,
    }
    return Response(
        msgspec.json.encode(body, enc_hook=str),
        status,
        headers={"cache-control": "no-store"},
        media_type="application/problem+json",
    )
