"""Commands of the city pack."""

import sys
from pathlib import Path

import cyclopts

from warroom.kernel.command import say
from warroom.kernel.i18n import language_of_terminal, text
from warroom.roads.build import CityPlan, build_city

app = cyclopts.App(name="city", help="The city pack: roads, areas, places, the map.")


@app.command
def build(
    *,
    osm: Path,
    out: Path,
    boundaries: Path | None = None,
    name: str = "",
    zone: str = "",
    tiles: bool = True,
    json: bool = False,
) -> None:
    """Builds a city pack from an OpenStreetMap extract; a pack that is there is replaced whole.

    Example: warroom city build --osm city.osm.pbf --boundaries wards.geojson --out var/city

    Args:
        osm: Extract of the city, `.osm.pbf`.
        out: Folder of the pack.
        boundaries: GeoJSON of the wards: code, name, outline; district and its code.
        name: What the city is called.
        zone: IANA time zone; without it that of the map.
        tiles: Land use, water and buildings under the roads, where `tilemaker` is installed.
        json: One object on stdout.
    """
    plan = CityPlan(osm, boundaries, out, name, zone, tiles)
    language = language_of_terminal()

    def tell(step: str) -> None:
        sys.stderr.write(text(language, f"city.{step}") + "\n")

    report = build_city(plan, tell)
    lines = [text(language, "city.built", out=out.name, **report.as_json())]
    lines += [
        text(language, f"city.ignored_{kind}", count=count)
        for kind, count in report.ignored.items()
    ]
    lines.append(
        text(
            language,
            f"city.tiles_{report.tiles.outcome}",
            problem=report.tiles.problem,
            megabytes=round(report.tiles.size_bytes / 1e6, 1),
        )
    )
    say(report.as_json(), as_json=json, text="\n".join(lines))
