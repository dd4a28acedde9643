/** Alerts as the server tells them. */
import type { Danger } from "../incidents/premises";

export interface Premise {
  id: string;
  name: string;
  area: string;
  lat: number;
  lon: number;
  dangers: Danger[];
  hazards: string;
}

export interface Info {
  language: string;
  event: string;
  categories: string[];
  urgency: string;
  severity: string;
  certainty: string;
  responses: string[];
  sender_name: string;
  headline: string;
  description: string;
  instruction: string;
  web: string;
  contact: string;
  areas: { description: string; polygons: [number, number][][]; circles: [number, number, number][] }[];
}

export interface Alert {
  id: string;
  source: string;
  sender: string;
  identifier: string;
  sent: string;
  status: string;
  type: string;
  is_actual: boolean;
  severity: string;
  starts_at: string;
  until: string;
  ended_at: string | null;
  ended_how: "updated" | "cancelled" | null;
  /** Whether it holds somewhere in the city; null: it does not say. */
  touches: boolean | null;
  districts: string[];
  received_at: string;
  remarks: string[];
  body: { note: string; infos: Info[] };
  /** Open incidents inside, of those in view; null where nobody can count. */
  incidents?: { id: string; number: string | null; type: string | null; event: string; priority: number | null }[] | null;
  /** Places that people name inside, of those in view, with the first of them; null where nobody can count. */
  premises?: { count: number; dangerous: number; items: Premise[] } | null;
}

export interface Source {
  source: string;
  url: string;
  every_s: number;
  tried_at: string | null;
  ok_at: string | null;
  problem: string | null;
  detail: string | null;
}

export interface Refused {
  id: string;
  source: string;
  origin: string;
  problem: string;
  detail: string;
  size: number;
  times: number;
  last_at: string;
}

export interface Words {
  event: string;
  headline: string;
  description: string;
  instruction: string;
}

export interface Fields {
  id: Words;
  en: Words;
  status: string;
  category: string;
  urgency: string;
  severity: string;
  certainty: string;
  responses: string[];
  starts_at: string | null;
  expires: string | null;
  area_name: string;
  rings: [number, number][][];
  circle: [number, number, number] | null;
  districts: string[];
  contact: string;
  web: string;
  note: string;
}

export interface Draft {
  id: string;
  kind: "Alert" | "Update" | "Cancel";
  state: "draft" | "waiting" | "issued" | "dropped";
  version: number;
  fields: Fields;
  changed_at: string;
  asked_by: string | null;
  ended_by: string | null;
  returned: string;
  alert_id: string | null;
  incident_id: string | null;
  agency: { id: string; short: string };
  is_mine: boolean;
}
