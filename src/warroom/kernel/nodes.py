"""The nodes of a city: one set of keys for all of them, and by which certificate each is known.

What is sealed at rest (camera passwords, tokens) is sealed with the city's key. Each node keeps it
in a file, so that it starts without PostgreSQL, and has a key pair of its own. The database holds
the city's key sealed for each node's key pair, so that a node that lost the file has it again; it
holds no key that opens anything, so that who has the database alone can read nothing.

A node joins with a secret that is used once, or with a copy of another node's key files. Nodes
believe a certificate only if its row carries a code made with the city's key: who can write to the
database, and no more, makes no node.

References:
    RFC 9180 (HPKE), base mode: X25519, HKDF-SHA256, AES-256-GCM. RFC 5869 (HKDF).
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

from warroom.kernel.db import Transaction
from warroom.kernel.errors import InvalidError, NotFoundError, UnavailableError
from warroom.kernel.ids import new_id
from warroom.kernel.secrets import SealBrokenError, Sealer, key_at
from warroom.kernel.settings import section, setting

CITY_KEY = "seal"
"""The key that seals; its file is `keys/seal.key`."""

SHARED_KEYS = ("subject",)
"""Keys beside it that every node must have alike; `keys/<name>.key` each."""

INVITE_PREFIX = "wrjoin_"
CERTIFICATE_DAYS = 3650

_OTHERS = b"kernel.city_key.others"
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class NotJoinedError(UnavailableError):
    """This node does not have the city's keys (`node`)."""

    code = "kernel.node_not_joined"


class InviteInvalidError(InvalidError):
    """The secret is wrong, was used already, or is too old."""

    code = "kernel.node_invite_invalid"


class NodeNameTakenError(InvalidError):
    """Another node of the city has this name (`node`)."""

    code = "kernel.node_name_taken"


class NodeNotFoundError(NotFoundError):
    """The city has no node of this name (`node`)."""

    code = "kernel.node_not_found"


@section
class NodesSettings:
    """How this node and the city's other nodes reach each other."""

    SECTION: ClassVar[str] = "nodes"

    host: str = setting("0.0.0.0", "Address this node answers other nodes on.")  # noqa: S104
    port: int = setting(0, "Port this node answers other nodes on; 0: it is the only node.")
    address: str = setting(
        "", "host:port by which other nodes reach this one; empty means <hostname>:<port>."
    )
    answer_s: float = setting(5.0, "Seconds another node has to answer before it counts as away.")
    connections_max: int = setting(64, "Connections of other nodes at once; more are refused.")
    streams_max: int = setting(32, "Answers in progress to one other node at once.")


@dataclass(frozen=True, slots=True)
class Known:
    """A node of the city as its row says, the code on it checked.

    Attributes:
        certificate: By which it is known in TLS (DER).
        address: host:port of its door; empty where it has none.
    """

    name: str
    certificate: bytes
    address: str
    joined_at: datetime

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate).digest()


class NodeIdentity:
    """A node's own key pairs: one for TLS, one that keys are sealed for.

    Args:
        folder: Folder of its keys; `node.key` is made there (mode 0600) where it is missing.
        name: Name of the node, for its certificate.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        seed = key_at(folder / "node.key")
        self._box = X25519PrivateKey.from_private_bytes(_derive(seed, b"box"))
        self._sign = Ed25519PrivateKey.from_private_bytes(_derive(seed, b"tls"))

    @property
    def box_key(self) -> bytes:
        """The public key that things are sealed for."""
        return self._box.public_key().public_bytes_raw()

    def private_key(self) -> bytes:
        """The private key of TLS (PEM)."""
        return self._sign.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def make_certificate(self, now: datetime) -> bytes:
        """A certificate that this node signed itself (DER): the row of the node makes it known."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name[:64])])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._sign.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._sign, None)
            .public_bytes(serialization.Encoding.DER)
        )

    def open(self, sealed: bytes) -> bytes:
        """What was sealed for this node.

        Raises:
            SealBrokenError: It was sealed for another, or changed.
        """
        try:
            return _SUITE.decrypt(sealed, self._box, info=b"warroom node")
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError from error


def seal_for(box_key: bytes, secret: bytes) -> bytes:
    """The secret, for the holder of the private key alone."""
    public = X25519PublicKey.from_public_bytes(box_key)
    return _SUITE.encrypt(secret, public, info=b"warroom node")


