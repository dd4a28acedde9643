"""Secrets stay sealed, blobs stay what their name says, logs stay clean, texts stay whole."""

import hashlib
from pathlib import Path

import pytest

from warroom.kernel.blobs import BlobDamagedError, Blobs, SealPlain
from warroom.kernel.errors import NotFoundError
from warroom.kernel.i18n import catalogue, text
from warroom.kernel.log import hide_secrets
from warroom.kernel.sealed_files import PIECE_BYTES, FileSealer, cut, size_of
from warroom.kernel.secrets import SealBrokenError, Sealer


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.at(tmp_path / "keys" / "seal.key")


def test_a_secret_comes_back_only_for_the_thing_it_belongs_to(sealer: Sealer) -> None:
    sealed = sealer.seal(b"hunter2", b"stream 1")

    assert sealer.open(sealed, b"stream 1") == b"hunter2"
    assert b"hunter2" not in sealed
    with pytest.raises(SealBrokenError):
        sealer.open(sealed, b"stream 2")


@pytest.mark.parametrize("damage", [b"", b"\x02", b"\x01short"])
def test_a_damaged_seal_is_said_so(sealer: Sealer, damage: bytes) -> None:
    with pytest.raises(SealBrokenError):
        sealer.open(damage, b"")


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "k" / "seal.key"
    sealed = Sealer.at(path).seal(b"x", b"")

    assert Sealer.at(path).open(sealed, b"") == b"x"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_blob_is_stored_once_under_its_digest(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, FileSealer(bytes(32)))

    blob, again = blobs.put(b"evidence"), blobs.put(b"evidence")

    assert blob == again
    assert blobs.get(blob.digest) == b"evidence"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_changed_blob_is_found_out(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, FileSealer(bytes(32)))
    blob = blobs.put(b"evidence")
    (tmp_path / blob.digest[:2] / blob.digest).write_bytes(b"other")

    with pytest.raises(BlobDamagedError):
        blobs.get(blob.digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 64, "g" * 64])
def test_a_name_that_is_no_stored_digest_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        Blobs(tmp_path, FileSealer(bytes(32))).get(name)


def test_both_languages_have_the_same_texts() -> None:
    assert catalogue("id").keys() == catalogue("en").keys()


def test_a_text_with_a_missing_parameter_still_reads() -> None:
    assert "{limit_bytes}" in text("en", "error.too_large")
    assert "77" in text("id", "error.too_large", limit_bytes=77)
    assert text("en", "no.such.key") == "no.such.key"


def test_logins_never_reach_a_log() -> None:
    line = hide_secrets(None, "", {"url": "rtsp://admin:p@10.0.0.1/x", "api_token": "t", "n": 1})

    assert line == {"url": "rtsp://***@10.0.0.1/x", "api_token": "***", "n": 1}


SEALER = FileSealer(bytes(range(32)))
SIZES = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES]


@pytest.mark.parametrize("size", SIZES)
def test_a_sealed_file_opens_to_what_it_was_and_shows_nothing_of_it(
    tmp_path: Path, size: int
) -> None:
    content = (b"a letter of somebody " * (size // 20 + 1))[:size]
    path = tmp_path / "file"
    path.write_bytes(content)

    assert SEALER.seal(path, b"it")
    assert not SEALER.seal(path, b"it")

    assert content == b"".join(SEALER.read(path, b"it"))
    assert size == size_of(path)
    assert b"letter" not in path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_a_sealed_file_that_was_cut_changed_or_moved_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    SEALER.write(path, cut(bytes(3 * PIECE_BYTES)), b"it")
    whole, piece = path.read_bytes(), PIECE_BYTES + 16
    first, second, third = (whole[20 + n * piece : 20 + (n + 1) * piece] for n in range(3))
    head = whole[:20]
    changed = (
        head, head + first + second, head + first + third, head + second + first + third,
        head + first + second + third + third, whole[:-1], whole + b"x",
        whole[:5] + bytes((whole[5] ^ 1,)) + whole[6:], whole[:-20] + bytes((whole[-20] ^ 1,)) +
        whole[-19:],
    )  # fmt: skip
    for content in changed:
        path.write_bytes(content)
        with pytest.raises(SealBrokenError):
            list(SEALER.read(path, b"it"))
    path.write_bytes(whole)
    for sealer, context in ((SEALER, b"other"), (FileSealer(bytes(32)), b"it")):
        with pytest.raises(SealBrokenError):
            list(sealer.read(path, context))


def test_blobs_lie_encrypted_and_plain_ones_of_before_are_read_and_sealed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs", SEALER)
    blob = blobs.put(b"a letter of somebody")
    path = tmp_path / "blobs" / blob.digest[:2] / blob.digest
    assert b"letter" not in path.read_bytes()
    path.write_bytes(b"a letter of somebody")

    assert blobs.get(blob.digest) == b"a letter of somebody"
    assert blobs.seal(blob.digest)

    assert b"letter" not in path.read_bytes()
    assert blobs.get(blob.digest) == b"a letter of somebody"


async def test_a_process_seals_what_an_older_version_left_plain(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"a letter").hexdigest()
    path = tmp_path / digest[:2] / digest
    path.parent.mkdir()
    path.write_bytes(b"a letter")
    blobs = Blobs(tmp_path, SEALER)
    part = SealPlain(blobs)

    await part._run()

    assert b"letter" not in path.read_bytes()
    assert b"a letter" == blobs.get(digest)


def test_a_derived_key_is_of_its_purpose_alone() -> None:
    one, other = Sealer(bytes(32)), Sealer(bytes(range(32)))

    assert one.derive(b"a") == Sealer(bytes(32)).derive(b"a")
    assert 4 == len({one.derive(b"a"), one.derive(b"b"), other.derive(b"a"), bytes(32)})
