/**
 * A stand-in for the server while the pages are built: the whole contract but video, from memory.
 *
 *   WARROOM_MOCK_CITY=DIR node web/dev/mock.mjs [--port 18700] [--empty] [--viewer]
 *
 * DIR holds base, kecamatan, kelurahan, roads, places and cameras as GeoJSON; without it the city
 * has nine cameras and no map. --empty has no camera, --viewer signs in a person without Admin.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const has = (name) => process.argv.includes(`--${name}`);
const portAt = process.argv.indexOf("--port");
const PORT = portAt < 0 ? 18700 : Number(process.argv[portAt + 1]);
const CITY = process.env.WARROOM_MOCK_CITY ?? "";
const STATIC = fileURLToPath(new URL("../../src/warroom/app/static", import.meta.url));
const STARTED = Date.now();

const iso = (ms) => new Date(ms).toISOString();
const uuid = (word) => {
  const h = createHash("sha256").update(word).digest("hex");
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-7${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
};
const layer = (name) => {
  const path = join(CITY, `${name}.geojson`);
  const empty = { type: "FeatureCollection", features: [] };
  return CITY !== "" && existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : empty;
};

// --- the city ----------------------------------------------------------------------------------
const kecamatan = new Map(layer("kecamatan").features.map((f) => [f.properties.code, f.properties.name]));
const kelurahan = new Map(layer("kelurahan").features.map((f) => [f.properties.code, f.properties.name]));
const sites = layer("cameras").features;
while (sites.length < 9) {
  const n = sites.length + 1;
  sites.push({ geometry: { coordinates: [119.4 + n * 0.004, -5.14 - n * 0.002] }, properties: { number: n, name: `Kamera uji ${n}`, owner: "Dishub", ptz: n % 3 === 0, bearing: n * 40, fov: 70, range_m: 120, height_m: 6, kecamatan: null, kelurahan: null, site: "" } });
}

const KINDS = { Diskominfo: "skpd", Dishub: "dishub", Polrestabes: "police", Dinkes: "skpd" };
const owners = [...new Set(sites.map((s) => s.properties.owner))];
const agencies = owners.map((short) => ({ id: uuid(short), short, name: short.startsWith("Kecamatan") ? short : `${short} Kota Makassar`, kind: KINDS[short] ?? "kecamatan", is_active: true, version: 1 }));
const agencyOf = (short) => agencies.find((a) => a.short === short) ?? agencies[0];
const area = (code, names) => (code === null || !names.has(code) ? null : { code, name: names.get(code) });

function stateOf(number) {
  if (number % 53 === 0) return { state: "offline", reason: number % 2 ? "connect_timeout" : "unauthorized", since: iso(STARTED - 2_100_000) };
  if (number % 77 === 0) return { state: "late", reason: "slow", since: iso(STARTED - 40_000) };
  if (number % 211 === 0) return { state: "unknown", reason: "never_reported", since: null };
  return { state: "live", reason: null, since: iso(STARTED - 3_600_000 * (1 + (number % 30))) };
}

const cameras = has("empty") ? [] : sites.map(({ geometry, properties: p }) => {
  const told = stateOf(p.number);
  return {
    id: uuid(`camera ${p.number}`), number: p.number, name: p.name, place: p.kelurahan ?? p.kecamatan, site: p.site ?? "",
    kecamatan: area(p.kecamatan, kecamatan), kelurahan: area(p.kelurahan, kelurahan),
    lon: geometry.coordinates[0], lat: geometry.coordinates[1], height_m: p.height_m, bearing_deg: p.bearing, fov_deg: p.fov, range_m: p.range_m,
    is_ptz: p.ptz, agency: agencyOf(p.owner), tags: [], codec: "avc1.64001e", has_sub: true, simulated: true, enabled: true,
    state: { ...told, last_frame_at: told.state === "unknown" ? null : iso(Date.now() - 400), fps: 12.5, kbit_s: 310, clock_offset_ms: 38, clock_uncertainty_ms: 12, recording: told.state !== "offline" && told.state !== "unknown" },
    version: 1, notes: "", created_at: iso(STARTED - 9e8), changed_at: iso(STARTED - 9e7), retention_class: "standard",
    streams: [{ role: "main", url: `rtsp://10.20.1.${p.number % 250}/main`, transport: "tcp", codec: "avc1.64001e", width: 640, height: 360, has_password: true }],
  };
});
const brief = ({ version, notes, created_at, changed_at, streams, retention_class, ...camera }) => camera;

const ACTIONS = "camera:view live:view recording:view recording:export wall:view wall:share city:view".split(" ");
const ADMIN = "provider:view provider:configure webhook:view webhook:configure camera:configure agency:view agency:configure person:view person:configure person:factors person:sessions seat:configure sign_in:configure grant:view grant:configure application:view application:configure audit:read token:create system:view ptz:move access:view access:request access:break_glass access:review role:configure".split(" ");
const roles = [
  { name: "operator", actions: ACTIONS },
  { name: "admin_lembaga", actions: [...ACTIONS, ...ADMIN] },
  { name: "auditor", actions: ["audit:read"] },
  { name: "own-1", label: "Operator malam", agency: agencies[0], actions: ["live:view"] },
];
const names = ["Rahmat Syam", "Sitti Aminah", "Andi Nurhayati", "Baso Daeng Tutu", "Hamzah Latif", "Nur Asia", "Muh. Fadli", "Irma Suryani"];
const people = names.map((name, i) => ({ id: uuid(name), login: name.toLowerCase().replace(/[^a-z]+/g, "."), name, title: i === 0 ? "Operator kamera" : "Petugas", agency: agencies[i % agencies.length], roles: [{ role: i === 0 ? "admin_lembaga" : "operator", reach: "own" }], is_active: i !== 5, has_password: true, language: "id", last_seen_at: iso(STARTED - i * 5e6), version: 1 }));
const grants = [{ id: uuid("g1"), actions: ["camera:view", "live:view"], deny: false, person: null, to_agency: agencies[1], agencies: [agencies[0].id], places: null, objects: null, tags: null, starts_at: iso(STARTED - 8e7), ends_at: iso(STARTED + 8e8), reason: "Pengamanan karnaval, surat 331/2026", letter: "331/2026", given_by: people[0].name, created_at: iso(STARTED - 8e7), revoked_at: null }];
const tokens = [];
const applications = has("empty") ? [] : ["Peta macet Makassar", "Papan antrean puskesmas", "Arsip kejaksaan"].map((name, i) => ({
  id: uuid(name), name, purpose: i === 0 ? "Menampilkan keadaan kamera simpang pada peta publik Dishub." : "", agency: agencies[i % agencies.length],
  actions: ["camera:view", "city:view", ...(i === 0 ? ["live:view"] : [])], reach: "own", places: i === 1 ? ["73.71.04"] : null, objects: null, tags: null, with_grants: i === 2, is_active: i !== 2, version: 1, created_at: iso(STARTED - 9e8), created_by: people[0].name,
  tokens: i === 2 ? [] : [0, 1].map((n) => ({ id: uuid(`${name} ${n}`), name: n === 0 ? "server produksi" : "server lama", actions: null, networks: n === 0 ? ["10.20.0.0/16"] : [], per_minute: n === 0 ? 600 : null, created_at: iso(STARTED - 8e8), expires_at: iso(STARTED + 7e9 - n * 6.9e9), replaced_by: n === 0 ? null : uuid(`${name} 0`), last_used_at: iso(STARTED - 6e4 - n * 9e7), last_address: "10.20.4.31", last_route: "GET /api/cameras" })),
}));
const AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"];
const open = AGENTS.map((agent, i) => ({ id: uuid(agent), method: i === 0 ? "password+totp" : "passkey", created_at: iso(STARTED - 4e6), seen_at: iso(STARTED - i * 9e5), expires_at: iso(STARTED + 3e7), address: `10.20.4.${17 + i}`, agent, is_this: i === 0, seat: i === 0 ? "Meja 7" : null }));
const account = { factors: { totp: has("empty") ? null : { created_at: iso(STARTED - 9e8), used_at: iso(STARTED - 4e6) }, passkeys: has("empty") ? [] : ["Chrome, Windows", "Kunci USB biru"].map((name, i) => ({ id: uuid(name), name, created_at: iso(STARTED - 8e8), used_at: i === 0 ? iso(STARTED - 5e6) : null, is_backed_up: i === 0 })), recovery: has("empty") ? 0 : 3, has_password: true }, required: "any", due_at: iso(STARTED + 6e8), must_change: false, must_enrol: false, password_least: 8, method: "password+totp" };
const codes = Array.from({ length: 10 }, (_, i) => createHash("sha256").update(`code ${i}`).digest("hex").slice(0, 16).toUpperCase().replace(/(.{4})(?=.)/g, "$1-"));
const seats = has("empty") ? [] : ["Meja 7", "Meja 8"].map((name, i) => ({ id: uuid(name), name, place: null, agency: agencies[0], created_at: iso(STARTED - 8e8), enrolled_at: i === 0 ? iso(STARTED - 7e8) : null, seen_at: i === 0 ? iso(STARTED - 4e6) : null, address: i === 0 ? "10.20.4.17" : null, agent: i === 0 ? AGENTS[0] : null, code_expires_at: i === 0 ? null : iso(STARTED + 9e5) }));
const demands = roles.map((role, i) => ({ role: role.name, factor: ["any", "passkey", "none"][i % 3], grace_days: 14, seats_only: i === 0 }));
const layouts = [];
let person = null;

const session = () => ({
  person: { id: people[0].id, login: people[0].login, name: people[0].name, title: people[0].title, language: people[0].language },
  agency: agencies.find((a) => a.short === "Diskominfo") ?? agencies[0],
  actions: has("viewer") ? ACTIONS : [...ACTIONS, ...ADMIN],
  sign_in: { must_change: false, must_enrol: false, due_at: iso(STARTED + 6e8), required: "any" },
  city: { name: "Makassar", zone: "Asia/Makassar", zone_label: "WITA", schematic: true, demo: true, bounds: [119.38, -5.225, 119.545, -5.055], center: [119.43, -5.147] },
  workstation: "WS-07", now: iso(Date.now()),
});

const WORDS = ["live:view", "recording:view", "recording:hold", "camera:configure", "session:open", "grant:configure"];
const audit = Array.from({ length: 640 }, (_, i) => {
  const camera = cameras[(i * 37) % Math.max(1, cameras.length)];
  const who = people[i % people.length];
  return { seq: 640 - i, at: iso(STARTED - i * 97_000), person: { id: who.id, name: who.name }, agency: who.agency.short, action: WORDS[i % WORDS.length], object_kind: "camera", object_id: camera?.id ?? null, object_label: camera ? `${camera.number} ${camera.name}` : null, place: camera?.kecamatan?.name ?? null, reason: i % 9 === 0 ? "Permintaan 112-2026-004217" : null, address: "10.20.4.17", door: "web", seconds: 12 + (i % 80), detail: { seconds: 12 + (i % 80) } };
});

const holds = cameras.slice(0, 14).map((camera, i) => {
  const from = STARTED - (i + 1) * 5_400_000;
  const state = i === 3 ? "ends_soon" : i > 11 ? "released" : "held";
  const over = state === "released";
  return { id: uuid(`hold ${i}`), camera: { id: camera.id, number: camera.number, name: camera.name }, from: iso(from), to: iso(from + 600_000 + i * 90_000), reason: ["Tabrak lari, diminta penyidik", "Banjir setinggi lutut di depan pasar, bukti untuk Dinas PU dan BPBD", "Pencurian sepeda motor", "Kebakaran ruko"][i % 4], case_number: i % 3 === 0 ? `LP/${110 + i}/XI/2026` : "", until_at: i === 3 ? iso(Date.now() + 2 * 864e5) : i % 4 === 2 ? iso(Date.now() + 90 * 864e5) : null, state, created_at: iso(from + 3_600_000), created_by: "Andi Rahman", held_by: i % 5 === 4 ? "Kejari Makassar" : "Kominfo", released_at: over ? iso(Date.now() - 864e5) : null, released_by: over ? "Andi Rahman" : "", release_reason: over ? "Perkara selesai" : null, bytes: 9e7 + i * 3.1e7, missing_s: i % 6 === 1 ? 214 : 0, may_release: !over && i % 5 !== 4 };
});

const HINTS = [["bulk", { things: 31, own: 8, role: 10, peers: 4 }], ["hours", { hour: 2, looks: 5, days: 14, share: 0 }], ["place", { looks: 12, things: 6, districts: ["73.71.11", "73.71.12"], home: 3 }], ["refusals", { refusals: 7 }], ["emergency", { emergencies: 1 }]];
const hints = HINTS.map(([kind, numbers], i) => ({ id: uuid(`hint ${kind}`), kind, numbers, person_id: people[i % people.length].id, person: people[i % people.length].name, begins_at: iso(STARTED - 36e5 * (i + 1)), ends_at: iso(STARTED - 36e5 * i), seen_at: i === 4 ? iso(STARTED) : null, seen_by: i === 4 ? people[0].name : null, note: i === 4 ? "Latihan gabungan" : null }));

// --- answers -----------------------------------------------------------------------------------
const problem = (status, code, params = {}) => ({ status, body: { type: "about:blank", title: code, status, code, params } });
const ok = (body, status = 200) => ({ status, body });
const all = (items) => ok({ items, next: null, total: items.length });

const picture = (camera) => {
  const hue = (camera.number * 47) % 360;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><rect width="320" height="84" fill="hsl(${hue} 12% 62%)"/><rect y="78" width="320" height="102" fill="#565a5c"/><path d="M150 80h20l130 100H20z" fill="#3f4447"/><path d="M159 84h2l6 96h-14z" fill="#d8d4c0"/><rect x="${60 + (camera.number % 90)}" y="120" width="52" height="28" rx="4" fill="hsl(${hue} 35% 38%)"/><rect x="200" y="100" width="30" height="16" rx="3" fill="#e2e2dc"/></svg>`;
};

function distanceM(a, b) {
  const x = (a.lon - b.lon) * 110_600;
  const y = (a.lat - b.lat) * 110_600;
  return Math.hypot(x, y);
}

function importRows(text, dry) {
  const lines = text.trim().split("\n").slice(1);
  const rejected = lines.flatMap((line, i) => (line.split(",").length < 4 ? [{ row: i + 2, field: "lat", code: "cameras.import_missing", message: "Kolom lintang kosong.", value: line.slice(0, 30) }] : []));
  return { added: lines.length - rejected.length, changed: 0, unchanged: 0, rejected, dry_run: dry };
}

function change(list, id, body) {
  const found = list.find((one) => one.id === id);
  if (found === undefined) return problem(404, "not_found");
  if (body.version !== undefined && body.version !== found.version) return problem(409, "cameras.changed_meanwhile");
  Object.assign(found, body, { version: (found.version ?? 1) + 1 });
  return ok(found);
}

const purpose = (key, name) => ({ key, name, basis: "Pasal 20 ayat (2) huruf e jo. Pasal 17", data: "gambar ruang publik", subjects: "orang di ruang publik", recipients: "", receiving: key === "cctv_live" ? ["Polrestabes Makassar"] : [], retention: "footage.standard", stored: "disk perekam", measures: "hak per kamera, audit", owner: "Diskominfo", contact: "", version: 0, changed_at: null, changed_by: null });
const privacy = {
  purposes: [purpose("cctv_live", "CCTV: pemantauan langsung"), purpose("cctv_recording", "CCTV: rekaman"), purpose("audit", "Catatan pemrosesan dan akses")],
  retention: [{ key: "footage.standard", name: "Rekaman kelas standard", days: 30, end: "dihapus otomatis", basis: "", version: 0 }, { key: "audit", name: "Catatan audit", days: null, end: "tidak dihapus", basis: "UU 27/2022 Pasal 31", version: 0 }],
  deletions: Array.from({ length: 24 }, (_, i) => ({ id: uuid(`del ${i}`), day: iso(STARTED - i * 864e5).slice(0, 10), store: "rec-1 disk 1", class: "footage.standard", rule: i % 3 ? "age" : "ring", count: 9000 + i, bytes: 4.1e10, first_at: iso(STARTED - 31 * 864e5), last_at: iso(STARTED - 30 * 864e5), began_at: iso(STARTED), ended_at: iso(STARTED), sealed_at: i ? iso(STARTED) : null })),
  cases: [{ id: uuid("case"), number: "SDP-2026-0001", asker: "Daeng Sri", identified_by: "KTP asli di loket", wants: ["access", "correction"], subject_kind: "name", subject_code: "9f2c41d0a7e3", received_at: iso(STARTED - 6e7), due_at: iso(STARTED + 2e8), clock: "running", searched_at: null, ended_at: null, outcome: null, reason: null, decisions: [], report: null }],
  breaches: [{ id: uuid("breach"), number: "IPD-2026-0001", title: "Laptop berisi rekaman hilang", state: "found", body: { what: "Laptop dicuri" }, found_at: iso(STARTED - 2e8), due_at: iso(STARTED + 6e7), clock: "soon", next: ["assessed"], subjects_at: null, authority_at: null, not_required_reason: null, version: 1, notice: "PEMBERITAHUAN" }],
  assessment: { purposes: [], findings: ["footage.standard"], cameras: [{ class: "standard", owner: "Diskominfo", place: "Mariso", count: 12 }], roles: [{ role: "operator", factor: "none", seats_only: false }], seats: 2, security: { tables: 60, tables_walled: 44, anchors: [], disk_encryption: null } },
};

const routes = [
  ["POST /api/session", (_, { body }) => (body.password === "dua" ? ok({ second: { ticket: "x", ways: ["passkey", "totp", "recovery"], expires_at: iso(Date.now() + 3e5) } }, 202) : body.password === "salah" ? problem(401, "identity.wrong_password") : body.password === "tunggu" ? problem(429, "identity.too_many_attempts", { wait_s: 42 }) : ((person = people[0]), ok(session())))],
  ["POST /api/session/link", (_, { body }) => (body.token === "dipakai" ? problem(401, "identity.link_used") : ((person = people[0]), ok(session())))],
  ["POST /api/session/second", (_, { body }) => (body.code === "000000" ? problem(401, "identity.wrong_code") : ((person = people[0]), ok(session())))],
  ["GET /api/account", () => ok(account)],
  ["POST /api/account/totp", () => ok({ ticket: "x", secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", uri: "otpauth://totp/x", qr: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E%3Crect width='4' height='4' fill='%23fff'/%3E%3C/svg%3E" })],
  ["PUT /api/account/totp", (_, { body }) => (body.code === "000000" ? problem(422, "identity.wrong_proof") : ((account.factors.totp = { created_at: iso(Date.now()), used_at: null }), ok({ recovery: codes })))],
  ["DELETE /api/account/totp", () => ((account.factors.totp = null), { status: 204 })],
  ["POST /api/account/recovery", () => ((account.factors.recovery = 10), ok({ recovery: codes }))],
  ["POST /api/account/proof", () => ({ status: 204 })],
  ["GET /api/sessions", () => all(open)],
  ["DELETE /api/sessions", () => (open.splice(1), { status: 204 })],
  ["DELETE /api/sessions/:id", () => (open.splice(1), { status: 204 })],
  ["GET /api/people/:id/sessions", () => all(open)],
  ["GET /api/roles/sign-in", () => all(demands)],
  ["PATCH /api/roles/:id/sign-in", ({ id }, { body }) => (Object.assign(demands.find((one) => one.role === id) ?? {}, body), { status: 204 })],
  ["GET /api/seats", () => all(seats)],
  ["POST /api/seats", (_, { body }) => { const made = { ...body, id: uuid(body.name), agency: agencies[0], enrolled_at: null, seen_at: null, address: null, agent: null, code_expires_at: iso(Date.now() + 9e5) }; seats.push(made); return ok({ id: made.id, code: "7KQ2-M4XT-9PDB", minutes: 15 }, 201); }],
  ["POST /api/seats/:id/code", ({ id }) => ok({ id, code: "7KQ2-M4XT-9PDB", minutes: 15 })],
  ["DELETE /api/seats/:id", ({ id }) => { seats.splice(seats.findIndex((one) => one.id === id), 1); return { status: 204 }; }],
  ["GET /api/session", () => (person === null ? problem(401, "unauthenticated") : ok(session()))],
  ["PATCH /api/session", (_, { body }) => (Object.assign(people[0], body), ok(session()))],
  ["DELETE /api/session", () => ((person = null), { status: 204 })],
  ["GET /api/cameras", () => all(cameras.map(brief))],
  ["POST /api/cameras", (_, { body }) => (cameras.some((c) => c.number === body.number) ? problem(409, "cameras.number_taken", { number: body.number }) : ok({ ...cameras[0], ...body, id: uuid(String(Math.random())) }, 201))],
  ["POST /api/cameras/probe", (_, { body }) => ok(body.url?.includes("bad") ? { ok: false, ms: 3001, code: "cameras.probe_timeout", message: "Kamera tidak menjawab dalam 3 detik." } : { ok: true, codec: "avc1.64001e", width: 1920, height: 1080, fps: 25, audio: null, ms: 212 })],
  ["POST /api/cameras/import", (_, { text, query }) => ok(importRows(text, query.get("dry_run") === "1"))],
  ["GET /api/cameras/summary", () => ok({ total: cameras.length })],
  ["GET /api/cameras/nearby", (_, { query }) => {
    const at = { lat: Number(query.get("lat")), lon: Number(query.get("lon")) };
    const near = cameras.map((c) => ({ ...brief(c), distance_m: distanceM(at, c) })).sort((a, b) => a.distance_m - b.distance_m);
    return all(near.slice(0, Number(query.get("limit") ?? 6)));
  }],
  ["GET /api/cameras/:id/access", ({ id }) => all(audit.slice(0, 6).map((row) => ({ at: row.at, person: row.person.name, agency: row.agency, action: row.action, seconds: row.detail.seconds, id })))],
  ["GET /api/cameras/:id", ({ id }) => { const c = cameras.find((one) => one.id === id); return c ? ok(c) : problem(404, "not_found"); }],
  ["PATCH /api/cameras/:id", ({ id }, { body }) => change(cameras, id, body)],
  ["DELETE /api/cameras/:id", () => ({ status: 204 })],
  ["GET /api/recording/alarms", () => all(cameras.filter((c) => c.enabled && !c.state.recording).map((c) => ({ id: uuid(`alarm ${c.id}`), kind: "camera_not_recorded", level: "alarm", since: c.state.since ?? iso(STARTED), cleared_at: null, node: "node-1", disk: "", camera_id: c.id, number: c.number, name: c.name, state: c.state.state, reason: c.state.reason })))],
  ["GET /api/recording/holds", (_, { query }) => all(holds.filter((h) => query.get("released") === "true" || h.released_at === null))],
  ["POST /api/recording/holds", (_, { body }) => {
    const made = body.camera_ids.map((id) => { const c = cameras.find((one) => one.id === id); return { ...holds[0], id: uuid(String(Math.random())), camera: { id, number: c.number, name: c.name }, from: body.from, to: body.to, reason: body.reason, case_number: body.case_number, until_at: body.until_at, state: "held", missing_s: 74, missing: [{ start: body.from, end: iso(Date.parse(body.from) + 74_000), cause: "unreachable" }] }; });
    holds.unshift(...made);
    return ok({ items: made }, 201);
  }],
  ["GET /api/recording/holds/:id", (_, __, path) => { const h = holds.find((one) => one.id === path.split("/")[4]); return h ? ok({ ...h, missing: h.missing_s > 0 ? [{ start: h.from, end: iso(Date.parse(h.from) + h.missing_s * 1000), cause: "not_kept" }] : [] }) : problem(404, "recording.hold_not_found"); }],
  ["PATCH /api/recording/holds/:id", (_, { body }, path) => change(holds, path.split("/")[4], { until_at: body.until_at, case_number: body.case_number })],
  ["DELETE /api/recording/holds/:id", (_, { query }, path) => { const h = holds.find((one) => one.id === path.split("/")[4]); if (h) Object.assign(h, { released_at: iso(Date.now()), released_by: people[0].name, release_reason: query.get("reason"), state: "released", may_release: false }); return { status: 204 }; }],
  ["GET /api/recordings/summary", () => ok({ disks: [{ path_label: "video", bytes: 3.1e9, quota_bytes: 4e9, oldest_at: iso(STARTED - 9e7), state: "ok" }], days: 1.1, recording: cameras.filter((c) => c.state.recording).length, simulated_quota: true })],
  ["GET /api/agencies", () => all(agencies)],
  ["POST /api/agencies", (_, { body }) => { const made = { id: uuid(body.short), is_active: true, version: 1, ...body }; agencies.push(made); return ok(made, 201); }],
  ["PATCH /api/agencies/:id", ({ id }, { body }) => change(agencies, id, body)],
  ["GET /api/people", () => all(people)],
  ["GET /api/words", () => all([...ACTIONS, ...ADMIN].map((word) => ({ word, on: "camera", level: "view" })))],
  ["GET /api/why", (_, { query }) => {
    const who = people.find((one) => one.id === query.get("person")) ?? people[0];
    if (query.get("thing") === "999999") return problem(404, "not_found");
    const may = query.get("action") !== "recording:export";
    const role = { source: "role", deny: false, reaches: may, misses: may ? [] : ["agency"], role: { name: "operator", label: "", reach: "own" }, grant: null, hidden: false, since: null, until: null };
    const given = { source: "grant", deny: !may, reaches: true, misses: [], role: null, grant: { reason: "Pengamanan karnaval", letter: "331/2026", created_by: people[1].name, created_at: iso(STARTED - 8e7), to_agency: "Dishub", purpose: null }, hidden: false, since: null, until: iso(STARTED + 8e8) };
    return ok({ person: { id: who.id, login: who.login, name: who.name, agency: who.agency }, action: query.get("action"), thing: { kind: "camera", id: uuid("thing"), label: `${query.get("thing")} Jl. Penghibur`, agency: agencies[0], place: "73.71.04", tags: [], class: "public" }, allowed: may, blocked: null, rights: may ? [role, given] : [given, role], more: 0, needed: may ? null : { blocked: null, roles: [{ name: "admin_lembaga", label: "" }] } });
  }],
  ["POST /api/people", (_, { body }) => { const made = { id: uuid(body.login), is_active: true, version: 1, last_seen_at: null, ...body, agency: agencies.find((a) => a.id === body.agency_id) ?? null }; people.push(made); return ok(made, 201); }],
  ["PATCH /api/people/:id", ({ id }, { body }) => change(people, id, body)],
  ["POST /api/people/:id/password", (_, { body }) => (body.password.length < 12 ? problem(422, "identity.weak_password") : { status: 204 })],
  ["GET /api/roles", () => all(roles)],
  ["POST /api/roles", (_, { body }) => { const made = { name: uuid(body.label), version: 1, people: 0, note: "", ...body, actions: body.actions ?? ACTIONS, agency: agencies.find((a) => a.id === body.agency_id) ?? null }; roles.push(made); return ok(made, 201); }],
  ["GET /api/grants", () => all(grants)],
  ["POST /api/grants", (_, { body }) => { const made = { ...grants[0], ...body, id: uuid(String(Math.random())), person: people.find((p) => p.id === body.person_id) ?? null, to_agency: agencies.find((a) => a.id === body.to_agency_id) ?? null, created_at: iso(Date.now()) }; grants.push(made); return ok(made, 201); }],
  ["DELETE /api/grants/:id", ({ id }) => { const g = grants.find((one) => one.id === id); if (g) g.revoked_at = iso(Date.now()); return { status: 204 }; }],
  ["GET /api/tokens", () => all(tokens)],
  ["POST /api/tokens", (_, { body }) => { const made = { id: uuid(String(Math.random())), name: body.name, actions: body.actions, created_at: iso(Date.now()), expires_at: iso(Date.now() + body.days * 864e5), person: people[0], last_used_at: null }; tokens.push(made); return ok({ ...made, token: "wr_3f9a0c" + made.id.replaceAll("-", "") }, 201); }],
  ["DELETE /api/tokens/:id", ({ id }) => { tokens.splice(tokens.findIndex((one) => one.id === id), 1); return { status: 204 }; }],
  ["POST /api/tokens/:id/rotate", () => ok({ id: uuid(String(Math.random())), token: "wr_" + "9c41".repeat(10), expires_at: iso(Date.now() + 9e9) }, 201)],
  ["GET /api/applications", () => all(applications)],
  ["POST /api/applications", (_, { body }) => { const made = { ...applications[0], purpose: "", ...body, id: uuid(String(Math.random())), tokens: [], version: 1, agency: agencies.find((a) => a.id === body.agency_id) ?? null }; applications.push(made); return ok(made, 201); }],
  ["PATCH /api/applications/:id", ({ id }, { body }) => change(applications, id, body)],
  ["POST /api/applications/:id/tokens", () => ok({ id: uuid(String(Math.random())), token: "wr_" + "3f9a".repeat(10), expires_at: iso(Date.now() + 9e9) }, 201)],
  ["GET /api/sso/providers", () => ok({ items: [{ slug: "kota", name: "SSO Kota Makassar" }] })],
  ["POST /api/sso/:slug", () => problem(503, "identity.sso_away", { provider: "SSO Kota Makassar" })],
  ["GET /api/sso/session", () => ok({ sign_out_url: null })],
  ["GET /api/sso/links", () => all([{ id: uuid("l1"), provider: "SSO Kota Makassar", slug: "kota", subject: "x", email: null, is_managed: false, created_at: iso(STARTED), last_used_at: iso(STARTED - 9e6) }])],
  ["GET /api/people/:id/links", () => all([])],
  ["GET /api/providers", () => all(has("empty") ? [] : [{ id: uuid("v1"), slug: "kota", name: "SSO Kota Makassar", issuer: "https://sso.makassar.example", client_id: "warroom", has_secret: true, scopes: ["openid"], agencies: agencies.slice(0, 2).map((a) => a.id), agency_claim: "instansi", agency_map: { PMK: agencies[0].id }, creates: true, default_role: null, groups_claim: "groups", role_map: { regu: "operator" }, factor_values: ["mfa"], ends_session: false, is_active: true, version: 1, people: 14 }])],
  ["GET /api/webhooks/kinds", () => ok({ items: [{ name: "camera.state_changed", action: "camera:view" }, { name: "camera.changed", action: "camera:view" }] })],
  ["GET /api/webhooks/:id/deliveries", () => all(["done", "pending", "parked", "withheld"].map((state, i) => ({ id: uuid(state), kind: "camera.state_changed", at: iso(STARTED - i * 6e5), state, tries: i + 1, status: i === 0 ? 204 : i === 1 ? 503 : null, why: i === 2 ? "timeout" : null, seconds: i === 0 ? 0.12 : null })))],
  ["GET /api/webhooks", () => all(has("empty") ? [] : ["Papan lalu lintas", "Pusat data SKPD"].map((name, i) => ({ id: uuid(name), name, url: `https://hook.dishub.example/${i}`, kinds: ["camera.state_changed"], is_active: true, version: 1, failures: i * 4, paused_until: i ? iso(Date.now() + 6e4) : null, last_ok_at: iso(STARTED - 6e4), lost: 0, pending: i * 212, parked: i * 3, old_secret_until: null, agency: agencies[0], application: { id: uuid("Peta macet Makassar"), name: "Peta macet Makassar", is_active: true } })))],
  ["POST /api/webhooks", () => ok({ id: uuid("Papan lalu lintas"), secret: "whsec_" + "Q2hhbmdl".repeat(5) }, 201)],
  ["POST /api/webhooks/:id/test", () => ok({ ok: true, status: 204, why: null, seconds: 0.21 })],
  ["POST /api/webhooks/:id/rotate", () => ok({ secret: "whsec_" + "Q2hhbmdl".repeat(5) }, 201)],
  ["GET /api/audit/seal", () => ok({ verified_at: iso(Date.now() - 124_000), rows: 18_204, intact: true, head: "9f2c41d0a7e3", anchored_at: iso(Date.now() - 400_000), anchors: has("empty") ? [] : [["file", "file", null], ["syslog", "syslog:tls://log.makassar.example:6514", "timeout"], ["tsa", "tsa:https://tsa.example/tsr", null]].map(([kind, target, problem], i) => ({ kind, target, problem, line: 4210 - i * 40, anchored_at: iso(STARTED - 6e4 * (1 + i * 40)), failing_since: problem === null ? null : iso(STARTED - 26e5) })) })],
  ["GET /api/audit/watchers", () => ok({ most: 500, items: has("empty") ? [] : audit.slice(0, 12).map((row, i) => ({ id: String(row.seq), at: row.at, person: row.person.name, agency: row.agency, action: i % 3 === 2 ? "recording:view" : "live:view", seconds: i % 4 === 0 ? null : row.detail.seconds, footage_from: i % 3 === 2 ? iso(STARTED - 7e6) : null, footage_to: i % 3 === 2 ? iso(STARTED - 68e5) : null, purpose: null, reason: row.reason })) })],
  ["GET /api/audit/seen", () => ok({ most: 500, items: has("empty") ? [] : cameras.slice(0, 14).map((c, i) => ({ object_id: c.id, object_label: `${c.number} ${c.name}`, place: c.kecamatan?.name ?? null, looks: 9 - (i % 9), seconds: 600 - i * 31, footage: i % 3, footage_s: i % 3 === 0 ? null : 120 * i, others: 0, first_at: iso(STARTED - 5e6 - i * 1e5), last_at: iso(STARTED - i * 9e4) })) })],
  ["GET /api/audit/hints", () => ok({ items: has("empty") ? [] : hints })],
  ["POST /api/audit/hints/:id/seen", ({ id }, { body }) => { const found = hints.find((one) => one.id === id); Object.assign(found, { seen_at: iso(Date.now()), seen_by: people[0].name, note: body.note }); return ok(found); }],
  ["GET /api/requests/directory", () => ok({ agencies, people, roles: roles.map(({ name }) => ({ name, label: "" })), basis: [{ id: uuid("b1"), law: "UU 20/2025 (KUHAP)", article: "Pasal 235 ayat (1)" }], actions: ["camera:view", "live:view", "recording:view"] })],
  ["GET /api/requests", () => ok({ items: [], next: null, approver_roles: [] })],
  ["GET /api/emergencies/active", () => all([])],
  ["GET /api/emergencies/directory", () => ok({ agencies })],
  ["GET /api/emergencies", () => ok({ items: [], next: null, limits: { minutes: 60, most: 240 } })],
  ["GET /api/reviews", () => all([])],
  ["GET /api/audit", (_, { query }) => {
    const q = (query.get("q") ?? "").toLowerCase();
    const found = audit.filter((r) => (q === "" || JSON.stringify(r).toLowerCase().includes(q)) && (!query.get("action") || r.action === query.get("action")));
    const from = Number(query.get("cursor") ?? 0);
    return ok({ items: found.slice(from, from + 100), next: from + 100 < found.length ? String(from + 100) : null });
  }],
  ["GET /api/privacy/purposes", () => all(has("empty") ? [] : privacy.purposes)],
  ["GET /api/privacy/retention", () => ok({ items: has("empty") ? [] : privacy.retention, findings: ["footage.standard"] })],
  ["GET /api/privacy/deletions", () => all(has("empty") ? [] : privacy.deletions)],
  ["GET /api/privacy/cases", () => all(has("empty") ? [] : privacy.cases)],
  ["GET /api/privacy/cases/:id", () => ok(privacy.cases[0])],
  ["GET /api/privacy/breaches", () => all(has("empty") ? [] : privacy.breaches)],
  ["GET /api/privacy/breaches/:id", () => ok(privacy.breaches[0])],
  ["GET /api/privacy/assessment", () => ok(privacy.assessment)],
  ["GET /api/privacy/records/:kind/:key/versions", () => all([{ version: 1, at: iso(STARTED), person_label: people[0].name, reason: "Diisi menurut Perwali" }])],
  ["GET /api/walls/layouts", () => all(layouts)],
  ["GET /api/places/search", (_, { query }) => {
    const q = (query.get("q") ?? "").toLowerCase();
    const found = [...layer("places").features, ...layer("roads").features].filter((f) => f.properties.name.toLowerCase().includes(q)).slice(0, 8);
    return all(found.map((f) => { const at = f.geometry.type === "Point" ? f.geometry.coordinates : f.geometry.coordinates[0]; return { id: f.properties.id, kind: f.properties.kind ?? "jalan", name: f.properties.name, detail: kecamatan.get(f.properties.kecamatan) ?? "", lon: at[0], lat: at[1], score: 1 }; }));
  }],
];

function find(method, path) {
  for (const [pattern, answer] of routes) {
    const [wantedMethod, wantedPath] = pattern.split(" ");
    const wanted = wantedPath.split("/");
    const given = path.split("/");
    if (wantedMethod !== method || wanted.length !== given.length) continue;
    if (wanted.every((part, i) => part.startsWith(":") || part === given[i])) return { answer, params: { id: given[3] } };
  }
  return null;
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

function sendFile(path, response) {
  const wanted = join(STATIC, path);
  const file = path !== "/" && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(STATIC, "index.html");
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
}

function sendPicture(path, response) {
  const camera = cameras.find((one) => path.includes(one.id));
  if (camera === undefined || camera.state.state === "unknown") return response.writeHead(503, { "content-type": "application/problem+json" }).end('{"code":"live.no_picture"}');
  const age = camera.state.state === "live" ? 400 : Date.now() - Date.parse(camera.state.since);
  return response.writeHead(200, { "content-type": "image/svg+xml", "x-frame-at": iso(Date.now() - age), "x-frame-age-ms": String(age) }).end(picture(camera));
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://mock");
  if (!pathname.startsWith("/api/")) return sendFile(pathname, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  if (pathname.startsWith("/api/live/") && pathname.endsWith("snapshot.jpg")) return sendPicture(pathname, response);
  const layerName = /^\/api\/places\/layers\/(\w+)\.geojson$/.exec(pathname)?.[1];
  if (layerName !== undefined) return response.writeHead(200, { "content-type": "application/geo+json" }).end(JSON.stringify(layer(layerName)));
  const found = find(request.method, pathname);
  const isJson = (request.headers["content-type"] ?? "").includes("json") && !pathname.endsWith("import");
  const body = isJson && text !== "" ? JSON.parse(text) : {};
  const answer = found === null ? problem(404, "not_found") : found.answer(found.params, { query: searchParams, body, text }, pathname);
  const type = answer.status >= 400 ? "application/problem+json" : "application/json";
  return response.writeHead(answer.status, { "content-type": type }).end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (request.url !== "/ws") return socket.destroy();
  return sockets.handleUpgrade(request, socket, head, (wire) => wire.send(JSON.stringify({ type: "hello", id: String(eventId), now: iso(Date.now()) })));
});

let eventId = 1000;
const broadcast = (message) => sockets.clients.forEach((wire) => wire.send(JSON.stringify(message)));
setInterval(() => broadcast({ type: "ping", now: iso(Date.now()) }), 5_000).unref();
setInterval(() => {
  const camera = cameras[(eventId * 31) % Math.max(1, cameras.length)];
  if (camera === undefined) return;
  camera.state = { ...camera.state, last_frame_at: iso(Date.now() - 300), kbit_s: 290 + (eventId % 40) };
  eventId += 1;
  broadcast({ type: "event", topic: "cameras.state", id: String(eventId), at: iso(Date.now()), body: { id: camera.id, state: camera.state } });
}, 400).unref();

server.listen(PORT, "127.0.0.1", () => console.log(`mock on ${PORT}, ${cameras.length} cameras`));
