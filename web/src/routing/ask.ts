/** From where to where, as the address holds it, so that a route can be sent. Pure. */
import { PROFILES, type Profile } from "./types";

export interface Stop {
  readonly lat: number;
  readonly lon: number;
  readonly name: string;
}

export interface Ask {
  readonly from: Stop | null;
  readonly to: Stop | null;
  readonly profile: Profile;
  /** Whether what lies within reach is asked for, and not one way. */
  readonly isReach: boolean;
}

const DIGITS = 6;

function readStop(text: string | null): Stop | null {
  const [lat = NaN, lon = NaN] = (text ?? "").split(",", 2).map(Number);
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null;
  return { lat, lon, name: (text ?? "").split(",").slice(2).join(",").slice(0, 80) };
}

function writeStop(stop: Stop | null): string | null {
  return stop === null ? null : [stop.lat.toFixed(DIGITS), stop.lon.toFixed(DIGITS), stop.name].join(",");
}

/** Reads what an address asks for. */
export function readAsk(query: URLSearchParams): Ask {
  const profile = query.get("armada");
  return {
    from: readStop(query.get("dari")),
    to: readStop(query.get("ke")),
    profile: PROFILES.find((known) => known === profile) ?? "car",
    isReach: query.get("jangkau") === "1",
  };
}

/** The parts of an address that hold it. */
export function writeAsk(ask: Ask): Record<string, string | null> {
  return {
    dari: writeStop(ask.from),
    ke: writeStop(ask.to),
    armada: ask.profile === "car" ? null : ask.profile,
    jangkau: ask.isReach ? "1" : null,
  };
}

/** The same way back. */
export function turned(ask: Ask): Ask {
  return { ...ask, from: ask.to, to: ask.from };
}

/** A stop's name; its place where it was only pointed at. */
export function stopText(stop: Stop | null): string {
  if (stop === null) return "";
  return stop.name === "" ? `${stop.lat.toFixed(5)}, ${stop.lon.toFixed(5)}` : stop.name;
}
