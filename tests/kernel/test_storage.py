"""Secrets stay sealed, blobs stay what their name says, logs stay clean, texts stay whole."""

from pathlib import Path

import pytest

from warroom.kernel.blobs import BlobDamagedError, Blobs
from warroom.kernel.errors import NotFoundError
from warroom.kernel.i18n import catalogue, text
from warroom.kernel.log import hide_secrets
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
    blobs = Blobs(tmp_path)

    blob, again = blobs.put(b"evidence"), blobs.put(b"evidence")

    assert blob == again
    assert blobs.get(blob.digest) == b"evidence"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_changed_blob_is_found_out(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = blobs.put(b"evidence")
    (tmp_path / blob.digest[:2] / blob.digest).write_bytes(b"other")

    with pytest.raises(BlobDamagedError):
        blobs.get(blob.digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 64, "g" * 64])
def test_a_name_that_is_no_stored_digest_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        Blobs(tmp_path).get(name)


def test_both_languages_have_the_same_texts() -> None:
    assert catalogue("id").keys() == catalogue("en").keys()


def test_a_text_with_a_missing_parameter_still_reads() -> None:
    assert "{limit_bytes}" in text("en", "error.too_large")
    assert "77" in text("id", "error.too_large", limit_bytes=77)
    assert text("en", "no.such.key") == "no.such.key"


def test_logins_never_reach_a_log() -> None:
    line = hide_secrets(None, "", {"url": "rtsp://admin:p@10.0.0.1/x", "api_token": "t", "n": 1})

    assert line == {"url": "rtsp://***@10.0.0.1/x", "api_token": "***", "n": 1}