class CityKeys:
    """The city's keys in a node's files, and what the database holds of them.

    Args:
        data: Folder of the node's data.
        name: Name of the node.
        address: host:port of its door; empty for none.
    """

    def __init__(self, data: Path, name: str, address: str = "") -> None:
        self.folder = data / "keys"
        self.name, self.address = name, address

    @property
    def is_there(self) -> bool:
        """Whether the file of the city's key is there."""
        return self._file(CITY_KEY).exists()

    def identity(self) -> NodeIdentity:
        """This node's own key pairs."""
        return NodeIdentity(self.folder, self.name)

    def write_tls(self, certificate: bytes) -> Path:
        """The file (mode 0600) that TLS reads: this node's private key and its certificate."""
        path = self.folder / "node.pem"
        shown = x509.load_der_x509_certificate(certificate)
        _write(
            path,
            self.identity().private_key() + shown.public_bytes(serialization.Encoding.PEM),
        )
        return path

    async def ensure(self, tx: Transaction, now: datetime) -> None:
        """Makes this node one of the city's, if its key files say so; the first one makes the keys.

        An installation that has keys and none in the database yet gives them to the city. The scope
        of the transaction must be the system's.

        Raises:
            NotJoinedError: The city has keys, and this node has not.
        """
        await tx.execute("select pg_advisory_xact_lock(hashtext('kernel.city_key'))")
        city = await _city(tx)
        if city is None:
            key = key_at(self._file(CITY_KEY))
            await tx.execute(
                "insert into city_key (proof, others, made_at) values (%s, %s, %s)",
                [_proof(key), self._sealed_others(key, {}), now],
            )
        else:
            key = await self._own_key(tx, city)
            await self._share(tx, key, city)
        await self._admit(tx, key, now)

    async def confirm(self, tx: Transaction) -> None:
        """Refuses to go on with keys that are not the city's.

        Raises:
            NotJoinedError: The city has other keys than this node.
        """
        city = await _city(tx)
        if city is not None and not self._is_city_key(city):
            raise NotJoinedError(node=self.name)

    async def invite(self, tx: Transaction, now: datetime, lasts: timedelta) -> str:
        """A secret by which one node joins, once, until it is too old.

        What the database keeps of it opens nothing.

        Raises:
            NotJoinedError: This node has not joined itself.
        """
        await self.ensure(tx, now)
        await tx.execute("delete from node_invite where expires_at <= %s", [now])
        secret = secrets.token_bytes(32)
        invite_id = new_id()
        sealed = Sealer(_derive(secret, b"invite")).seal(
            self._file(CITY_KEY).read_bytes(), invite_id.bytes
        )
        await tx.execute(
            "insert into node_invite (id, token_hash, sealed_key, inviter, made_at, expires_at)"
            " values (%s, %s, %s, %s, %s, %s)",
            [invite_id, hashlib.sha256(secret).digest(), sealed, self.name, now, now + lasts],
        )
        return INVITE_PREFIX + secret.hex()

    async def join(self, tx: Transaction, now: datetime, invite: str) -> None:
        """Takes over the city's keys with an invitation, which is gone then.

        Keys that this node had of its own stay beside them, as `<name>.key.before-<time>`.

        Raises:
            InviteInvalidError: It is wrong, was used, or is too old.
            NodeNameTakenError: Another node is called so.
        """
        secret = _secret_of(invite)
        row = await (
            await tx.execute(
                "delete from node_invite where token_hash = %s and expires_at > %s"
                " returning id, sealed_key",
                [hashlib.sha256(secret).digest(), now],
            )
        ).fetchone()
        city = await _city(tx)
        if row is None or city is None:
            raise InviteInvalidError
        key = Sealer(_derive(secret, b"invite")).open(row["sealed_key"], row["id"].bytes)
        await self._require_free_name(tx, key)
        self._put(CITY_KEY, key, now)
        others = _others_of(key, city)
        for name in SHARED_KEYS:
            if name in others:
                self._put(name, others[name], now)
        await self._share(tx, key, city)
        await self._admit(tx, key, now)

    def known(self, rows: list[dict[str, Any]]) -> list[Known]:
        """The nodes whose rows carry a code made with the city's key; others are no nodes."""
        key = self._file(CITY_KEY).read_bytes()
        return [
            Known(row["name"], bytes(row["certificate"]), row["endpoint"], row["joined_at"])
            for row in rows
            if hmac.compare_digest(
                bytes(row["admitted"]),
                _admission(key, row["name"], bytes(row["certificate"]), bytes(row["box_key"])),
            )
        ]

    async def list_known(self, tx: Transaction) -> list[Known]:
        """The nodes of the city, by name."""
        return self.known(await list_rows(tx))

    async def _own_key(self, tx: Transaction, city: dict[str, Any]) -> bytes:
        """The city's key: of the file, or of the database, sealed for this node.

        Raises:
            NotJoinedError: It is neither here nor there.
        """
        if self._is_city_key(city):
            return self._file(CITY_KEY).read_bytes()
        if self.is_there or not (self.folder / "node.key").exists():
            raise NotJoinedError(node=self.name)
        row = await self._own_row(tx)
        try:
            key = self.identity().open(bytes(row["sealed_key"])) if row else b""
        except SealBrokenError:
            key = b""
        if not key or not hmac.compare_digest(_proof(key), bytes(city["proof"])):
            raise NotJoinedError(node=self.name)
        _write(self._file(CITY_KEY), key)
        return key

    async def _share(self, tx: Transaction, key: bytes, city: dict[str, Any]) -> None:
        """Takes the other keys that are missing here, and gives those that the city lacks."""
        others = _others_of(key, city)
        for name, value in others.items():
            if name in SHARED_KEYS and not self._file(name).exists():
                _write(self._file(name), value)
        if set(SHARED_KEYS) - set(others):
            await tx.execute("update city_key set others = %s", [self._sealed_others(key, others)])

    async def _admit(self, tx: Transaction, key: bytes, now: datetime) -> None:
        """Writes this node's row, if it is not as it is."""
        identity = self.identity()
        row = await self._own_row(tx)
        if row is not None and bytes(row["box_key"]) == identity.box_key and self.known([row]):
            if self.address and row["endpoint"] != self.address:
                await tx.execute(
                    "update node set endpoint = %s where name = %s", [self.address, self.name]
                )
            return
        await self._require_free_name(tx, key)
        certificate = identity.make_certificate(now)
        await tx.execute(
            """
            insert into node (name, certificate, box_key, sealed_key, admitted, endpoint, joined_at)
            values (%(name)s, %(certificate)s, %(box_key)s, %(sealed_key)s, %(admitted)s,
                %(address)s, %(now)s)
            on conflict (name) do update set certificate = excluded.certificate,
                box_key = excluded.box_key, sealed_key = excluded.sealed_key,
                admitted = excluded.admitted, endpoint = excluded.endpoint,
                joined_at = excluded.joined_at
            """,
            {
                "name": self.name,
                "certificate": certificate,
                "box_key": identity.box_key,
                "sealed_key": seal_for(identity.box_key, key),
                "admitted": _admission(key, self.name, certificate, identity.box_key),
                "address": self.address,
                "now": now,
            },
        )

    async def _require_free_name(self, tx: Transaction, key: bytes) -> None:
        row = await self._own_row(tx)
        if row is None:
            return
        mine = (self.folder / "node.key").exists() and (
            bytes(row["box_key"]) == self.identity().box_key
        )
        genuine = _admission(
            key, self.name, bytes(row["certificate"]), bytes(row["box_key"])
        ) == bytes(row["admitted"])
        if genuine and not mine:
            raise NodeNameTakenError(node=self.name)

    async def _own_row(self, tx: Transaction) -> dict[str, Any] | None:
        return await (
            await tx.execute("select * from node where name = %s", [self.name])
        ).fetchone()

    def _is_city_key(self, city: dict[str, Any]) -> bool:
        return self.is_there and hmac.compare_digest(
            _proof(self._file(CITY_KEY).read_bytes()), bytes(city["proof"])
        )

    def _sealed_others(self, key: bytes, others: dict[str, bytes]) -> bytes:
        whole = {name: key_at(self._file(name)) for name in SHARED_KEYS} | others
        return Sealer(key).seal(
            msgspec.json.encode({name: value.hex() for name, value in whole.items()}), _OTHERS
        )

    def _put(self, name: str, key: bytes, now: datetime) -> None:
        """Writes a key file; another one that was there is kept beside it."""
        path = self._file(name)
        if path.exists():
            if path.read_bytes() == key:
                return
            path.rename(path.with_name(f"{path.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%S}"))
        _write(path, key)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.key"


