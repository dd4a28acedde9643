"""Copies of the heads go to a file, collectors and authorities; one fails, others go on."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.audit.authority import Authority
from tests.audit.outcomes import faults
from tests.scopes import EVERYTHING
from warroom.audit import api
from warroom.kernel.clock import FixedClock, SystemClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id


async def write(db: Database, count: int = 3) -> None:
    for _ in range(count):
        async with db.transaction(EVERYTHING) as tx:
            await api.record(
                EVERYTHING, tx, action="a:b", object_kind="k", object_id=new_id(), agency_id=None
            )


async def states(db: Database) -> dict[str, api.AnchorState]:
    async with db.transaction(EVERYTHING) as tx:
        return {state.kind: state for state in await api.list_anchor_states(EVERYTHING, tx)}


async def rename(db: Database, target: str) -> None:
    """As if the collector at the address had been this one all along."""
    async with db.transaction(EVERYTHING) as tx:
        await tx.execute("update audit_anchor set target = %s where kind = 'syslog'", [target])


@pytest.fixture
def authority() -> Iterator[Authority]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the tokens of the test")
    made = Authority()
    try:
        yield made
    finally:
        made.close()


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A log collector that speaks TCP, and what it got."""
    got: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", got
    finally:
        server.close()
        await server.wait_closed()


