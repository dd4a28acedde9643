"""Time stamps of an authority over lines of anchors (RFC 3161): asked for, checked, kept.

A token says that an authority, which nobody in the city can talk into anything, saw the line at a
time. It lies beside the file of anchors as `tokens/<line>.<authority>.tsr`: the whole answer in
DER, so that `openssl ts -verify` can check it as well.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

_NAME = re.compile(r"^(\d+)\.([0-9a-f]{8})\.tsr$")


class StampError(Exception):
    """A token is not what it should be; its text is one of the words of `AnchorState.problem`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A kept token: the line it is about, and the authority's answer."""

    line: int
    authority: str
    content: bytes


class Stamps:
    """The tokens of one file of anchors.

    Args:
        folder: Where they lie.
        roots: Certificates of the authorities that are trusted; without any no token is believed.
    """

    def __init__(self, folder: Path, roots: Sequence[x509.Certificate] = ()) -> None:
        self.folder = folder
        self.roots = tuple(roots)

    async def obtain(self, url: str, number: int, line: bytes, *, timeout_s: float) -> None:
        """Gets a token over a line from the authority at `url`, checks it and keeps it.

        Raises:
            StampError: There is no answer (`unreachable`), or it does not hold.
        """
        import httpx  # noqa: PLC0415 - decision 51

        request = (
            TimestampRequestBuilder()
            .data(line)
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            async with httpx.AsyncClient(timeout=timeout_s) as client:
                answer = await client.post(
                    url,
                    content=request.as_bytes(),
                    headers={"content-type": "application/timestamp-query"},
                )
                answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StampError("unreachable") from error
        self.check(answer.content, line, nonce=request.nonce)
        self._keep(number, url, answer.content)

    def check(self, content: bytes, line: bytes, *, nonce: int | None = None) -> datetime:
        """The time at which a trusted authority saw `line`.

        Raises:
            StampError: The token is not about this line, or nobody trusted signed it.
        """
        if not self.roots:
            raise StampError("no_roots")
        builder = VerifierBuilder(roots=list(self.roots), nonce=nonce)
        try:
            answer = decode_timestamp_response(content)
            builder.build().verify_message(answer, line)
        except (ValueError, VerificationError) as error:
            raise StampError("bad_token") from error
        return answer.tst_info.gen_time

    def list_kept(self) -> list[Token]:
        """All tokens, by line."""
        if not self.folder.is_dir():
            return []
        named = ((path, _NAME.match(path.name)) for path in self.folder.iterdir())
        found = [
            Token(int(match[1]), match[2], path.read_bytes())
            for path, match in named
            if match is not None
        ]
        return sorted(found, key=lambda token: (token.line, token.authority))

    def _keep(self, number: int, url: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = hashlib.sha256(url.encode()).hexdigest()[:8]
        path = self.folder / f"{number}.{authority}.tsr"
        draft = path.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def load_roots(path: str) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        StampError: It cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise StampError("bad_roots") from error
