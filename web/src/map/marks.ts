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

/** Share of the cameras, on each side, that may be too far out for the first view: those on islands. */
const OUTLIERS = 0.03;
/** A camera this far beside where most are, as a share of the way across, still belongs to them. */
const NEAR = 0.25;

/** Least and greatest of the values, without the few that lie far away from all others. */
function reach(values: readonly number[]): [number, number] | null {
  const sorted = [...values].sort((a, b) => a - b);
  const skip = Math.floor(sorted.length * OUTLIERS);
  const [low, high] = [sorted[skip], sorted.at(-1 - skip)];
  if (low === undefined || high === undefined) return null;
  const margin = (high - low) * NEAR;
  const near = sorted.filter((value) => value >= low - margin && value <= high + margin);
  return [near[0] ?? low, near.at(-1) ?? high];
}

/** West, south, east and north of where the cameras stand, without far outliers; null when none has a place. */
export function crowd(cameras: readonly Sited[]): [number, number, number, number] | null {
  const lons = reach(cameras.flatMap(({ lon }) => lon ?? []));
  const lats = reach(cameras.flatMap(({ lat }) => lat ?? []));
  return lons === null || lats === null ? null : [lons[0], lats[0], lons[1], lats[1]];
}
