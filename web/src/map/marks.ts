/** Cameras as GeoJSON for the map. */
import type { Feature, FeatureCollection, Point, Polygon } from "geojson";
import { rank } from "$lib/cameras.svelte";
import { cameraNumber } from "$lib/format";
import type { Camera } from "$lib/types";
import { viewOf, wedge } from "./wedge";

/** What must be known of a camera to draw it. */
export type Sited = Pick<Camera, "id" | "number" | "lat" | "lon" | "bearing_deg" | "fov_deg" | "range_m" | "state">;

/** Points with the state's word and rank; a cluster takes the highest rank of its members. */
export function points(cameras: readonly Sited[]): FeatureCollection<Point> {
  const features = cameras.flatMap((camera): Feature<Point>[] => {
    if (camera.lat === null || camera.lon === null) return [];
    const properties = {
      id: camera.id,
      label: cameraNumber(camera.number),
      state: camera.state.state,
      rank: rank(camera.state.state),
      not_recording: camera.state.recording ? 0 : 1,
    };
    return [{ type: "Feature", geometry: { type: "Point", coordinates: [camera.lon, camera.lat] }, properties }];
  });
  return { type: "FeatureCollection", features };
}

/** Fields of view of those cameras whose direction is known, cut off at `most_m`. */
export function wedges(cameras: readonly Sited[], most_m = Infinity): FeatureCollection<Polygon> {
  const features = cameras.flatMap((camera): Feature<Polygon>[] => {
    const view = viewOf(camera);
    if (view === null) return [];
    return [{ type: "Feature", geometry: { type: "Polygon", coordinates: [wedge({ ...view, range_m: Math.min(view.range_m, most_m) })] }, properties: { id: camera.id } }];
  });
  return { type: "FeatureCollection", features };
}

/** Share of the cameras that may lie outside of the first view on each side, such as those on far islands. */
const OUTLIERS = 0.03;

/** West, south, east and north of where most cameras stand; null when none has a place. */
export function crowd(cameras: readonly Sited[]): [number, number, number, number] | null {
  const sorted = (values: (number | null)[]): number[] => values.filter((value) => value !== null).sort((a, b) => a - b);
  const lons = sorted(cameras.map((camera) => camera.lon));
  const lats = sorted(cameras.map((camera) => camera.lat));
  const skip = Math.floor(lons.length * OUTLIERS);
  const [west, south, east, north] = [lons[skip], lats[skip], lons.at(-1 - skip), lats.at(-1 - skip)];
  if (west === undefined || south === undefined || east === undefined || north === undefined) return null;
  return [west, south, east, north];
}