async def test_a_collector_gets_each_line_once_with_its_length_before_it(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    async with collector() as (url, got):
        anchors = api.open_anchoring(tmp_path, api.AuditSettings(syslog=[url]))
        for _ in range(2):
            await write(db)
            await api.anchor(EVERYTHING, db, anchors, clock)
        await api.anchor(EVERYTHING, db, anchors, clock)

    lines = anchors.file.read().content
    assert len(got) == len(lines) == 2
    for sent, line in zip(got, lines, strict=True):
        length, _, message = sent.partition(b" ")
        assert len(message) == int(length)
        assert message.startswith(b"<109>1 2026-11-24T06:00:00.000000Z ")
        assert message.endswith(b" warroom - anchor - " + line)


async def test_a_collector_that_was_away_gets_what_it_missed(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    async with collector() as (url, got):
        there = api.open_anchoring(tmp_path, api.AuditSettings(syslog=[url]))
        away = replace(there, settings=api.AuditSettings(syslog=["tcp://127.0.0.1:1"]))
        await write(db)
        await api.anchor(EVERYTHING, db, there, clock)
        renamed = (
            "update audit_anchor set target = 'syslog:tcp://127.0.0.1:1' where kind = 'syslog'"
        )
        async with db.transaction(EVERYTHING) as tx:
            await tx.execute(renamed)  # type: ignore[arg-type]
        for _ in range(2):
            await write(db)
            await api.anchor(EVERYTHING, db, away, clock)
        failing = (await states(db))["syslog"]
        await rename(db, f"syslog:{url}")
        await api.anchor(EVERYTHING, db, there, clock)

    assert (failing.problem, failing.line, failing.failing_since) == ("unreachable", 1, clock.now())
    assert [line for line in there.file.read().content if line in got[1]] == list(
        there.file.read().content[1:]
    )
    assert (await states(db))["syslog"].failing_since is None


async def test_a_datagram_carries_a_line(db: Database, clock: FixedClock, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        url = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
        anchors = api.open_anchoring(tmp_path, api.AuditSettings(syslog=[url]))
        await write(db)

        await api.anchor(EVERYTHING, db, anchors, clock)
        message = receiver.recv(8192)

    assert message.endswith(anchors.file.read().content[0])


async def test_an_authority_signs_the_newest_line_and_the_walk_checks_it(
    db: Database, clock: FixedClock, tmp_path: Path, authority: Authority
) -> None:
    settings = api.AuditSettings(tsa=[authority.url], tsa_ca=str(authority.roots), tsa_every_s=60)
    anchors = api.open_anchoring(tmp_path, settings)
    await write(db)
    await api.anchor(EVERYTHING, db, anchors, clock)
    await write(db)
    await api.anchor(EVERYTHING, db, anchors, clock)
    clock.advance(61)
    await api.anchor(EVERYTHING, db, anchors, clock)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert authority.asked == 2
    assert sorted(path.name.partition(".")[0] for path in anchors.stamps.folder.iterdir()) == [
        "1",
        "2",
    ]
    assert (outcome.findings, outcome.stamps, outcome.unjudged) == ((), 2, 0)
    assert outcome.stamped_at is not None
    untrusting = api.open_anchoring(tmp_path, api.AuditSettings())
    assert (await api.verify(EVERYTHING, db, untrusting, clock)).unjudged == 2


async def test_a_token_of_another_line_or_another_authority_is_named(
    db: Database, clock: FixedClock, tmp_path: Path, authority: Authority
) -> None:
    settings = api.AuditSettings(tsa=[authority.url], tsa_ca=str(authority.roots))
    anchors = api.open_anchoring(tmp_path, settings)
    await write(db)
    await api.anchor(EVERYTHING, db, anchors, clock)
    (token,) = anchors.stamps.folder.iterdir()
    await write(db)
    await api.anchor(EVERYTHING, db, anchors, clock)
    token.rename(token.with_name("2" + token.name[1:]))
    stranger = Authority()
    try:
        anchors_of_stranger = api.open_anchoring(
            tmp_path, replace(settings, tsa_ca=str(stranger.roots))
        )
    finally:
        stranger.close()

    moved = await api.verify(EVERYTHING, db, anchors, clock)
    distrusted = await api.verify(EVERYTHING, db, anchors_of_stranger, clock)

    assert faults(moved) == faults(distrusted) == [("timestamp", -1, 2)]


@pytest.mark.parametrize("problem", ["bad_token", "no_roots", "unreachable"])
async def test_a_place_that_fails_stops_neither_the_others_nor_the_writers(
    db: Database, clock: FixedClock, tmp_path: Path, authority: Authority, problem: str
) -> None:
    authority.refuses = problem == "bad_token"
    url = "http://127.0.0.1:1/" if problem == "unreachable" else authority.url
    roots = "" if problem == "no_roots" else str(authority.roots)
    async with collector() as (collects, got):
        anchors = api.open_anchoring(
            tmp_path, api.AuditSettings(syslog=[collects], tsa=[url], tsa_ca=roots)
        )
        await write(db)
        await api.anchor(EVERYTHING, db, anchors, clock)
        await write(db)

    found = await states(db)
    assert found["tsa"].problem == problem
    assert found["tsa"].failing_since == clock.now()
    assert (found["file"].problem, found["syslog"].problem, len(got)) == (None, None, 1)
    assert list(tmp_path.glob("anchor/tokens/*")) == []


async def test_where_the_file_cannot_be_written_the_heads_still_reach_the_collector(
    db: Database, clock: FixedClock, tmp_path: Path, tamper: Callable[[str], None]
) -> None:
    (tmp_path / "anchor").write_text("in the way")
    async with collector() as (url, got):
        anchors = api.open_anchoring(tmp_path, api.AuditSettings(syslog=[url]))
        await write(db)
        await api.anchor(EVERYTHING, db, anchors, clock)
    found = await states(db)
    tamper("truncate audit_entry; update audit_head set seq = 0")

    (tmp_path / "anchor").unlink()
    outcome = await api.verify(EVERYTHING, db, anchors, clock, copies=got)

    assert (found["file"].problem, found["syslog"].problem) == ("not_written", None)
    assert "cut" in {fault for fault, _, _ in faults(outcome)}


async def test_a_place_that_is_set_no_more_is_forgotten(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    for syslog in (["udp://127.0.0.1:9"], []):
        await api.anchor(
            EVERYTHING, db, api.open_anchoring(tmp_path, api.AuditSettings(syslog=syslog)), clock
        )

    assert set(await states(db)) == {"file"}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("tcp://127.0.0.1:1", "unreachable"),
        ("mail://x", "bad_address"),
        ("tls://a:b", "bad_address"),
    ],
)
async def test_what_is_wrong_with_a_collector_is_told_without_its_password(
    db: Database, clock: FixedClock, tmp_path: Path, url: str, problem: str
) -> None:
    secret = url.replace("://", "://user:secret@", 1)
    anchors = api.open_anchoring(tmp_path, api.AuditSettings(syslog=[secret]))
    await write(db)

    await api.anchor(EVERYTHING, db, anchors, clock)

    found = (await states(db))["syslog"]
    assert (found.problem, "secret" in found.target) == (problem, False)


@asynccontextmanager
async def tls_collector(folder: Path, name: str) -> AsyncIterator[tuple[str, Path, list[bytes]]]:
    """A log collector that speaks TLS with a certificate for `name`, and the CA that signed it."""
    authority, key = certificate("Log CA", None)
    own, own_key = certificate(name, (authority, key))
    roots, chain = folder / f"{name}-ca.pem", folder / f"{name}.pem"
    roots.write_bytes(authority.public_bytes(Encoding.PEM))
    chain.write_bytes(
        own_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + own.public_bytes(Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    got: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while length := await reader.readuntil(b" "):
                got.append(await reader.readexactly(int(length)))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    try:
        yield f"tls://127.0.0.1:{server.sockets[0].getsockname()[1]}", roots, got
    finally:
        server.close()
        await server.wait_closed()


def certificate(
    name: str, signer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    issuer, by = (subject, key) if signer is None else (signer[0].subject, signer[1])
    of_issuer = x509.SubjectKeyIdentifier.from_public_key(by.public_key())
    draft = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(signer is None, None), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_issuer),
            critical=False,
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=signer is None,
                crl_sign=signer is None, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if signer is not None:
        with suppress(ValueError):
            address = x509.IPAddress(ip_address(name))
            draft = draft.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return draft.sign(by, hashes.SHA256()), key


async def test_a_collector_over_tls_gets_the_lines(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    async with tls_collector(tmp_path, "127.0.0.1") as (url, roots, got):
        settings = api.AuditSettings(syslog=[url], syslog_ca=str(roots))
        anchors = api.open_anchoring(tmp_path, settings)
        for _ in range(2):
            await write(db)
            await api.anchor(EVERYTHING, db, anchors, clock)

    lines = anchors.file.read().content
    assert [message.partition(b" warroom - anchor - ")[2] for message in got] == list(lines)
    assert (await states(db))["syslog"].problem is None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("authority", "not_trusted"),
        ("name", "not_trusted"),
        ("content", "bad_roots"),
        ("path", "bad_roots"),
    ],
)
async def test_a_collector_over_tls_that_is_not_the_one_gets_nothing(
    db: Database, clock: FixedClock, tmp_path: Path, wrong: str, problem: str
) -> None:
    name = "127.0.0.2" if wrong == "name" else "127.0.0.1"
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(certificate("Other CA", None)[0].public_bytes(Encoding.PEM))
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    async with tls_collector(tmp_path, name) as (url, roots, got):
        trusted = {
            "authority": stranger,
            "name": roots,
            "content": broken,
            "path": tmp_path / "missing.pem",
        }[wrong]
        settings = api.AuditSettings(syslog=[url], syslog_ca=str(trusted))
        anchors = api.open_anchoring(tmp_path, settings)
        await write(db)
        await api.anchor(EVERYTHING, db, anchors, clock)

    assert got == []
    assert (await states(db))["syslog"].problem == problem
    assert anchors.file.read().lines == 1