async def list_rows(tx: Transaction) -> list[dict[str, Any]]:
    """The rows that say of themselves that they are nodes: `CityKeys.known` says which are."""
    return await (await tx.execute("select * from node order by name")).fetchall()


async def remove_node(tx: Transaction, name: str) -> None:
    """Makes a node a stranger: no other node answers it from now on.

    Raises:
        NodeNotFoundError: There is none of this name.
    """
    row = await tx.execute("delete from node where name = %s returning name", [name])
    if await row.fetchone() is None:
        raise NodeNotFoundError(node=name)


async def _city(tx: Transaction) -> dict[str, Any] | None:
    return await (await tx.execute("select proof, others from city_key")).fetchone()


def _others_of(key: bytes, city: dict[str, Any]) -> dict[str, bytes]:
    told = msgspec.json.decode(Sealer(key).open(city["others"], _OTHERS), type=dict[str, str])
    return {name: bytes.fromhex(value) for name, value in told.items()}


def _secret_of(invite: str) -> bytes:
    try:
        secret = bytes.fromhex(invite.strip().removeprefix(INVITE_PREFIX))
    except ValueError as error:
        raise InviteInvalidError from error
    if len(secret) != 32 or not invite.strip().startswith(INVITE_PREFIX):
        raise InviteInvalidError
    return secret


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, b"warroom " + purpose).derive(key)


def _proof(key: bytes) -> bytes:
    """What tells the city's key from another, and tells nothing of it."""
    return hmac.digest(_derive(key, b"proof"), b"warroom city key", "sha256")


def _admission(key: bytes, name: str, certificate: bytes, box_key: bytes) -> bytes:
    """The code on a node's row: only who has the city's key can make it."""
    parts = (name.encode(), certificate, box_key)
    message = b"".join(len(part).to_bytes(4) + part for part in parts)
    return hmac.digest(_derive(key, b"admission"), message, "sha256")


def _write(path: Path, key: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
