"""Claims about the proof of deletion of footage, from the index of a disk to the city's record."""

import contextlib
from itertools import islice
from pathlib import Path

from tests.cameras.world import World
from tests.recording.test_disk import BEGIN_MS, MINUTE_MS, add, new_segment
from warroom.recording.index import Index
from warroom.recording.index_reader import IndexReader
from warroom.recording.removals import report_removals
from warroom.recording.shares import Doomed

NOW_MS = BEGIN_MS + 31 * 86_400_000


def oldest(index: Index, count: int) -> list[Doomed]:
    return list(islice(index.oldest_of(index.camera_uses()[0]), count))


def doom(index: Index, count: int, rule: str = "age", now_ms: int = NOW_MS) -> None:
    with index.transaction():
        index.doom(oldest(index, count), rule, now_ms)


def test_what_is_removed_is_summed_by_day_rule_class_and_camera(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, *(new_segment("c1", BEGIN_MS + n * MINUTE_MS, 100) for n in range(4)))
    doom(index, 2)
    doom(index, 1, now_ms=NOW_MS + 5000)
    doom(index, 1, "ring")

    reader = IndexReader(tmp_path)
    rows = sorted(reader.removals(0))

    assert [(row[0], row[3], row[4]) for row in rows] == [("age", 3, 300), ("ring", 1, 100)]
    age = rows[0]
    assert age[5] == BEGIN_MS
    assert age[6] == BEGIN_MS + 3 * MINUTE_MS
    assert age[7:] == (NOW_MS, NOW_MS + 5000)
    assert [row[0] for row in reader.removals(NOW_MS + 1)] == ["age"]
    reader.close()
    index.close()


def test_a_removal_that_is_rolled_back_proves_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS))
    with contextlib.suppress(KeyError), index.transaction():
        index.doom(oldest(index, 1), "age", NOW_MS)
        raise KeyError

    reader = IndexReader(tmp_path)
    assert reader.removals(0) == []
    reader.close()
    index.close()


def test_an_index_of_the_version_before_learns_to_sum(tmp_path: Path) -> None:
    index = Index(tmp_path)
    add(index, new_segment("c1", BEGIN_MS))
    index.db.executescript("drop table removal; pragma user_version = 2;")
    index.close()

    again = Index(tmp_path)
    doom(again, 1)

    assert again.db.execute("select segments from removal").fetchall() == [(1,)]
    again.close()


async def test_the_city_learns_whose_footage_went_and_each_sum_once(
    world: World, tmp_path: Path
) -> None:
    camera = await world.add(1)
    folder = tmp_path / "disk"
    index = Index(folder)
    add(index, *(new_segment(str(camera), BEGIN_MS + n * MINUTE_MS, 100) for n in range(5)))
    doom(index, 3)

    async def report() -> int:
        return await report_removals(world.db, world.system, "rec-1", [tmp_path / "gone", folder])

    await report()
    await report()
    doom(index, 2, now_ms=NOW_MS + 1000)
    await report()

    rows = await world.rows("select * from privacy_deletion")
    assert len(rows) == 1
    row = rows[0]
    assert (row["store"], row["class"], row["rule"]) == (
        "rec-1 disk 2",
        "footage.standard",
        "age",
    )
    assert (row["count"], row["bytes"]) == (5, 500)
    assert (row["agency_id"], row["thing_id"]) == (world.police, camera)
    index.close()
