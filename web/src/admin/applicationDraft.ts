/** A program as it is typed, and what of it is sent. Pure. */
import type { Application } from "./types";

export interface ApplicationDraft {
  name: string;
  purpose: string;
  agency_id: string;
  actions: string[];
  on: "own" | "places" | "tags" | "grants" | "city";
  places: string[];
  tags: string;
}

/** Words in a text such as `pasar, pelabuhan`. */
export function words(text: string): string[] {
  return text
    .split(/[,;\n]+/)
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** The body of the request; single things that were chosen by the command line stay. */
export function applicationBody(draft: ApplicationDraft, stored: Application | null): Record<string, unknown> {
  const isLimited = draft.on === "own" || draft.on === "places" || draft.on === "tags";
  return {
    name: draft.name.trim(),
    purpose: draft.purpose.trim(),
    actions: draft.actions,
    reach: draft.on === "city" ? "city" : "own",
    places: draft.on === "places" ? draft.places : null,
    tags: draft.on === "tags" ? words(draft.tags) : null,
    objects: isLimited ? (stored?.objects ?? null) : null,
    with_grants: draft.on === "grants",
  };
}
