/** Finds cameras by what people type. Pure. */
import type { Camera } from "$lib/types";

type Findable = Pick<Camera, "number" | "name" | "place" | "kelurahan" | "kecamatan" | "agency" | "tags">;

function fold(text: string): string {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

/** Cameras that match every word of the text; those whose number or name begins with it come first. */
export function findCameras<C extends Findable>(cameras: readonly C[], text: string): C[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...cameras];
  const scored: { camera: C; score: number }[] = [];
  for (const camera of cameras) {
    const number = String(camera.number);
    const name = fold(camera.name);
    const hay = [number, number.padStart(3, "0"), name, fold(camera.place ?? ""), fold(camera.kelurahan?.name ?? ""),
      fold(camera.kecamatan?.name ?? ""), fold(camera.agency.short), fold(camera.tags.join(" "))].join(" ");
    if (!words.every((word) => hay.includes(word))) continue;
    const first = words[0]!;
    const exact = Number(first) === camera.number && /^\d+$/.test(first);
    scored.push({ camera, score: exact ? 0 : number.startsWith(first) ? 1 : name.startsWith(first) ? 2 : name.includes(first) ? 3 : 4 });
  }
  return scored.sort((a, b) => a.score - b.score || a.camera.number - b.camera.number).map((s) => s.camera);
}
