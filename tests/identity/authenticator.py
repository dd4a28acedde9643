"""An authenticator in software: makes passkeys and signs with them as a browser hands it on.

References:
    W3C Web Authentication Level 3, sections 6.1 (authenticator data) and 6.5 (attestation).
"""

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One device with one key.

    Attributes:
        origin: Page that the browser shows.
        flags: Whether the person was there, and verified.
        counts: Whether the device counts its signatures.
    """

    origin: str = "http://warroom.test"
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: bytes = b""

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` gives for these options."""
        self.handle = unpadded(options["user"]["id"])
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32), -3: public.y.to_bytes(32)}
        attested = (
            bytes(16)
            + struct.pack(">H", len(self.credential_id))
            + self.credential_id
            + cbor2.dumps(cose)
        )
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            {
                "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
                "attestationObject": padded(attestation),
                "transports": ["usb", "teleport"],
            }
        )

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives for these options."""
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data(options["rpId"])
        signed = data + hashlib.sha256(unpadded(client_data)).digest()
        return self._credential(
            {
                "clientDataJSON": client_data,
                "authenticatorData": padded(data),
                "signature": padded(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": padded(self.handle),
            }
        )

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        if self.counts:
            self.count += 1
        digest = hashlib.sha256(rp_id.encode()).digest()
        return digest + struct.pack(">BI", self.flags | more, self.count)

    def _client_data(self, kind: str, challenge: str) -> str:
        content = {"type": kind, "challenge": challenge, "origin": self.origin}
        return padded(json.dumps(content).encode())

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        name = padded(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def padded(content: bytes) -> str:
    """Base 64 for URLs, without the signs at the end."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unpadded(text: str) -> bytes:
    """The bytes again."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
