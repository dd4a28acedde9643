/** Shapes of emergencies. */
import type { MeantCamera, Named, Report } from "./types";

export type EmergencyStatus = "active" | "waiting" | "overdue" | "reviewed";
export type Outcome = "justified" | "unclear" | "misuse";

export interface Emergency {
  id: string;
  number: string;
  status: EmergencyStatus;
  person: Named;
  agency: Named;
  owner: Named;
  reason: string;
  actions: string[];
  cameras: MeantCamera[];
  opened_at: string;
  ends_at: string;
  ended_at: string | null;
  due_at: string;
  level: number;
  reviewed_at: string | null;
  reviewer_label: string | null;
  outcome: Outcome | null;
  review_note: string | null;
  may: { end: boolean; review: boolean };
}

export interface EmergencyDetail extends Emergency {
  report: Report;
}
