/** The pages and their addresses. Each page is fetched when it is first opened. */
import type { Component } from "svelte";
import { session } from "$lib/session.svelte";
import type { MessageKey } from "$lib/t";

/** Groups of the sections of Admin, in their order. */
export const ADMIN_GROUPS = ["things", "rights", "lent", "programs", "proof"] as const;
export type AdminGroup = (typeof ADMIN_GROUPS)[number];

export interface PageProps {
  params: Readonly<Record<string, string>>;
}

export interface Route {
  /** Path with `:name` for a part that changes. */
  path: string;
  title: MessageKey;
  load: () => Promise<{ default: Component<PageProps> }>;
  /** One of these actions opens the page; without them it does not exist. */
  needs?: readonly string[];
  /** Shown without the shell and without a session. */
  bare?: true;
  /** Shown without the shell, to somebody who is signed in: a page of a phone, with frames of its own. */
  alone?: true;
  /** Section of Admin, and the group that it stands in. */
  admin?: AdminGroup;
}

type Loaded = Promise<{ default: Component<PageProps> }>;
const page = (load: () => Promise<unknown>): (() => Loaded) => load as () => Loaded;

/** The room with the call and the units in it, for whom they are. */
async function room(): Promise<unknown> {
  const [found] = await Promise.all([
    import("../incidents/RoomPage.svelte"),
    session.may("call:view") ? import("../calls/slot") : null,
    session.may("dispatch:view") ? import("../dispatch/slot") : null,
  ]);
  return found;
}

