"""A city is one folder: its settings, texts, cards and laws hold, and nothing of another city."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from warroom.dispatch.kpi import aims_of
from warroom.dispatch.runcards import built_in as run_cards
from warroom.identity.settings import CitySettings
from warroom.incidents.cards import built_in as question_cards
from warroom.incidents.settings import IncidentSettings
from warroom.kernel import profile
from warroom.kernel.i18n import COMPLETE, catalogue, language_in, spoken_language, text
from warroom.kernel.profile import Profile, ProfileError
from warroom.kernel.public_holidays import public_holidays
from warroom.kernel.settings import Configuration, SettingsError
from warroom.places.rules import fold, score

PARAMETER = re.compile(r"\{(\w+)")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = profile.current()
    yield
    profile.use(before)


def take(name: str, home: Path | None = None) -> Profile:
    found = profile.load(name, home)
    profile.use(found)
    return found


@pytest.mark.parametrize("name", profile.bundled())
def test_every_bundled_profile_can_be_run(name: str) -> None:
    city = take(name)
    configuration = Configuration({}, {})

    facts = configuration.section(CitySettings)
    leads = configuration.section(IncidentSettings).leads
    west, south, east, north = facts.bounds

    assert facts.name
    assert facts.zone
    assert west < facts.center[0] < east
    assert south < facts.center[1] < north
    assert {card.lead for card in question_cards()} <= leads.keys()
    assert {need.lead for card in run_cards() for need in card.needs} <= leads.keys()
    assert "city" in city.agency_kinds
    assert set(city.languages) - set(COMPLETE) <= {one for one in city.languages if city.texts(one)}


@pytest.mark.parametrize("name", profile.bundled())
def test_the_texts_of_a_profile_say_what_those_of_the_product_say(name: str) -> None:
    city = profile.load(name)
    profile.use(Profile())
    english = catalogue("en")

    for language in city.languages:
        for key, said in city.texts(language).items():
            assert key in english
            assert said.strip()
            assert set(PARAMETER.findall(english[key])) == set(PARAMETER.findall(said)), key


def test_a_third_language_is_one_file_and_what_it_lacks_is_english(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "profile.toml").write_text('languages = ["sv", "en"]\n')
    (tmp_path / "locales" / "sv.json").write_text(json.dumps({"page.map": "Karta"}))

    take(str(tmp_path))

    assert "Karta" == text("sv", "page.map")
    assert catalogue("en")["page.wall"] == text("sv", "page.wall")
    assert "Karta" == text("de", "page.map")
    assert "sv" == language_in("de")
    assert "en" == spoken_language("en")
    with pytest.raises(ValueError, match=r"^id$"):
        spoken_language("id")


def test_the_profile_lies_below_file_and_environment(tmp_path: Path) -> None:
    take("helsinki")
    environment = {"WARROOM_CITY_DIR": str(tmp_path), "WARROOM_CITY_ZONE_LABEL": "EET"}

    city = Configuration({"city": {"name": "Espoo"}}, environment).section(CitySettings)

    assert ("Espoo", "Europe/Helsinki", "EET") == (city.name, city.zone, city.zone_label)


def test_without_a_profile_nothing_names_a_city() -> None:
    profile.use(Profile())

    city = Configuration({}, {}).section(CitySettings)

    assert ("", "UTC", "") == (city.name, city.zone, city.zone_label)
    assert {} == Configuration({}, {}).section(IncidentSettings).leads


def test_cards_of_the_profile_stand_in_place_of_the_products(tmp_path: Path) -> None:
    whole = json.loads(
        (Path(profile.__file__).parents[1] / "incidents" / "cards.json").read_bytes()
    )
    own = whole[0] | {"code": "own_fire", "name": {"fi": "Tulipalo", "en": "Fire"}}
    (tmp_path / "cards.json").write_text(json.dumps([own]))

    take(str(tmp_path))

    assert ["own_fire"] == [card.code for card in question_cards()]
    assert "Tulipalo" == question_cards()[0].name["fi"]


@pytest.mark.parametrize("content", ["[", 'languages = "fi"', "[city]\nnam = 3", "[law]\nx = 1"])
def test_a_broken_profile_is_refused_with_what_is_wrong(tmp_path: Path, content: str) -> None:
    (tmp_path / "profile.toml").write_text(content)

    def read() -> None:
        take(str(tmp_path))
        Configuration({}, {}).section(CitySettings)

    with pytest.raises((ProfileError, SettingsError)) as refused:
        read()

    assert refused.value.params["problem"]


def test_a_profile_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ProfileError) as refused:
        profile.load("atlantis")

    assert "atlantis" == refused.value.params["profile"]


def test_the_setting_makes_a_profile_that_of_the_process(tmp_path: Path) -> None:
    Configuration.read({"WARROOM_PROFILE": "porto", "WARROOM_DATA_DIR": str(tmp_path)})

    assert "porto" == profile.current().name


def test_days_off_are_those_of_the_country_and_the_citys_own(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(
        'country = "FI"\n\n[holidays]\n2026-06-12 = "Helsinki Day"\n'
    )
    take(str(tmp_path))

    found = public_holidays(date(2026, 6, 1), date(2026, 12, 31))

    assert "Helsinki Day" == found[date(2026, 6, 12)]
    assert date(2026, 12, 6) in found
    profile.use(Profile())
    assert {} == public_holidays(date(2026, 6, 1), date(2026, 12, 31))


def test_what_the_law_asks_of_arrivals_is_the_citys() -> None:
    take("makassar")
    assert [(100, 900.0)] == [(aim.percent, aim.within_s) for aim in aims_of("response")]

    take("porto")
    assert () == aims_of("response")


def test_names_are_shortened_as_people_of_the_city_do() -> None:
    take("porto")
    assert score(fold("av aliados"), fold("Avenida dos Aliados")) > 0.8

    take("makassar")
    assert fold("rumah sakit umum") == fold("RS umum")


def test_a_logo_is_taken_with_its_type_unless_it_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    logo = take(str(tmp_path)).logo

    assert logo is not None
    assert "image/svg+xml" == logo[1]
    (tmp_path / "logo.svg").write_bytes(bytes(300 << 10))
    assert take(str(tmp_path)).logo is None
