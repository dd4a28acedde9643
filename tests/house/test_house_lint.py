"""The house lint finds each violation that is planted, and leaves good code alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import house_lint

GOOD = {
    "src/warroom/cameras/__init__.py": '"""Cameras: what they are."""\n',
    "src/warroom/cameras/store.py": (
        "async def find_camera(scope, tx, camera_id):\n    ...\n\n\n"
        "# unscoped: the recorder of a disk asks for its own cameras\n"
        "async def list_assigned(tx, node):\n    ...\n\n\n"
        "def _row(row):\n    ...\n"
    ),
    "src/warroom/cameras/errors.py": 'class AwayError(Exception):\n    code = "cameras.away"\n',
    "src/warroom/kernel/__init__.py": '"""The ground."""\n',
    "src/warroom/identity/__init__.py": '"""People."""\n',
    "src/warroom/identity/rules.py": (
        "from warroom.kernel.scope import Scope\n\n\ndef scope():\n    return Scope(rules=(1,))\n"
    ),
    "tests/cameras/test_cameras.py": "",
    "tests/identity/test_identity.py": "",
    "docs/cameras.md": "[identity](identity.md)\n",
    "docs/identity.md": "# Identity\n",
    "docs/decisions/0001-one-tree.md": (
        "# 1\n## Context\n## Decision\n## Consequences\n## Alternatives\n## References\n"
    ),
    "docs/glossary.md": "| term | meaning | standard | Indonesian |\n|---|---|---|---|\n",
    "changelog.d/first.added.md": "Cameras.\n",
    "src/warroom/locales/id.json": json.dumps({"error.cameras.away": "Kamera {name} mati."}),
    "src/warroom/locales/en.json": json.dumps({"error.cameras.away": "Camera {name} is off."}),
    "web/src/page.svelte": "{t('error.cameras.away')}{t(`state.${word}`)}",
}
PLUGIN = "src/warroom/cameras/vendors/axis"
REGISTRY = ".".join(("files", "pythonhosted", "org"))

# What is planted (file -> text), and what must be said about it.
PLANTED = {
    "docstring is missing": ({"src/warroom/cameras/__init__.py": ""}, "docstring is missing"),
    "docstring too long": (
        {"src/warroom/cameras/__init__.py": '"""Long.\n' + "\nx" * 45 + '\n"""\n'},
        "longer than 40 lines",
    ),
    "code in a domain's init": (
        {"src/warroom/cameras/__init__.py": '"""Cameras."""\nimport os\n'},
        "only a docstring",
    ),
    "a domain without an init": ({"src/warroom/units/store.py": ""}, "needs an __init__.py"),
    "a domain without documentation": (
        {"src/warroom/units/__init__.py": '"""U."""', "tests/units/test_units.py": ""},
        "docs/units.md is missing",
    ),
    "a domain without tests": (
        {"src/warroom/units/__init__.py": '"""U."""', "docs/units.md": ""},
        "tests/units/ holds no test",
    ),
    "a city's name in the code": (
        {"src/warroom/cameras/x.py": 'ZONE = "Asia/Makassar"\n'},
        "'Asia/' names a city",
    ),
    "a country's dialling code": (
        {"src/warroom/cameras/x.py": 'PREFIX = "62"\n'},
        "'62' names a city",
    ),
    "a file that is not Python": ({"src/warroom/cameras/x.py": "def (:\n"}, "invalid syntax"),
    "an empty name": ({"src/warroom/cameras/utils.py": ""}, "'utils' names nothing"),
    "an empty name of a folder": ({"src/warroom/cameras/common/x.py": ""}, "'common' names"),
    "a store function without scope": (
        {"src/warroom/cameras/store.py": "async def list_all(tx):\n    ...\n"},
        "list_all: `scope` comes first",
    ),
    "scope in the second place": (
        {"src/warroom/cameras/store.py": "def list_all(tx, scope):\n    ...\n"},
        "list_all: `scope` comes first",
    ),
    "a method of a store class": (
        {"src/warroom/cameras/store.py": "class Store:\n    def get(self, id):\n        ...\n"},
        "get: `scope` comes first",
    ),
    "a private function that asks the database": (
        {"src/warroom/cameras/store.py": "async def _rows(tx):\n    ...\n"},
        "_rows: `scope` comes first",
    ),
    "unscoped without a reason": (
        {"src/warroom/cameras/store.py": "# unscoped:\ndef all(tx):\n    ...\n"},
        "all: `scope` comes first",
    ),
    "a store in a folder": (
        {"src/warroom/cameras/store/lists.py": "def everything(tx):\n    ...\n"},
        "everything: `scope` comes first",
    ),
    "a scope made elsewhere": (
        {
            "src/warroom/cameras/service.py": (
                "from warroom.kernel.scope import Scope as S\nx = S(rules=(1,))\n"
            )
        },
        "S(...) is made in identity only",
    ),
    "a rule made through its module": (
        {"src/warroom/cameras/service.py": "from warroom.kernel import scope\nscope.Rule(1)\n"},
        "scope.Rule(...) is made in identity only",
    ),
    "a judgement that forgets the class": (
        {"src/warroom/cameras/rules.py": "scope.allows(VIEW, agency_id=a, place=p, tags=t)\n"},
        "allows: name class_, object_id too",
    ),
    "an event that forgets the tags": (
        {"src/warroom/cameras/rules.py": "outbox.publish(tx, T, b, agency_id=a, class_=c)\n"},
        "publish: name object_id, place, tags too",
    ),
    "a predicate that leaves a column to chance": (
        {"src/warroom/cameras/rules.py": "scope.narrow(VIEW, agency='a', id='i', tags='t')\n"},
        "narrow: name class_, place too",
    ),
    "a plug-in without a spec": ({f"{PLUGIN}/__init__.py": ""}, "must assign SPEC"),
    "a plug-in without a driver": ({f"{PLUGIN}/__init__.py": "SPEC = 1"}, "driver.py"),
    "a plug-in without fixtures": ({f"{PLUGIN}/__init__.py": "SPEC = 1"}, "fixtures/"),
    "a plug-in without tests": ({f"{PLUGIN}/__init__.py": "SPEC = 1"}, "test_*.py is missing"),
    "a plug-in without a readme": ({f"{PLUGIN}/__init__.py": "SPEC = 1"}, "README.md is missing"),
    "an error without a text": (
        {
            "src/warroom/cameras/errors.py": (
                'class GoneError(Exception):\n    code = "cameras.gone"\n'
            )
        },
        "error.cameras.gone: no text",
    ),
    "a text asked for that is not there": (
        {"src/warroom/cameras/letters.py": 'text(language, "cameras.hello")\n'},
        "cameras.hello: no text",
    ),
    "a text asked for by a page": (
        {"web/src/page.svelte": "\n{t('map.title')}"},
        "web/src/page.svelte:2: map.title: no text",
    ),
    "a text in one language only": (
        {"src/warroom/locales/en.json": "{}"},
        "en.json: error.cameras.away: no text in this language",
    ),
    "other parameters": (
        {"src/warroom/locales/en.json": json.dumps({"error.cameras.away": "{number} is off."})},
        "{parameters} differ",
    ),
    "an empty text": (
        {"src/warroom/locales/en.json": json.dumps({"error.cameras.away": " "})},
        "the text is empty",
    ),
    "texts out of order": (
        {"src/warroom/locales/id.json": json.dumps({"b.b": "b", "a.a": "a"})},
        "not sorted",
    ),
    "a decision without its headings": (
        {"docs/decisions/0002-lock.md": "# 2\n## Decision\n"},
        "the headings are",
    ),
    "a decision with a number that is taken": (
        {"docs/decisions/0001-other.md": "# 1\n"},
        "number 0001 is taken",
    ),
    "a changelog of an unknown kind": ({"changelog.d/x.new.md": "X.\n"}, "call it <word>"),
    "a changelog of two sentences on lines": (
        {"changelog.d/x.fixed.md": "X.\n\nY.\n"},
        "one sentence on one line",
    ),
    "a glossary out of order": (
        {"docs/glossary.md": "| run | a | b | c |\n| gap | a | b | c |\n"},
        "'gap' is out of order",
    ),
    "a glossary row that lacks a column": (
        {"docs/glossary.md": "| gap | a | b |\n"},
        "a row is | term |",
    ),
    "a link that leads nowhere": (
        {"docs/cameras.md": "\nsee [this](gone.md#part)\n"},
        "docs/cameras.md:2: the link to gone.md leads nowhere",
    ),
    "a registry": ({"docs/cameras.md": f"from {REGISTRY}\n"}, "names a package registry"),
    "a path of one machine": (
        {"src/warroom/cameras/x.py": f'P = "/{"root"}/clips"\n'},
        "names one machine's path",
    ),
    "a look outside": ({"docs/cameras.md": "see ../" + "shared/x\n"}, "looks outside"),
}


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[dict[str, str]], list[str]]:
    """Writes files over the good ones and returns what the lint says."""

    def lint(files: dict[str, str]) -> list[str]:
        for name, text in (GOOD | files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [str(breach) for breach in house_lint.breaches(tmp_path)]

    return lint


def test_good_code_passes(plant: Callable[[dict[str, str]], list[str]]) -> None:
    assert [] == plant({})


@pytest.mark.parametrize("name", PLANTED)
def test_planted_violation_is_found(
    name: str, plant: Callable[[dict[str, str]], list[str]]
) -> None:
    files, expected = PLANTED[name]

    assert any(expected in line for line in plant(files))


def test_a_thing_with_an_owner_alone_and_one_by_its_sides_are_judged_wholly(
    plant: Callable[[dict[str, str]], list[str]],
) -> None:
    text = (
        "scope.allows(VIEW, agency_id=a, object_id=o)\n"
        "scope.allows(VIEW, **camera.sides)\n"
        "scope.narrow(VIEW, **columns_of('c'))\n"
        "bus.publish(agency, place)\n"
    )

    assert plant({"src/warroom/cameras/rules.py": text}) == []


def test_whoever_may_do_nothing_may_be_made_anywhere(
    plant: Callable[[dict[str, str]], list[str]],
) -> None:
    text = "from warroom.kernel.scope import Scope\n\nstranger = Scope(rules=(), door='web')\n"

    assert [] == plant({"src/warroom/cameras/service.py": text})
