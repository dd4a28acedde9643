"""The product's addresses as a person's program asks them: JSON over HTTP, with a token."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

_TIMEOUT_S = 10.0
_WHY_BYTES = 600


class Door:
    """The way in of one person.

    Args:
        address: `http://HOST:PORT`.
        token: Of the person.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered; None where that is nothing.

        Raises:
            OSError: The server does not answer, or refuses; then it says with which status and why.
            ValueError: It answers something that cannot be read.
        """
        content = None if body is None else json.dumps(body).encode()
        answered = await self.send(method, path, content, "application/json")
        return json.loads(answered) if answered else None

    async def send(self, method: str, path: str, content: bytes | None, kind: str) -> bytes:
        """The same with content of any kind.

        Raises:
            OSError: The server does not answer, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 - the door we were given
            self._address + path,
            content,
            {"authorization": f"Bearer {self._token}", "content-type": kind},
            method=method,
        )

        def ask() -> bytes:
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                    told: bytes = answer.read()
                    return told
            except urllib.error.HTTPError as error:
                with error:
                    why = error.read(_WHY_BYTES).decode("utf-8", "replace")
                raise OSError(error.code, f"{method} {path}: {why}") from error

        return await asyncio.to_thread(ask)