export const routes: readonly Route[] = [
  { path: "/peta", title: "page.map", needs: ["camera:view", "traffic:view", "unit:view", "route:view"], load: page(() => import("../map/MapPage.svelte")) },
  { path: "/dinding", title: "page.wall", needs: ["wall:view"], load: page(() => import("../wall/WallPage.svelte")) },
  { path: "/rekaman", title: "page.playback", needs: ["recording:view"], load: page(() => import("../playback/PlaybackPage.svelte")) },
  { path: "/rekaman/penahanan", title: "page.holds", needs: ["recording:hold"], load: page(() => import("../playback/HoldsPage.svelte")) },
  { path: "/112", title: "page.incidents", needs: ["incident:view"], load: page(() => room()) },
  { path: "/112/cakupan", title: "page.coverage", needs: ["dispatch:view"], load: page(() => import("../dispatch/CoverPage.svelte")) },
  { path: "/112/tempat-tidur", title: "page.beds", needs: ["dispatch:view"], load: page(() => import("../dispatch/BedsPage.svelte")) },
  { path: "/112/kejadian/:id/putar", title: "incidents.replay", needs: ["dispatch:view"], load: page(() => import("../incidents/ReplayPage.svelte")) },
  { path: "/112/kertas", title: "page.paper", needs: ["incident:take"], load: page(() => import("../dispatch/PaperPage.svelte")) },
  { path: "/112/laporan", title: "page.kpi", needs: ["dispatch:view"], load: page(() => import("../dispatch/KpiPage.svelte")) },
  { path: "/112/panggilan", title: "page.calls", needs: ["call:view"], load: page(() => import("../calls/CallsPage.svelte")) },
  { path: "/112/pengawas", title: "page.call_board", needs: ["call:supervise"], load: page(() => import("../calls/BoardPage.svelte")) },
  { path: "/112/serah-terima", title: "page.handover", needs: ["call:supervise"], load: page(() => import("../dispatch/HandoverPage.svelte")) },
  { path: "/lalin", title: "page.traffic", needs: ["dispatch:view"], load: page(() => import("../dispatch/DeskPage.svelte")) },
  { path: "/peringatan", title: "page.alerts", needs: ["alert:view"], load: page(() => import("../alerts/AlertsPage.svelte")) },
  { path: "/tugas", title: "page.duty", needs: ["dispatch:act"], alone: true, load: page(() => import("../dispatch/PhonePage.svelte")) },
  { path: "/kamera/:number", title: "page.camera", needs: ["camera:view"], load: page(() => import("../camera/CameraPage.svelte")) },
  { path: "/admin/kamera", title: "admin.cameras", needs: ["camera:configure"], admin: "things", load: page(() => import("../admin/CamerasAdmin.svelte")) },
  { path: "/admin/kartu", title: "admin.cards", needs: ["incident:configure"], admin: "things", load: page(() => import("../incidents/CardsAdmin.svelte")) },
  { path: "/admin/kartu-pengerahan", title: "admin.runcards", needs: ["dispatch:configure"], admin: "things", load: page(() => import("../dispatch/RunCardsAdmin.svelte")) },
  { path: "/admin/tempat", title: "admin.premises", needs: ["incident:premises"], admin: "things", load: page(() => import("../incidents/PremisesAdmin.svelte")) },
  { path: "/admin/lembaga", title: "admin.agencies", needs: ["agency:view"], admin: "things", load: page(() => import("../admin/AgenciesAdmin.svelte")) },
  { path: "/admin/orang", title: "admin.people", needs: ["person:view"], admin: "rights", load: page(() => import("../admin/PeopleAdmin.svelte")) },
  { path: "/admin/peran", title: "admin.roles", needs: ["person:view"], admin: "rights", load: page(() => import("../admin/RolesAdmin.svelte")) },
  { path: "/admin/hak", title: "admin.grants", needs: ["grant:view"], admin: "rights", load: page(() => import("../admin/GrantsAdmin.svelte")) },
  { path: "/admin/hak/mengapa", title: "admin.why", needs: ["person:view"], admin: "rights", load: page(() => import("../admin/WhyAdmin.svelte")) },
  { path: "/admin/syarat-masuk", title: "admin.sign_in", needs: ["sign_in:configure"], admin: "rights", load: page(() => import("../identity/SignInAdmin.svelte")) },
  { path: "/admin/komputer", title: "admin.seats", needs: ["seat:configure"], admin: "rights", load: page(() => import("../identity/SeatsAdmin.svelte")) },
  { path: "/admin/permohonan", title: "admin.requests", needs: ["access:view"], admin: "lent", load: page(() => import("../access/RequestsAdmin.svelte")) },
  { path: "/admin/darurat", title: "admin.emergencies", needs: ["access:view"], admin: "lent", load: page(() => import("../access/EmergenciesAdmin.svelte")) },
  { path: "/admin/tinjauan", title: "admin.reviews", needs: ["access:view"], admin: "lent", load: page(() => import("../access/ReviewsAdmin.svelte")) },
  { path: "/admin/dasar-hukum", title: "admin.basis", needs: ["access:view"], admin: "lent", load: page(() => import("../access/BasisAdmin.svelte")) },
  { path: "/admin/token", title: "admin.tokens", needs: ["token:create"], admin: "programs", load: page(() => import("../admin/TokensAdmin.svelte")) },
  { path: "/admin/aplikasi", title: "admin.applications", needs: ["application:view"], admin: "programs", load: page(() => import("../admin/ApplicationsAdmin.svelte")) },
  { path: "/admin/webhook", title: "admin.webhooks", needs: ["webhook:view"], admin: "programs", load: page(() => import("../hub/WebhooksAdmin.svelte")) },
  { path: "/admin/penyedia", title: "admin.providers", needs: ["provider:view"], admin: "programs", load: page(() => import("../identity/ProvidersAdmin.svelte")) },
  { path: "/admin/audit", title: "admin.audit", needs: ["audit:read"], admin: "proof", load: page(() => import("../admin/AuditAdmin.svelte")) },
  { path: "/admin/privasi", title: "admin.privacy", needs: ["privacy:view"], admin: "proof", load: page(() => import("../privacy/PrivacyAdmin.svelte")) },
  { path: "/akun", title: "page.account", load: page(() => import("../identity/AccountPage.svelte")) },
  { path: "/bantuan", title: "page.help", load: page(() => import("../help/HelpPage.svelte")) },
  { path: "/komputer", title: "page.seat", bare: true, load: page(() => import("../identity/SeatPage.svelte")) },
  { path: "/masuk", title: "page.sign_in", bare: true, load: page(() => import("../identity/SignInPage.svelte")) },
  { path: "/masuk/:token", title: "page.sign_in", bare: true, load: page(() => import("../identity/SignInPage.svelte")) },
];

/** Finds the page of an address and the changing parts of it. */
export function match(path: string): { route: Route; params: Record<string, string> } | null {
  const given = path.replace(/\/+$/, "").split("/");
  for (const route of routes) {
    const wanted = route.path.split("/");
    if (wanted.length !== given.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, at) => {
      const value = given[at] ?? "";
      if (!part.startsWith(":")) return part === value;
      params[part.slice(1)] = decodeURIComponent(value);
      return value !== "";
    });
    if (fits) return { route, params };
  }
  return null;
}
