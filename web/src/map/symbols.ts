/** Camera symbols for the map, drawn once per theme: one shape per state, the same as everywhere. */
import type { Map as MapLibre } from "maplibre-gl";
import type { Palette } from "./style";

const SIZE = 22;
const RATIO = 2;

type Draw = (ctx: CanvasRenderingContext2D, palette: Palette) => void;

function circle(ctx: CanvasRenderingContext2D, radius: number): void {
  ctx.beginPath();
  ctx.arc(SIZE / 2, SIZE / 2, radius, 0, 2 * Math.PI);
}

/** Draws a shape first as a halo in the colour of the ground, then as itself. */
function withHalo(shape: (ctx: CanvasRenderingContext2D) => void, colour: (p: Palette) => string, filled: boolean): Draw {
  return (ctx, palette) => {
    ctx.lineJoin = "round";
    shape(ctx);
    ctx.strokeStyle = palette.halo;
    ctx.lineWidth = filled ? 4 : 5;
    ctx.stroke();
    shape(ctx);
    if (filled) {
      ctx.fillStyle = colour(palette);
      ctx.fill();
      return;
    }
    ctx.fillStyle = palette.halo;
    ctx.fill();
    ctx.strokeStyle = colour(palette);
    ctx.lineWidth = 1.6;
    ctx.stroke();
  };
}

function triangle(ctx: CanvasRenderingContext2D): void {
  ctx.beginPath();
  ctx.moveTo(SIZE / 2, 4);
  ctx.lineTo(SIZE - 4, SIZE - 5);
  ctx.lineTo(4, SIZE - 5);
  ctx.closePath();
}

const symbols: Record<string, Draw> = {
  live: withHalo((ctx) => circle(ctx, 4), (p) => p.fg, true),
  late: withHalo(triangle, (p) => p.late, true),
  offline: (ctx, palette) => {
    withHalo((inner) => circle(inner, 6.5), (p) => p.label, false)(ctx, palette);
    ctx.beginPath();
    ctx.moveTo(SIZE / 2 - 2.6, SIZE / 2 - 2.6);
    ctx.lineTo(SIZE / 2 + 2.6, SIZE / 2 + 2.6);
    ctx.moveTo(SIZE / 2 + 2.6, SIZE / 2 - 2.6);
    ctx.lineTo(SIZE / 2 - 2.6, SIZE / 2 + 2.6);
    ctx.stroke();
  },
  unknown: (ctx, palette) => {
    ctx.setLineDash([2.5, 2.2]);
    withHalo((inner) => circle(inner, 6.5), (p) => p.label, false)(ctx, palette);
    ctx.setLineDash([]);
    ctx.fillStyle = palette.label;
    ctx.font = "600 10px 'Plex Mono'";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText("?", SIZE / 2, SIZE / 2 + 0.5);
  },
  ring: (ctx, palette) => {
    circle(ctx, 9);
    ctx.strokeStyle = palette.act;
    ctx.lineWidth = 2;
    ctx.stroke();
  },
  place: (ctx, palette) => {
    ctx.fillStyle = palette.mapLabel;
    ctx.fillRect(SIZE / 2 - 2, SIZE / 2 - 2, 4, 4);
  },
  mark: (ctx, palette) => {
    ctx.beginPath();
    ctx.moveTo(SIZE / 2, SIZE - 3);
    ctx.bezierCurveTo(SIZE / 2 - 9, SIZE / 2, SIZE / 2 - 6, 3, SIZE / 2, 3);
    ctx.bezierCurveTo(SIZE / 2 + 6, 3, SIZE / 2 + 9, SIZE / 2, SIZE / 2, SIZE - 3);
    ctx.fillStyle = palette.act;
    ctx.fill();
  },
};

/** Gives the symbols to the map, replacing those of another theme. */
export function addSymbols(map: MapLibre, palette: Palette): void {
  for (const [name, draw] of Object.entries(symbols)) {
    const canvas = document.createElement("canvas");
    canvas.width = SIZE * RATIO;
    canvas.height = SIZE * RATIO;
    const ctx = canvas.getContext("2d");
    if (ctx === null) return;
    ctx.scale(RATIO, RATIO);
    draw(ctx, palette);
    const image = ctx.getImageData(0, 0, canvas.width, canvas.height);
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image, { pixelRatio: RATIO });
  }
}
