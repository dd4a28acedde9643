/** The lines of edges, for who must know where they run; fetched when the first is asked for. */
import type { FeatureCollection, LineString, Position } from "geojson";
import { api } from "$lib/api";

let known: { pack: string; lines: Promise<ReadonlyMap<number, Position[]>> } | null = null;

async function read(pack: string): Promise<ReadonlyMap<number, Position[]>> {
  const layer = await api.get<FeatureCollection<LineString>>("/api/traffic/edges.geojson", { pack });
  return new Map(layer.features.map(({ id, geometry }) => [Number(id), geometry.coordinates]));
}

/** Where these edges run. */
export async function linesOfEdges(pack: string, edges: readonly number[]): Promise<Position[][]> {
  if (known?.pack !== pack) {
    const lines = read(pack);
    known = { pack, lines };
    lines.catch(() => (known = null));
  }
  const lines = await known.lines;
  return edges.flatMap((edge) => {
    const line = lines.get(edge);
    return line === undefined ? [] : [line];
  });
}
