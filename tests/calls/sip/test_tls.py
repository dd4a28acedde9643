"""Claims about TLS: a trunk is who its certificate says, on both ways."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.calls.sip.lines import request
from warroom.calls.edge.trunks import Trunks
from warroom.calls.settings import Trunk
from warroom.calls.sip.transport import Flow, Identity, Transports
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer

HOST = "127.0.0.1"
NOW = SystemClock().now()


class Authority:
    """Vouches for names."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name = (
            folder,
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        )
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name}.pem"
        made = self._sign(self._name, self._key, [], is_authority=True)
        self.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, names, *, is_authority=False):  # type: ignore[no-untyped-def]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1))
            .not_valid_after(NOW + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if is_authority:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            built = built.add_extension(usage, critical=True)
        if names:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=True)
        return built.sign(self._key, hashes.SHA256())

    def identity(self, name: str, *names: x509.GeneralName, trusts: Path | None = None) -> Identity:
        """Files of somebody for whom it vouches."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(x509.Name([]), key, names or [x509.DNSName(name)])
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        return Identity(str(trusts or self.path), str(path))


async def listening(ours: Identity, trunk: Trunk) -> tuple[Transports, list[Flow]]:
    flows: list[Flow] = []
    gate = Trunks([trunk], Sealer(bytes(32))).gate()
    transports = Transports(lambda _, flow: flows.append(flow), gate)
    await transports.listen(HOST, 0, 0, ours.server_context(asks=True))
    return transports, flows


@pytest.mark.parametrize(
    ("name", "addresses", "is_heard"),
    [
        ("sbc.example", [], True),
        ("sbc.example", ["127.0.0.0/8"], True),
        ("else.example", [], False),
        ("else.example", ["127.0.0.0/8"], False),
    ],
)
async def test_a_trunk_is_known_by_the_name_in_its_certificate(
    tmp_path: Path, name: str, addresses: list[str], is_heard: bool
) -> None:
    authority = Authority(tmp_path)
    trunk = Trunk(name="t", addresses=addresses, certificate_names=["SBC.example"])
    transports, flows = await listening(authority.identity("us.example"), trunk)
    theirs = ssl.create_default_context(cafile=str(authority.path))
    theirs.load_cert_chain(authority.identity(name).certificate)

    reader, writer = await asyncio.open_connection(
        HOST, transports.ports["TLS"], ssl=theirs, server_hostname="us.example"
    )
    writer.write(request("OPTIONS").encode() + b"\r\n\r\n")
    heard = await reader.read(2)

    assert (b"\r\n" if is_heard else b"") == heard
    assert ([["sbc.example"]] if is_heard else []) == [list(flow.names) for flow in flows]
    writer.close()
    await transports.close()


async def test_a_certificate_that_nobody_vouches_for_opens_nothing(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    trunk = Trunk(name="t", certificate_names=["sbc.example"])
    transports, flows = await listening(authority.identity("us.example"), trunk)
    forged = ssl.create_default_context(cafile=str(authority.path))
    forged.load_cert_chain(other.identity("sbc.example").certificate)

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(
            HOST, transports.ports["TLS"], ssl=forged, server_hostname="us.example"
        )
        try:
            writer.write(request("OPTIONS").encode() + b"\r\n\r\n")
            await reader.readexactly(2)
        finally:
            writer.close()

    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await ask()

    assert [] == flows
    await transports.close()


def test_a_trunk_with_a_certificate_is_not_believed_by_its_address() -> None:
    trunks = Trunks(
        [Trunk(name="t", addresses=["10.0.0.0/8"], certificate_names=["sbc.example"])],
        Sealer(bytes(32)),
    )

    assert not trunks.of("10.0.0.1")
    assert not trunks.of("192.0.2.1", ["sbc.example"])
    assert trunks.of("10.0.0.1", ["sbc.example"])
    assert not trunks.gate().networks.knows("10.0.0.1")


async def test_our_call_ends_where_the_certificate_is_another(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    address = x509.IPAddress(ipaddress.ip_address(HOST))
    domain = x509.UniformResourceIdentifier("sip:operator.example")
    theirs = authority.identity("sbc.example", address, domain)
    far = Transports(lambda *_: None)
    await far.listen(HOST, 0, 0, theirs.server_context(asks=True))
    near = Transports(lambda *_: None)
    near.identity = authority.identity("us.example")
    peer = (HOST, far.ports["TLS"])

    with pytest.raises(ssl.SSLCertVerificationError):
        await near.flow("TLS", peer, ["else.example"])
    by_name = await near.flow("TLS", peer, ["operator.example"])
    await near.close()
    by_host = await near.flow("TLS", peer)
    stranger = Transports(lambda *_: None)
    with pytest.raises(ssl.SSLCertVerificationError):
        await stranger.flow("TLS", peer)

    assert ["operator.example"] == list(by_name.names)
    assert by_host.transport == "TLS"
    for one in (near, far, stranger):
        await one.close()
