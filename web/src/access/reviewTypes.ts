/** Shapes of reviews of rights. */

export type RightDecision = "confirmed" | "dropped" | "lapsed" | "escalated";

export interface Review {
  id: string;
  agency_id: string;
  agency_label: string;
  opened_at: string;
  due_at: string;
  closed_at: string | null;
  total: number;
  open: number;
  confirmed: number;
  dropped: number;
  lapsed: number;
  escalated: number;
  may: { decide: boolean };
}

export interface ReviewItem {
  id: string;
  kind: "role" | "grant" | "token" | "seat";
  person_id: string | null;
  person_label: string;
  role: string | null;
  label: string;
  reach: "own" | "city";
  actions: string[];
  is_admin: boolean;
  was_until: string | null;
  last_used_at: string | null;
  decision: RightDecision | null;
  decided_at: string | null;
  decided_label: string | null;
  is_own: boolean;
}

export interface ReviewDetail extends Review {
  items: ReviewItem[];
}
