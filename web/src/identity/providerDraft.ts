/** Maps of a provider as they are typed, one `value = meaning` a line. Pure. */

export interface Provider {
  id: string;
  slug: string;
  name: string;
  issuer: string;
  client_id: string;
  has_secret: boolean;
  scopes: string[];
  agencies: string[];
  agency_claim: string | null;
  agency_map: Record<string, string>;
  creates: boolean;
  default_role: string | null;
  groups_claim: string | null;
  role_map: Record<string, string>;
  factor_values: string[];
  ends_session: boolean;
  is_active: boolean;
  version: number;
  people: number;
}

/** The lines of a map; `nameOf` gives what people call a meaning. */
export function mapLines(map: Readonly<Record<string, string>>, nameOf: (meaning: string) => string): string {
  return Object.entries(map)
    .map(([value, meaning]) => `${value} = ${nameOf(meaning)}`)
    .join("\n");
}

/** The map that lines stand for, or the first line that cannot be read; `meaningOf` knows names. */
export function readMap(lines: string, meaningOf: (name: string) => string | undefined): Record<string, string> | { wrong: string } {
  const map: [string, string][] = [];
  for (const line of lines.split("\n")) {
    if (line.trim() === "") continue;
    const at = line.lastIndexOf("=");
    const value = line.slice(0, Math.max(at, 0)).trim();
    const meaning = at < 0 ? undefined : meaningOf(line.slice(at + 1).trim());
    if (value === "" || meaning === undefined) return { wrong: line.trim() };
    map.push([value, meaning]);
  }
  return Object.fromEntries(map);
}

/** Says whether a read map is none, but a line that cannot be read. */
export function isWrong(read: Record<string, string> | { wrong: string }): read is { wrong: string } {
  return Object.keys(read).length === 1 && "wrong" in read;
}
