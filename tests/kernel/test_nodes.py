"""Nodes of a city share its keys through a database that opens nothing by itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.scopes import EVERYTHING
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.nodes import (
    CITY_KEY,
    SHARED_KEYS,
    CityKeys,
    InviteInvalidError,
    NodeNameTakenError,
    NotJoinedError,
    list_rows,
    remove_node,
)
from warroom.kernel.secrets import Sealer, key_at

HOUR = timedelta(hours=1)

type MakeNode = Callable[[str], CityKeys]


@pytest.fixture
def make_node(tmp_path: Path) -> MakeNode:
    return lambda name: CityKeys(tmp_path / name, name, f"{name}:8113")


def files_of(node: CityKeys) -> dict[str, bytes]:
    names = (CITY_KEY, *SHARED_KEYS)
    return {name: (node.folder / f"{name}.key").read_bytes() for name in names}


async def ensure(db: Database, node: CityKeys, clock: FixedClock) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await node.ensure(tx, clock.now())


async def invite(db: Database, node: CityKeys, clock: FixedClock) -> str:
    async with db.transaction(EVERYTHING) as tx:
        return await node.invite(tx, clock.now(), HOUR)


async def join(db: Database, node: CityKeys, clock: FixedClock, secret: str) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await node.join(tx, clock.now(), secret)


async def known(db: Database, node: CityKeys) -> list[str]:
    async with db.transaction(EVERYTHING) as tx:
        return [item.name for item in await node.list_known(tx)]


async def test_a_node_that_joined_opens_what_another_sealed(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    first, second = make_node("rec-1"), make_node("rec-2")
    secret = await invite(db, first, clock)

    await join(db, second, clock, secret)

    sealed = Sealer.at(first.folder / "seal.key").seal(b"camera password", b"stream")
    assert b"camera password" == Sealer.at(second.folder / "seal.key").open(sealed, b"stream")
    assert files_of(first) == files_of(second)
    assert ["rec-1", "rec-2"] == await known(db, first) == await known(db, second)


async def test_an_installation_with_keys_of_its_own_keeps_them(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    node = make_node("rec-1")
    before = {name: key_at(node.folder / f"{name}.key") for name in (CITY_KEY, *SHARED_KEYS)}

    await ensure(db, node, clock)
    await ensure(db, node, clock)

    assert before == files_of(node)
    assert ["rec-1"] == await known(db, node)


@pytest.mark.parametrize("has_own_key", [False, True])
async def test_a_second_node_does_not_begin_with_keys_of_its_own(
    db: Database, make_node: MakeNode, clock: FixedClock, has_own_key: bool
) -> None:
    await ensure(db, make_node("rec-1"), clock)
    stranger = make_node("rec-2")
    if has_own_key:
        key_at(stranger.folder / "seal.key")

    with pytest.raises(NotJoinedError):
        await ensure(db, stranger, clock)

    assert ["rec-1"] == await known(db, make_node("rec-1"))


async def test_a_recorder_with_other_keys_claims_nothing(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    await ensure(db, make_node("rec-1"), clock)
    other = make_node("rec-2")
    key_at(other.folder / "seal.key")

    with pytest.raises(NotJoinedError):
        async with db.transaction(EVERYTHING) as tx:
            await other.confirm(tx)


async def test_an_invitation_is_used_once(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    secret = await invite(db, make_node("rec-1"), clock)
    await join(db, make_node("rec-2"), clock, secret)

    with pytest.raises(InviteInvalidError):
        await join(db, make_node("rec-3"), clock, secret)


async def test_an_invitation_ends(db: Database, make_node: MakeNode, clock: FixedClock) -> None:
    secret = await invite(db, make_node("rec-1"), clock)
    clock.advance(3601)

    with pytest.raises(InviteInvalidError):
        await join(db, make_node("rec-2"), clock, secret)


@pytest.mark.parametrize("secret", ["", "wrjoin_", "wrjoin_xyz", "wrjoin_" + "0" * 64, "0" * 64])
async def test_a_made_up_invitation_opens_nothing(
    db: Database, make_node: MakeNode, clock: FixedClock, secret: str
) -> None:
    await invite(db, make_node("rec-1"), clock)

    with pytest.raises(InviteInvalidError):
        await join(db, make_node("rec-2"), clock, secret)


async def test_keys_of_before_are_kept_beside(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    secret = await invite(db, make_node("rec-1"), clock)
    second = make_node("rec-2")
    own = key_at(second.folder / "seal.key")

    await join(db, second, clock, secret)

    assert [own] == [path.read_bytes() for path in second.folder.glob("seal.key.before-*")]


async def test_a_copy_of_the_key_file_makes_a_node(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    first, second = make_node("rec-1"), make_node("rec-2")
    await ensure(db, first, clock)
    second.folder.mkdir(parents=True)
    (second.folder / "seal.key").write_bytes((first.folder / "seal.key").read_bytes())

    await ensure(db, second, clock)

    assert files_of(first) == files_of(second)


async def test_a_node_that_lost_the_citys_key_has_it_from_the_database(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    node = make_node("rec-1")
    await ensure(db, node, clock)
    before = files_of(node)
    (node.folder / "seal.key").unlink()

    await ensure(db, node, clock)

    assert before == files_of(node)


async def test_the_database_alone_holds_no_key(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    node = make_node("rec-1")
    secret = await invite(db, node, clock)

    async with db.transaction(EVERYTHING) as tx:
        rows = [
            row
            for table in ("city_key", "node", "node_invite")
            for row in await (await tx.execute(f"select * from {table}")).fetchall()
        ]

    held = b"".join(bytes(v) for row in rows for v in row.values() if isinstance(v, bytes))
    secrets = [*files_of(node).values(), bytes.fromhex(secret.removeprefix("wrjoin_"))]
    secrets.append((node.folder / "node.key").read_bytes())
    assert [] == [key for key in secrets if key in held or key.hex().encode() in held]


async def test_who_only_writes_to_the_database_makes_no_node(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    node, stranger = make_node("rec-1"), make_node("rec-9")
    await ensure(db, node, clock)
    identity = stranger.identity()

    async with db.transaction(EVERYTHING) as tx:
        genuine = (await list_rows(tx))[0]
        forged = genuine | {
            "name": "rec-9",
            "certificate": identity.make_certificate(clock.now()),
            "box_key": identity.box_key,
        }

    assert ["rec-1"] == [item.name for item in node.known([genuine, forged])]


async def test_the_name_of_another_node_is_not_taken(
    db: Database, make_node: MakeNode, clock: FixedClock, tmp_path: Path
) -> None:
    secret = await invite(db, make_node("rec-1"), clock)
    namesake = CityKeys(tmp_path / "other", "rec-1")

    with pytest.raises(NodeNameTakenError):
        await join(db, namesake, clock, secret)

    await join(db, make_node("rec-2"), clock, secret)


async def test_a_node_that_was_removed_is_a_stranger(
    db: Database, make_node: MakeNode, clock: FixedClock
) -> None:
    first = make_node("rec-1")
    await join(db, make_node("rec-2"), clock, await invite(db, first, clock))

    async with db.transaction(EVERYTHING) as tx:
        await remove_node(tx, "rec-2")

    assert ["rec-1"] == await known(db, first)
