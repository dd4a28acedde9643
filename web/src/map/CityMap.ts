/** The drawn map: MapLibre with the city's layers and the cameras on it. */
import type { Feature, FeatureCollection, Point } from "geojson";
import {
  Map as MapLibre,
  setWorkerUrl,
  type GeoJSONSource,
  type MapGeoJSONFeature,
  type MapMouseEvent,
  type MapTouchEvent,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { centres, reach, type Box } from "./centre";
import { cityLayer } from "./layers";
import { points, wedges, type Sited } from "./marks";
import { closed, type Ring } from "./ring";
import { addSymbols } from "./symbols";
import { session } from "$lib/session.svelte";
import { t } from "$lib/t";
import { cityStyle, LAYER_GROUPS, readPalette, type LayerGroup } from "./style";
import { findTiles, layGround } from "./tiles";

setWorkerUrl(workerUrl);

export interface MapView {
  lon: number;
  lat: number;
  zoom: number;
}

export interface Heard {
  /** Any place was clicked. */
  point?: (lon: number, lat: number) => void;
  /** Whether clicks are for `point` alone: something is being drawn. */
  isDrawing?: () => boolean;
  /** A camera was clicked; null for the ground beside them. */
  select: (id: string | null) => void;
  /** The pointer is over a camera, at this place of the map's element. */
  hover: (id: string | null, at: { x: number; y: number }) => void;
  move: (view: MapView, bounds: [number, number, number, number]) => void;
  /** A layer of the base could not be had. */
  failed: () => void;
  /** The graphics processor is gone for good. */
  lost: () => void;
}

/** Something a page draws beside cameras: its own sources and layers, and what a click on them means. */
export interface Overlay {
  /** Adds sources and layers; called as soon as the map is ready, and again for the colours of another theme. */
  dress: (map: MapLibre) => void;
  /** Takes them away again. */
  strip: (map: MapLibre) => void;
  /** Layers that can be pointed at. */
  hits: readonly string[];
  /** Whether what is here lies over the cameras, and is hit before them. */
  isAbove: boolean;
  click: (feature: MapGeoJSONFeature) => void;
  /** Pointed at, with the place on the map's element; null when no longer. */
  hover: (feature: MapGeoJSONFeature | null, at: { x: number; y: number }) => void;
}

const NEAR_PX = 6;
const SELECTED_ZOOM = 15;
/** What floats on the map covers this much of it; whatever is brought into sight keeps out of there. */
const COVERED_PX = { top: 72, right: 60, bottom: 56, left: 32 };
/** All fields of view at once only show directions; the chosen one shows its whole range. */
const AMBIENT_RANGE_M = 120;
const COLLECTION: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Says whether this browser can draw the map at all. */
export function canDraw(): boolean {
  try {
    const canvas = document.createElement("canvas");
    return (canvas.getContext("webgl2") ?? null) !== null;
  } catch {
    return false;
  }
}

export class CityMap {
  readonly #map: MapLibre;
  readonly #heard: Heard;
  readonly #bounds: Box;
  #data = new Map<string, FeatureCollection>();
  #hidden = new Set<LayerGroup>();
  #tiles: string | null = null;
  #hasLand: boolean | null = null;
  #ready = false;
  #overlays: Overlay[] = [];
  #hovered: Overlay | null = null;
  readonly #base: Promise<void>;

  constructor(container: HTMLElement, bounds: Box, view: MapView | null, heard: Heard) {
    this.#heard = heard;
    this.#bounds = bounds;
    const palette = readPalette(document.documentElement);
    this.#map = new MapLibre({
      container,
      style: cityStyle(palette),
      ...(view === null ? { bounds, fitBoundsOptions: { padding: COVERED_PX } } : { center: [view.lon, view.lat], zoom: view.zoom }),
      minZoom: 9,
      maxZoom: 18.5,
      attributionControl: false,
      locale: { "Map.Title": t("map.canvas") },
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.on("style.load", () => this.#dress());
    this.#map.on("move", () => this.#tellView());
    this.#map.on("click", (event) => this.#click(event));
    this.#map.on("mousemove", (event) => this.#hover(event));
    this.#map.on("mouseout", () => this.#leave());
    this.#map.on("movestart", () => this.#leave());
    this.#map.getCanvas().addEventListener("webglcontextlost", () => heard.lost());
    this.#base = this.#loadBase();
  }

  /** Takes the map off the page and gives its memory back. */
  remove(): void {
    this.#map.remove();
  }

  /** Draws something beside cameras until the answer is called. */
  add(overlay: Overlay): () => void {
    this.#overlays.push(overlay);
    if (this.#ready) overlay.dress(this.#map);
    return () => {
      this.#overlays = this.#overlays.filter((other) => other !== overlay);
      if (this.#hovered === overlay) this.#hovered = null;
      if (this.#ready) overlay.strip(this.#map);
    };
  }

  /** Resolves when everything that is to be seen at first has been drawn. */
  idle(): Promise<void> {
    return new Promise((resolve) => void this.#map.once("idle", () => resolve()));
  }

  /** Resolves when the city itself, as far as this person may see it, has been drawn for the first time. */
  async drawn(): Promise<void> {
    await this.#base;
    const drawn = this.idle();
    this.#map.triggerRepaint();
    await drawn;
  }

  /** Draws again in the colours of the theme in force. */
  repaint(): void {
    this.#ready = false;
    this.#map.setStyle(cityStyle(readPalette(document.documentElement)), { diff: false });
  }

  /** The element grew or shrank. */
  resize(): void {
    this.#map.resize();
  }

  /** Shows these cameras and no others. */
  show(cameras: readonly Sited[]): void {
    this.#set("cameras", points(cameras));
    this.#set("wedges", wedges(cameras, AMBIENT_RANGE_M));
  }

  /** Rings a camera and draws what it sees; `hovered` is another one that the pointer is on. */
  choose(selected: Sited | null, hovered: Sited | null): void {
    this.#set("chosen", selected === null ? COLLECTION : points([selected]));
    this.#set("wedge", wedges([selected, hovered].filter((camera) => camera !== null)));
  }

  /** Shows areas, and the one that is being drawn with its corners. */
  areas(rings: readonly Ring[], drawing: Ring): void {
    const polygons = rings.map((ring): Feature => ({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [closed(ring)] } }));
    const line: Feature[] = drawing.length < 2 ? [] : [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: drawing.map((corner) => [...corner]) } }];
    this.#set("areas", { type: "FeatureCollection", features: [...polygons, ...line] });
    const corners = drawing.map((corner): Feature => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [...corner] } }));
    this.#set("corners", { type: "FeatureCollection", features: corners });
  }

  /** Marks a place with its name; null takes the mark away. */
  mark(place: { lon: number; lat: number; name: string } | null): void {
    if (place === null) return this.#set("mark", COLLECTION);
    const geometry: Point = { type: "Point", coordinates: [place.lon, place.lat] };
    return this.#set("mark", { type: "FeatureCollection", features: [{ type: "Feature", geometry, properties: { name: place.name } }] });
  }

  /** Shows or hides the layers of one switch. */
  toggle(group: LayerGroup, shown: boolean): void {
    if (shown) this.#hidden.delete(group);
    else this.#hidden.add(group);
    if (this.#ready) this.#applyHidden();
  }

  /** Brings a place to the middle, near enough to tell cameras apart. */
  go(lon: number, lat: number, zoom = SELECTED_ZOOM): void {
    const near = Math.max(this.#map.getZoom(), zoom);
    this.#map.easeTo({ center: [lon, lat], zoom: near, duration: this.#duration() });
  }

  /** Brings a camera into sight without a jump if it is there already. */
  reveal(camera: Sited): void {
    if (camera.lon === null || camera.lat === null) return;
    const isInSight = this.#map.getBounds().contains([camera.lon, camera.lat]);
    if (!isInSight || this.#map.getZoom() < 13) this.go(camera.lon, camera.lat);
  }

  zoomBy(step: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + step, duration: this.#duration() });
  }

  /** Shows the whole city. */
  fit(bounds: Box): void {
    this.#map.fitBounds(bounds, { padding: COVERED_PX, maxZoom: 14, duration: this.#duration() });
  }

  #duration(): number {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 240;
  }

  async #loadBase(): Promise<void> {
    // Who may not see the city's layers still sees roads and vehicles on an empty ground.
    if (!session.may("city:view")) return;
    const load = async (name: "base" | "roads" | "places" | "kecamatan"): Promise<void> => {
      const layer = await cityLayer(name);
      this.#set(name, layer);
      if (name === "base") this.#found(layer);
      if (name === "kecamatan") this.#set("kecamatan-centres", centres(layer));
    };
    const answers = await Promise.allSettled([...(["base", "roads", "kecamatan", "places"] as const).map(load), this.#loadTiles()]);
    if (answers.some((answer) => answer.status === "rejected")) this.#heard.failed();
  }

  #found(base: FeatureCollection): void {
    this.#hasLand = base.features.some(({ properties }) => properties?.["kind"] === "land");
    if (this.#ready) this.#fill();
    this.#map.setMaxBounds(reach(base, this.#bounds));
  }

  /** A pack without boundaries knows no coast to tell the sea by: what it draws lies on land. */
  #fill(): void {
    if (this.#hasLand === false) this.#map.setPaintProperty("sea", "background-color", readPalette(document.documentElement).land);
  }

  async #loadTiles(): Promise<void> {
    this.#tiles = await findTiles();
    if (this.#ready) this.#layGround();
  }

  #layGround(): void {
    if (this.#tiles !== null) layGround(this.#map, this.#tiles, readPalette(document.documentElement));
  }

  #set(source: string, data: FeatureCollection): void {
    this.#data.set(source, data);
    if (this.#ready) this.#map.getSource<GeoJSONSource>(source)?.setData(data);
  }

  #dress(): void {
    addSymbols(this.#map, readPalette(document.documentElement));
    this.#ready = true;
    this.#fill();
    this.#layGround();
    for (const [source, data] of this.#data) this.#map.getSource<GeoJSONSource>(source)?.setData(data);
    for (const overlay of this.#overlays) overlay.dress(this.#map);
    this.#applyHidden();
    this.#tellView();
  }

  #applyHidden(): void {
    for (const [group, layers] of Object.entries(LAYER_GROUPS)) {
      const visibility = this.#hidden.has(group as LayerGroup) ? "none" : "visible";
      for (const layer of layers) this.#map.setLayoutProperty(layer, "visibility", visibility);
    }
  }

  #tellView(): void {
    const { lng, lat } = this.#map.getCenter();
    const bounds = this.#map.getBounds();
    this.#heard.move({ lon: lng, lat, zoom: this.#map.getZoom() }, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  }

  #leave(): void {
    this.#heard.hover(null, { x: 0, y: 0 });
    this.#hovered?.hover(null, { x: 0, y: 0 });
    this.#hovered = null;
  }

  #at(event: MapMouseEvent | MapTouchEvent, layers: string[]): { id: unknown; cluster: number | null; coordinates: [number, number] } | null {
    if (!this.#ready) return null;
    const { x, y } = event.point;
    const found = this.#map.queryRenderedFeatures(
      [
        [x - NEAR_PX, y - NEAR_PX],
        [x + NEAR_PX, y + NEAR_PX],
      ],
      { layers },
    )[0];
    if (found === undefined || found.geometry.type !== "Point") return null;
    const [lon = 0, lat = 0] = found.geometry.coordinates;
    const cluster: unknown = found.properties["cluster_id"];
    return { id: found.properties["id"], cluster: typeof cluster === "number" ? cluster : null, coordinates: [lon, lat] };
  }

  #click(event: MapMouseEvent): void {
    this.#heard.point?.(event.lngLat.lng, event.lngLat.lat);
    if (this.#heard.isDrawing?.() === true) return;
    const above = this.#hit(event, true);
    if (above !== null) return above.overlay.click(above.feature);
    const found = this.#at(event, ["cameras", "clusters"]);
    const below = found === null ? this.#hit(event, false) : null;
    if (below !== null) return below.overlay.click(below.feature);
    if (found?.cluster !== null && found?.cluster !== undefined) void this.#open(found.cluster, found.coordinates);
    else this.#heard.select(typeof found?.id === "string" ? found.id : null);
  }

  async #open(cluster: number, center: [number, number]): Promise<void> {
    const zoom = await this.#map.getSource<GeoJSONSource>("cameras")?.getClusterExpansionZoom(cluster);
    this.#map.easeTo({ center, zoom: (zoom ?? 13) + 0.3, duration: this.#duration() });
  }

  /** What of an overlay is here; those over the cameras, or those under them. */
  #hit(event: MapMouseEvent, isAbove: boolean): { overlay: Overlay; feature: MapGeoJSONFeature } | null {
    if (!this.#ready) return null;
    const { x, y } = event.point;
    const reach = isAbove ? NEAR_PX : NEAR_PX / 2;
    for (const overlay of this.#overlays) {
      const layers = overlay.hits.filter((layer) => this.#map.getLayer(layer) !== undefined);
      if (overlay.isAbove !== isAbove || layers.length === 0) continue;
      const [feature] = this.#map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers });
      if (feature !== undefined) return { overlay, feature };
    }
    return null;
  }

  #hover(event: MapMouseEvent): void {
    const isDrawing = this.#heard.isDrawing?.() === true;
    const above = isDrawing ? null : this.#hit(event, true);
    const found = above === null ? this.#at(event, ["cameras", "clusters"]) : null;
    const over = above ?? (found === null && !isDrawing ? this.#hit(event, false) : null);
    if (this.#hovered !== null && this.#hovered !== over?.overlay) this.#hovered.hover(null, event.point);
    this.#hovered = over?.overlay ?? null;
    over?.overlay.hover(over.feature, event.point);
    this.#map.getCanvas().style.cursor = isDrawing ? "crosshair" : found === null && over === null ? "" : "pointer";
    this.#heard.hover(typeof found?.id === "string" ? found.id : null, event.point);
  }
}
