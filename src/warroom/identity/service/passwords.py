"""Password hashes, made and checked a few at a time: each takes 64 MiB and 0.15 s of a core."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from warroom.identity.errors import BusyError
from warroom.identity.rules import normalized

_MOST_WAITING = 64


class Passwords:
    """argon2id in a bounded pool of threads.

    Args:
        threads: Passwords hashed or checked at a time.
        hasher: The function's parameters; those of RFC 9106 (second recommended set) by default.

    References:
        RFC 9106, section 4.
    """

    def __init__(self, threads: int = 2, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, "argon2")
        self._waiting = 0
        self._unknown: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to be stored.

        Raises:
            BusyError: Too many wait already.
        """
        return await self._run(partial(self._hasher.hash, normalized(password)))

    async def fits(self, hash_: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed.

        Without a hash (an unknown login) as much is computed as with one, so that the time of
        the answer does not tell whether the login exists.

        Raises:
            BusyError: Too many wait already.
        """
        return await self._run(partial(self._check, hash_, normalized(password)))

    def is_outdated(self, hash_: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hash_)

    def _check(self, hash_: str | None, password: str) -> bool:
        if self._unknown is None:
            self._unknown = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(hash_ or self._unknown, password)
        except (VerificationError, InvalidHashError):
            return False
        return hash_ is not None

    async def _run[T](self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
