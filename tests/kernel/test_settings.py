"""Settings are typed, known by name, and hide what is secret."""

import os
from pathlib import Path
from typing import ClassVar

import pytest

from warroom.kernel.settings import (
    Configuration,
    NodeSettings,
    SettingsError,
    make_data_dir,
    make_run_dir,
    section,
    setting,
)


@section
class Sample:
    """A section."""

    SECTION: ClassVar[str] = "sample"

    keep_days: int = setting(30, "Days.")
    names: list[str] = setting([], "Names.")
    token: str = setting("", "A secret.", secret=True)


def test_defaults_hold_where_nothing_is_said() -> None:
    assert Configuration({}, {}).section(Sample) == Sample(keep_days=30, names=[], token="")


def test_the_environment_beats_the_file() -> None:
    configuration = Configuration(
        {"sample": {"keep_days": 7}},
        {"WARROOM_SAMPLE_KEEP_DAYS": "9", "WARROOM_SAMPLE_NAMES": '["a","b"]'},
    )

    assert configuration.section(Sample) == Sample(keep_days=9, names=["a", "b"])


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        ({"sample": {"keep_day": 7}}, {}),
        ({"sample": {"keep_days": "many"}}, {}),
        ({}, {"WARROOM_SAMPLE_KEEP_DAYS": "x"}),
        ({}, {"WARROOM_SAMPLE_NAMES": "[1"}),
    ],
)
def test_a_wrong_name_or_value_is_refused(file: dict, environment: dict) -> None:
    with pytest.raises(SettingsError):
        Configuration(file, environment).section(Sample)


@section
class Packed:
    """A section above a file of the city pack."""

    SECTION: ClassVar[str] = "packed"
    PACK: ClassVar[str] = "city.json"

    name: str = setting("Makassar", "Name.")
    zone: str = setting("Asia/Makassar", "Zone.")
    bounds: list[float] = setting([1.0, 2.0], "Box.")


def test_the_city_pack_says_what_nobody_set(tmp_path: Path) -> None:
    (tmp_path / "city.json").write_text('{"name": "Porto", "zone": "Europe/Lisbon", "more": 1}')
    environment = {"WARROOM_CITY_DIR": str(tmp_path), "WARROOM_PACKED_ZONE": "Asia/Jakarta"}

    assert Configuration({"packed": {"bounds": [3.0]}}, environment).section(Packed) == Packed(
        name="Porto", zone="Asia/Jakarta", bounds=[3.0]
    )


@pytest.mark.parametrize("content", ["", "[1]", '{"name": 5}', '{"bounds": "wide"}', "\udcff"])
def test_a_broken_pack_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "city.json").write_text(content, errors="surrogateescape")

    packed = Configuration({}, {"WARROOM_CITY_DIR": str(tmp_path)}).section(Packed)

    assert packed == Packed(name="Makassar", zone="Asia/Makassar", bounds=[1.0, 2.0])


def test_secrets_are_not_shown() -> None:
    configuration = Configuration({"sample": {"token": "hush"}}, {})

    shown = configuration.shown([Sample, NodeSettings])

    assert shown["sample"] == {"keep_days": 30, "names": [], "token": "***"}
    assert "hush" not in str(shown)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="settings"):
        Configuration.read({"WARROOM_CONFIG": str(tmp_path / "none.toml")})


def test_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text("[warroom]\nport = 9000\n")

    configuration = Configuration.read({"WARROOM_CONFIG": str(tmp_path / "w.toml")})

    assert configuration.section(NodeSettings).port == 9000


def test_socket_folders_stay_short_and_private(tmp_path: Path) -> None:
    deep = Configuration({"warroom": {"data_dir": f"{tmp_path}/{'x' * 90}"}}, {})

    run = deep.section(NodeSettings).run

    assert len(str(run)) < 70
    assert make_run_dir(tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "real")

    with pytest.raises(SettingsError):
        make_run_dir(tmp_path / "run")


def test_a_data_folder_that_others_could_read_is_closed_with_all_in_it(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    outside.mkdir()
    outside.chmod(0o755)
    (data / "blobs").mkdir(parents=True)
    (data / "calls.lock").touch()
    (data / "link").symlink_to(outside)
    for path in (data, data / "blobs"):
        path.chmod(0o755)
    before = os.umask(0o022)
    try:
        make_data_dir(data)
        (data / "later").mkdir()
        (data / "later" / "file").touch()
        modes = {path.name: path.lstat().st_mode & 0o077 for path in (data, *data.rglob("*"))}
        make_data_dir(data, lets_through=True)
    finally:
        os.umask(before)

    assert {0} == {mode for name, mode in modes.items() if name != "link"}
    assert 0o755 == outside.stat().st_mode & 0o777
    assert 0o700 == data.stat().st_mode & 0o777, "what is closed is not opened again"
