/** Words and figures of moving pictures that several pages share. */
import { duration, number, time } from "$lib/format";
import { t, tOr } from "$lib/t";

/** Why a camera is away or footage is missing, in words; the bare code where no text is known. */
export function causeText(cause: string | null | undefined): string {
  if (cause === null || cause === undefined || cause === "") return "";
  if (cause === "before_first") return t("playback.cause_before_first");
  const said = tOr(`recording.cause.${cause}`, "playback.cause_other");
  return said === t("playback.cause_other") ? tOr(`cameras.reason.${cause}`, "playback.cause_other") : said;
}

/** The age of a picture: `0,4 dtk`, from a minute on `1.14`. */
export function ageText(seconds: number): string {
  if (seconds < 60) return t("live.age_s", { age: number(Math.floor(Math.max(0, seconds) * 10) / 10, 1) });
  return duration(seconds);
}

/** A length of time in words: `42 dtk`, `1 mnt 42 dtk`, `5 jam 3 mnt`. */
export function lengthText(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (h > 0) return t("playback.length_hours", { h, m });
  return m > 0 ? t("playback.length_minutes", { m, s }) : t("playback.length_seconds", { s });
}

/** The camera clock's difference as it is written on tiles: `+0,038 ± 0,012`. */
export function clockText(offsetMs: number | null, uncertaintyMs: number | null): string | null {
  if (offsetMs === null) return null;
  const sign = Math.abs(offsetMs) < 0.5 ? "" : offsetMs < 0 ? "-" : "+";
  const main = `${sign}${number(Math.abs(offsetMs) / 1000, 3)}`;
  return uncertaintyMs === null ? main : `${main} ± ${number(uncertaintyMs / 1000, 3)}`;
}

/** A clock is uncertain when it is unknown, or known to no better than a tenth of a second. */
export function clockIsUncertain(offsetMs: number | null, uncertaintyMs: number | null): boolean {
  return offsetMs === null || (uncertaintyMs !== null && uncertaintyMs > 100);
}

/** Moments as `24-11-2026 14.27.05` for the watermark and for file names. */
export function stamp(ms: number, zone: string): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric" })
      .formatToParts(ms)
      .map((part) => [part.type, part.value]),
  );
  return `${parts["day"]}-${parts["month"]}-${parts["year"]} ${time(ms)}`;
}

/** A codec as people call it. */
export function codecName(codec: string | null | undefined): string {
  if (!codec) return "";
  if (/avc|h264|H\.264/i.test(codec)) return "H.264";
  if (/hvc|hev|h265|H\.265/i.test(codec)) return "H.265";
  return codec.replace(/^.*codecs="?|"$/g, "");
}
