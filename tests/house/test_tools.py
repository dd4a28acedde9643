"""The tools that write: locks without a registry, the map, scaffolds that pass the lint."""

import shutil
from pathlib import Path

import pytest

from tools import domain_map, house_lint, lock, new_domain, new_plugin
from tools.house import layout

HOST = "https://" + "files.example.org/packages/ab/cd/"
UV_LOCK = f"""
[[package]]
name = "numpy"
source = {{ registry = "https://index.example.org/simple" }}
wheels = [
    {{ url = "{HOST}numpy-2.5.5-cp313-cp313-manylinux_2_28_x86_64.whl", hash = "sha256:01" }},
]
"""
PROJECT = {
    "project": {"name": "War_Room", "dependencies": ["numpy>=2.5", "Psycopg[pool, binary]>=3.3"]},
    "dependency-groups": {"dev": ["pytest>=9 ; python_version >= '3.12'"]},
}
LOCKED = {
    "package": [
        {
            "name": "war-room",
            "metadata": {
                "requires-dist": [
                    {"name": "numpy", "specifier": ">=2.5"},
                    {"name": "psycopg", "extras": ["binary", "pool"], "specifier": ">=3.3"},
                ],
                "requires-dev": {"dev": [{"name": "pytest", "specifier": ">=9"}]},
            },
        }
    ]
}


def test_a_lock_keeps_its_hashes_and_loses_its_hosts() -> None:
    stripped = lock.without_registry(UV_LOCK)

    assert 'filename = "numpy-2.5.5-cp313-cp313-manylinux_2_28_x86_64.whl"' in stripped
    assert "sha256:01" in stripped
    assert [] == list(lock.registries_in_uv_lock(stripped))
    assert 2 == len(list(lock.registries_in_uv_lock(UV_LOCK)))


def test_a_lock_that_answers_the_project_passes() -> None:
    assert [] == list(lock.unanswered(PROJECT, LOCKED))


def test_a_requirement_that_is_not_locked_is_named() -> None:
    more = PROJECT | {"dependency-groups": {"dev": ["pytest>=10", "ruff"]}}

    found = list(lock.unanswered(more, LOCKED))

    assert "uv.lock: group dev: pytest>=10 is not locked; run tools/lock.py" in found
    assert "uv.lock: group dev: ruff is not locked; run tools/lock.py" in found
    assert "uv.lock: group dev: pytest>=9 is locked but not asked for" in found


def test_what_an_extra_asks_for_is_locked_for_that_extra() -> None:
    extras = {"project": PROJECT["project"] | {"optional-dependencies": {"sim": ["libsumo>=1"]}}}
    package = LOCKED["package"][0]
    sim = {"name": "libsumo", "specifier": ">=1", "marker": "extra == 'sim'"}
    dist = {"requires-dist": [*package["metadata"]["requires-dist"], sim]}
    locked = {"package": [package | {"metadata": package["metadata"] | dist}]}

    assert [] == list(lock.unanswered(PROJECT | extras, locked))
    found = list(lock.unanswered(PROJECT | extras, LOCKED))
    assert ["uv.lock: extra sim: libsumo>=1 is not locked; run tools/lock.py"] == found


def test_an_npm_lock_names_no_host_and_has_every_hash() -> None:
    packages = {
        "": {},
        "node_modules/a": {"integrity": "sha512-x"},
        "node_modules/b": {"resolved": HOST + "b.tgz", "integrity": "sha512-y"},
        "node_modules/c": {},
    }

    found = list(lock.registries_in_npm_lock({"packages": packages}))

    assert [
        f"web/package-lock.json: node_modules/b names a host: {HOST}b.tgz",
        "web/package-lock.json: node_modules/c has no hash",
    ] == found


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Path:
    """An empty checkout with the tiers of this repository and a kernel."""
    shutil.copy(repository / ".importlinter", tmp_path)
    kernel = tmp_path / "src" / "warroom" / "kernel"
    kernel.mkdir(parents=True)
    (kernel / "__init__.py").write_text('"""The ground. It is flat."""\n')
    for name in ("id", "en"):
        (kernel.parent / "locales").mkdir(exist_ok=True)
        (kernel.parent / "locales" / f"{name}.json").write_text("{}")
    return tmp_path


def test_a_new_domain_passes_the_lint(checkout: Path) -> None:
    written = new_domain.begin(checkout, "units", "Fire engines, ambulances and patrols.")

    assert checkout / "docs" / "units.md" in written
    assert [] == house_lint.breaches(checkout)


@pytest.mark.parametrize(
    ("word", "reason"),
    [("Units", "small letters"), ("weather", "choose its tier first"), ("units", "there already")],
)
def test_a_domain_that_cannot_begin_says_why(checkout: Path, word: str, reason: str) -> None:
    new_domain.begin(checkout, "units", "Engines.")

    with pytest.raises(ValueError, match=reason):
        new_domain.begin(checkout, word, "Again.")


@pytest.mark.parametrize(
    ("domain", "kind"),
    [("cameras", "vendors"), ("enforcement", "violations"), ("hub", "sources")],
)
def test_a_new_plugin_has_the_shape_the_lint_asks_for(
    checkout: Path, domain: str, kind: str
) -> None:
    new_domain.begin(checkout, domain, "A domain.")

    new_plugin.begin(checkout, domain, kind, "first_one")

    assert [] == house_lint.breaches(checkout, layout.RULES)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (("hub", "sources", "bpjs"), "there already"),
        (("hub", "vendors2", "x"), "a plug-in is one of"),
        (("hub", "sources", "Bad-Name"), "small letters"),
        (("clinics", "sources", "x"), "no such domain"),
    ],
)
def test_a_plugin_that_cannot_begin_says_why(
    checkout: Path, place: tuple[str, str, str], reason: str
) -> None:
    new_domain.begin(checkout, "hub", "Connectors.")
    new_plugin.begin(checkout, "hub", "sources", "bpjs")

    with pytest.raises(ValueError, match=reason):
        new_plugin.begin(checkout, *place)


def test_the_map_lists_higher_tiers_first_with_the_first_sentence(checkout: Path) -> None:
    new_domain.begin(checkout, "units", "Engines and patrols. And more.")

    lines = domain_map.domain_map(checkout).splitlines()[-2:]

    assert lines[0].startswith("| [units](units.md) | Engines and patrols. | [`contracts.py`]")
    assert (
        "| kernel | The ground. | [`__init__.py`](../src/warroom/kernel/__init__.py) |"
        == (lines[1])
    )
