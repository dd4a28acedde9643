/** How many cameras and vehicles are meant, in words. Pure. */
import type { MeantCamera } from "./types";
import { number } from "$lib/format";
import { t } from "$lib/t";

/** "3 kamera, 2 kendaraan"; what is none is left out, unless nothing is meant at all. */
export function thingsText(things: readonly Pick<MeantCamera, "number">[]): string {
  const vehicles = things.filter((one) => one.number === null).length;
  return countsText(things.length - vehicles, vehicles);
}

/** The same of two numbers. */
export function countsText(cameras: number, vehicles: number): string {
  return [
    ...(cameras > 0 || vehicles === 0 ? [t("access.cameras_n", { n: number(cameras) })] : []),
    ...(vehicles > 0 ? [t("access.units_n", { n: number(vehicles) })] : []),
  ].join(", ");
}
