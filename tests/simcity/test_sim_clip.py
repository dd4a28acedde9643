import json
from fractions import Fraction
from pathlib import Path

import pytest

from simcity.rtsp import clip as clips
from simcity.rtsp import testclip
from simcity.rtsp.ingest import ingest
from simcity.rtsp.library import Library
from simcity.rtsp.nal import Codec
from simcity.rtsp.variants import make_variant


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_clip_is_loaded_as_it_was_saved(codec: Codec, tmp_path: Path) -> None:
    clip = testclip.make_clip(codec, frames=20, gop=10, bframes=2)

    clips.save(clip, tmp_path / "a")
    loaded = clips.load(tmp_path / "a.json")

    assert (clip.units, clip.keys, clip.reorder) == (loaded.units, loaded.keys, loaded.reorder)
    assert (clip.fps, clip.width, clip.encoding) == (loaded.fps, loaded.width, loaded.encoding)


def test_truncated_clip_is_refused(tmp_path: Path) -> None:
    clips.save(testclip.make_clip(frames=20), tmp_path / "a")
    stream = tmp_path / "a.h264"
    stream.write_bytes(stream.read_bytes()[: stream.stat().st_size // 2])

    with pytest.raises(ValueError, match="pictures"):
        clips.load(tmp_path / "a.json")


def test_clip_must_begin_with_a_key_frame() -> None:
    clip = testclip.make_clip(frames=20, gop=10)

    with pytest.raises(ValueError, match="key frame"):
        clips.make(list(clip.units[1:]), "h264", width=320, height=180, fps=15)


def test_clip_must_have_parameter_sets() -> None:
    clip = testclip.make_clip(frames=2)
    pictures_only = [tuple(u for u in clip.units[0] if u[0] & 31 == 5)]

    with pytest.raises(ValueError, match="parameter sets"):
        clips.make(pictures_only, "h264", width=320, height=180, fps=15)


def test_ticks_of_odd_rates_do_not_drift() -> None:
    clip = testclip.make_clip(frames=2)
    ntsc = clips.make(list(clip.units), "h264", width=320, height=180, fps=Fraction(30000, 1001))

    assert 90_000 * 1001 == ntsc.ticks(30_000)


@pytest.mark.parametrize("kind", ["freeze", "dark"])
def test_faulty_pictures_keep_the_parameter_sets(kind: str) -> None:
    clip = testclip.make_clip(frames=30, gop=15)

    variant = make_variant(clip, kind, 20)

    assert clip.parameter_sets == variant.parameter_sets
    assert clip.fps == variant.fps


def test_sps_change_has_another_size() -> None:
    clip = testclip.make_clip(frames=30, gop=15)

    variant = make_variant(clip, "sps_change", 0)

    assert (160, 88) == (variant.width, variant.height)
    assert clip.parameter_sets[7] != variant.parameter_sets[7]


def test_only_picture_faults_have_pictures() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        make_variant(testclip.make_clip(frames=2), "offline", 0)


@pytest.fixture(scope="module")
def small() -> clips.Clip:
    return testclip.make_clip(frames=4, gop=2)


def library(folder: Path, small: clips.Clip, ready: list[str], coming: list[str]) -> Library:
    for name in ready:
        clips.save(small, folder / name)
    (folder / "clips.json").write_text(json.dumps({"names": coming}))
    found = Library(folder)
    found.refresh()
    return found


def test_camera_shows_a_ready_clip_until_its_own_is_ready(
    tmp_path: Path, small: clips.Clip
) -> None:
    found = library(tmp_path, small, ["day-a"], ["day-a", "day-b"])
    before = found.clips_for(1)[0]
    clips.save(small, tmp_path / "day-b")

    new = found.refresh()

    assert ["day-b"] == new
    assert before is found.clips_for(2)[0]
    assert before is not found.clips_for(1)[0]
    assert found.is_complete


def test_words_narrow_the_choice_and_unknown_ones_do_not(tmp_path: Path, small: clips.Clip) -> None:
    names = ["day-simpang-1", "day-jalan-2", "night-simpang-3"]
    found = library(tmp_path, small, names, names)

    assert ["day-simpang-1"] == found.names("day", "simpang")
    assert ["day-simpang-1", "day-jalan-2"] == found.names("day", "taman")


def test_sub_clip_goes_with_its_main_clip(tmp_path: Path, small: clips.Clip) -> None:
    found = library(tmp_path, small, ["a", "a-sub"], ["a"])

    main, sub = found.clips_for(5)

    assert sub is not None
    assert main is not sub


def test_broken_clip_is_passed_over_and_named(tmp_path: Path, small: clips.Clip) -> None:
    found = library(tmp_path, small, ["a", "b"], ["a", "b"])
    (tmp_path / "c.json").write_text("{")
    clips.save(small, tmp_path / "d")
    (tmp_path / "d.h264").write_bytes(b"")

    assert [] == found.refresh()
    assert {"c", "d"} == set(found.broken)


def test_folder_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert [] == Library(tmp_path / "later").refresh()


def test_empty_folder_has_no_clip(tmp_path: Path) -> None:
    found = Library(tmp_path)
    found.refresh()

    with pytest.raises(LookupError):
        found.clips_for(1)


def test_real_h264_is_taken_packet_for_packet(test_data: Path, tmp_path: Path) -> None:
    taken = ingest(test_data / "video" / "intel_car-detection.mp4", tmp_path)

    assert (768, 432, 377) == (taken.width, taken.height, len(taken))
    assert taken.encoding is None


def test_other_coding_is_encoded_once_and_kept(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "video" / "sobral_highway.avi"

    taken = ingest(source, tmp_path)
    again = ingest(source, tmp_path)

    assert ("h264", 320, 176, 374) == (taken.codec, taken.width, taken.height, len(taken))
    assert taken.units == again.units
    assert 1 == len(list(tmp_path.glob("*.json")))


def test_folder_of_videos_is_a_library(test_data: Path, tmp_path: Path) -> None:
    (tmp_path / "a.avi").symlink_to(test_data / "video" / "sobral_highway.avi")
    found = Library(tmp_path, tmp_path / "cache")

    found.refresh()

    assert "sobral_highway" != found.clips_for(1)[0].name
    assert 320 == found.clips_for(1)[0].width
