/**
 * A stand-in for the server while the front end is built: cameras, live pictures and recordings by
 * the same contract, from a few clips, without a database. Needs ffmpeg.
 *
 *   node web/dev/media-mock.mjs --port 18750 --clips DIR [--dist web/dist]
 *
 * Cameras 3, 5, 7, 9, 11 and 13 misbehave: late, offline, frozen, refused, unplayable, stops.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const PORT = Number(option("port", "18750"));
const CLIPS = option("clips", "");
const DIST = option("dist", "");
const FPS = 15;
const TICKS = 90_000 / FPS;
const START = Date.now() - 6 * 3_600_000;
const work = mkdtempSync(join(tmpdir(), "media-mock-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));

// --- clips -------------------------------------------------------------------------------------
function boxes(data, from = 0, to = data.length) {
  const out = [];
  for (let at = from; at + 8 <= to; ) {
    const size = data.readUInt32BE(at);
    out.push({ type: data.toString("latin1", at + 4, at + 8), at, size });
    at += size;
  }
  return out;
}

function loadClip(source, index) {
  const mp4 = join(work, `${index}.mp4`);
  const input = source === null ? ["-f", "lavfi", "-t", "20", "-i", `testsrc2=s=640x360:r=${FPS},hue=h=${index * 40}`] : ["-t", "20", "-i", source];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...input, "-an", "-vf", `scale=640:360:force_original_aspect_ratio=increase,crop=640:360,fps=${FPS}`,
    "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "30", "-sc_threshold", "0", "-b:v", "500k", "-pix_fmt", "yuv420p",
    "-video_track_timescale", "90000", "-movflags", "frag_every_frame+empty_moov+default_base_moof", mp4]);
  execFileSync("ffmpeg", ["-v", "error", "-y", "-i", mp4, "-vf", "fps=1", "-q:v", "6", join(work, `${index}-%03d.jpg`)]);
  const data = readFileSync(mp4);
  const parts = boxes(data);
  const moof = parts.findIndex((b) => b.type === "moof");
  const init = data.subarray(0, parts[moof].at);
  const avcC = init.indexOf("avcC") + 4;
  const codec = `avc1.${init.subarray(avcC + 1, avcC + 4).toString("hex")}`;
  const frames = [];
  for (let i = moof; i + 1 < parts.length; i += 1) {
    if (parts[i].type !== "moof" || parts[i + 1].type !== "mdat") continue;
    const bytes = Buffer.from(data.subarray(parts[i].at, parts[i + 1].at + parts[i + 1].size));
    frames.push({ bytes, tfdt: bytes.indexOf("tfdt") + 8, key: frames.length % 30 === 0 });
  }
  frames.length -= frames.length % 30;
  const pictures = readdirSync(work).filter((n) => n.startsWith(`${index}-`)).sort().map((n) => readFileSync(join(work, n)));
  return { init, codec, frames, pictures };
}

const sources = CLIPS === "" ? [null, null, null] : readdirSync(CLIPS).filter((n) => /\.(mp4|avi|mkv)$/.test(n)).map((n) => join(CLIPS, n));
const clips = sources.map(loadClip);
console.log(`clips: ${clips.map((c) => `${c.codec} ${c.frames.length}`).join(", ")}`);

const wallOfFrame = (n) => Math.round((n * 1000) / FPS);
const frameAt = (ms) => Math.floor((ms * FPS) / 1000);

function fragment(clip, n, baseMs) {
  const frame = clip.frames[n % clip.frames.length];
  const bytes = Buffer.from(frame.bytes);
  const base = Math.round(((n * 1000) / FPS - baseMs) * 90);
  if (bytes[frame.tfdt - 4] === 1) bytes.writeBigUInt64BE(BigInt(Math.max(0, base)), frame.tfdt);
  else bytes.writeUInt32BE(Math.max(0, base), frame.tfdt);
  return bytes;
}

// --- the city ----------------------------------------------------------------------------------
const NAMES = ["Losari, anjungan utara", "Pettarani-Alauddin", "Lr. 5 Kandea", "Batua Raya-Abd. Dg. Sirua", "Flyover Urip 2", "Halte Urip barat",
  "Puskesmas Batua, ruang tunggu", "Veteran-Landak Baru", "Simpang Boulevard", "Ramp timur", "Pettarani utara", "Gerbang Tol Reformasi"];
const id = (n) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const iso = (ms) => new Date(ms).toISOString();
const agencies = [{ id: id(9001), name: "Dinas Perhubungan", short: "Dishub", kind: "dishub" }, { id: id(9002), name: "Dinas Kominfo", short: "Diskominfo", kind: "city" }];
const cameras = Array.from({ length: 24 }, (_, i) => {
  const n = i + 1;
  const offline = n === 5;
  return {
    id: id(n), number: 200 + n, name: NAMES[i % NAMES.length] + (i >= NAMES.length ? " II" : ""), place: "Jl. Urip Sumoharjo, arah timur",
    kecamatan: { code: "73.71.09", name: "Panakkukang" }, kelurahan: { code: "73.71.09.1003", name: "Sinrijala" },
    lat: -5.14 + Math.sin(n) * 0.02, lon: 119.44 + Math.cos(n * 1.7) * 0.02, height_m: 7, bearing_deg: (n * 47) % 360, fov_deg: 62, range_m: 180, is_ptz: n % 6 === 0,
    agency: agencies[n % 2], tags: ["simulasi"], codec: n === 11 ? "hvc1.1.6.L93.B0" : "avc1.4d401e", has_sub: false, simulated: true, enabled: true,
    state: { state: offline ? "offline" : n === 24 ? "unknown" : "live", since: iso(START + n * 60_000), reason: offline ? "refused" : null,
      last_frame_at: offline ? iso(Date.now() - 2_100_000) : iso(Date.now()), fps: 15, kbit_s: 480 + n * 7,
      clock_offset_ms: n === 4 ? null : (n * 37) % 150 - 60, clock_uncertainty_ms: n === 4 ? null : 12, recording: n !== 7 && !offline },
  };
});
const numberOf = (cameraId) => Number(cameraId.slice(-12));
const gapsOf = (n) => [{ start: START - 3_600_000, end: START, cause: "before_first" }, { start: Date.now() - n * 400_000 - 102_000, end: Date.now() - n * 400_000, cause: n % 2 ? "offline" : "timeout" }]
  .filter((g) => g.end > START);
const clipOf = (cameraId) => clips[numberOf(cameraId) % clips.length];
let session = { person: { id: id(8001), login: "andi.t", name: "Andi Tenri", title: "Operator rekaman", language: "id" }, agency: agencies[1],
  actions: ["camera:view", "live:view", "recording:view", "wall:view", "wall:share", "camera:configure", "audit:read", "agency:view", "person:view", "grant:view", "system:view", "city:view"],
  city: { name: "Makassar", zone: "Asia/Makassar", zone_label: "WITA", schematic: true, demo: true, bounds: [119.37, -5.24, 119.56, -5.06], center: [119.44, -5.14] }, workstation: "WS-07" };
let layouts = [{ id: id(7001), name: "Siaga kebakaran", shared: "agency", cols: 3, rows: 3, dwell_s: 10, locked_by: null, version: 1,
  tiles: Array.from({ length: 9 }, (_, i) => ({ position: i + 1, cameras: i === 8 ? [] : [id(i + 1)] })) }];

// --- HTTP --------------------------------------------------------------------------------------
const json = (res, status, body) => { res.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" }); res.end(body === undefined ? "" : JSON.stringify(body)); };
const missing = (res, code) => json(res, 404, { type: "about:blank", title: code, status: 404, code, detail: code, params: {} });
const picture = (cameraId, at) => { const { pictures, frames } = clipOf(cameraId); return pictures[Math.floor((frameAt(at) % frames.length) / FPS) % pictures.length]; };
const bodyOf = (req) => new Promise((done) => { let text = ""; req.on("data", (d) => (text += d)); req.on("end", () => done(text === "" ? {} : JSON.parse(text))); });

async function route(req, res) {
  const url = new URL(req.url, "http://x");
  const q = url.searchParams;
  const path = url.pathname;
  if (path === "/api/session") {
    if (req.method === "PATCH") session.person.language = (await bodyOf(req)).language ?? "id";
    return json(res, 200, { ...session, now: iso(Date.now()) });
  }
  if (path === "/api/session/link") return json(res, 200, { ...session, now: iso(Date.now()) });
  if (path === "/api/cameras/summary") return json(res, 200, { live: 20, late: 1, offline: 2, unknown: 1, recording: 22, total: 24 });
  if (path === "/api/cameras/nearby") return json(res, 200, { items: cameras.slice(0, Number(q.get("limit") ?? 6)) });
  if (path === "/api/cameras") return json(res, 200, { items: cameras, next: null, total: cameras.length });
  if (path === "/api/recordings/summary") return json(res, 200, { disks: [{ path_label: "video", bytes: 3.2e9, quota_bytes: 4e9, oldest_at: iso(START), state: "ok" }], days: 0.25, recording: 22, simulated_quota: true });
  if (path === "/api/audit/seal") return json(res, 200, { verified_at: iso(Date.now() - 60_000), rows: 1204, intact: true, head: "ab12", anchored_at: iso(Date.now() - 60_000) });
  if (path.startsWith("/api/walls/layouts")) return walls(req, res, path);
  let m;
  if ((m = path.match(/^\/api\/cameras\/([^/]+)\/access$/))) return json(res, 200, { items: [{ at: iso(Date.now() - 240_000), person: "Andi Tenri", agency: "Diskominfo", action: "live:view", seconds: 42 }, { at: iso(Date.now() - 1_740_000), person: "Satlantas", agency: "Polrestabes", action: "recording:view", seconds: 125 }] });
  if ((m = path.match(/^\/api\/cameras\/([^/]+)$/))) { const c = cameras.find((x) => x.id === m[1]); return c ? json(res, 200, { ...c, streams: [], notes: "", version: 1 }) : missing(res, "cameras.not_found"); }
  if ((m = path.match(/^\/api\/live\/([^/]+)\/snapshot\.jpg$/))) {
    if (numberOf(m[1]) === 9) return missing(res, "live.not_found");
    const at = Date.now() - (numberOf(m[1]) === 5 ? 2_100_000 : 1500);
    res.writeHead(200, { "Content-Type": "image/jpeg", "X-Frame-At": iso(at), "X-Frame-Age-Ms": String(Date.now() - at) });
    return res.end(picture(m[1], at));
  }
  if ((m = path.match(/^\/api\/recordings\/([^/]+)\/timeline$/))) return json(res, 200, timeline(m[1], Date.parse(q.get("from")), Date.parse(q.get("to"))));
  if ((m = path.match(/^\/api\/recordings\/([^/]+)\/thumbnail\.jpg$/))) { res.writeHead(200, { "Content-Type": "image/jpeg", "Cache-Control": "private, max-age=3600" }); return res.end(picture(m[1], Date.parse(q.get("at")))); }
  if ((m = path.match(/^\/api\/recordings\/([^/]+)\/media$/))) return media(res, m[1], q);
  if ((m = path.match(/^\/api\/places\/layers\/(\w+)\.geojson$/))) return json(res, 200, { type: "FeatureCollection", features: [] });
  if (path.startsWith("/api/")) return json(res, 200, { items: [], next: null });
  return file(res, path);
}

async function walls(req, res, path) {
  if (req.method === "GET") return json(res, 200, { items: layouts });
  const which = path.split("/")[4];
  if (req.method === "DELETE") { layouts = layouts.filter((l) => l.id !== which); return json(res, 204); }
  const body = await bodyOf(req);
  if (req.method === "POST") { const made = { id: id(7100 + layouts.length), version: 1, locked_by: null, ...body }; layouts.push(made); return json(res, 201, made); }
  layouts = layouts.map((l) => (l.id === which ? { ...l, ...body, version: l.version + 1 } : l));
  return json(res, 200, layouts.find((l) => l.id === which));
}

function timeline(cameraId, from, to) {
  const n = numberOf(cameraId);
  const gaps = gapsOf(n);
  const spans = [];
  let at = START;
  for (const gap of [...gaps.filter((g) => g.start > START).sort((a, b) => a.start - b.start), { start: Date.now() - 2000, end: Infinity }]) { spans.push({ start: at, end: gap.start }); at = gap.end; }
  const seen = (s) => s.end > from && s.start < to;
  const out = (s) => ({ ...s, start: iso(Math.max(s.start, from)), end: iso(Math.min(s.end, to)) });
  return { camera_id: cameraId, from: iso(from), to: iso(to), spans: spans.filter(seen).map(out), gaps: gaps.filter(seen).map(out),
    held: n % 2 ? [{ start: iso(Date.now() - 3_000_000), end: iso(Date.now() - 1_500_000), hold: "TH-2026-0311" }] : [],
    clock: [{ start: iso(START), offset_ms: n === 4 ? null : (n * 37) % 150 - 60, uncertainty_ms: n === 4 ? 1900 : 12 }], first_at: iso(START), last_at: iso(Date.now() - 2000) };
}

function media(res, cameraId, q) {
  const clip = clipOf(cameraId);
  const [from, base] = [Date.parse(q.get("from")), Date.parse(q.get("base"))];
  const gap = gapsOf(numberOf(cameraId)).find((g) => from >= g.start && from < g.end);
  if (gap || from < START || from > Date.now() - 2500) {
    const next = gap ? gap.end : from < START ? START : null;
    res.writeHead(404, { "Content-Type": "application/problem+json", ...(next ? { "X-Next-At": iso(next) } : {}) });
    return res.end(JSON.stringify({ code: "recording.nothing_there", status: 404 }));
  }
  let to = Math.min(Date.parse(q.get("to")), Date.now() - 2000);
  const ahead = gapsOf(numberOf(cameraId)).find((g) => g.start > from && g.start < to);
  if (ahead) to = ahead.start;
  const first = frameAt(from) - (frameAt(from) % clip.frames.length % 30);
  res.writeHead(200, { "Content-Type": "video/mp4", "X-Codec": clip.codec, "X-First-At": iso(wallOfFrame(first)), "X-Next-At": iso(ahead ? ahead.end : to) });
  res.write(clip.init);
  for (let n = first; wallOfFrame(n) < to; n += 1) {
    if (q.get("mode") === "keys" && !clip.frames[n % clip.frames.length].key) continue;
    const bytes = fragment(clip, n, base);
    if (q.get("mode") === "keys") stretch(bytes);
    res.write(bytes);
  }
  res.end();
}

/** Gives a key frame the length of its group: in its run if that names one, else in the default of its track. */
function stretch(bytes) {
  const trun = bytes.indexOf("trun");
  const runFlags = bytes.readUInt32BE(trun + 4) & 0xffffff;
  if (runFlags & 0x100) return bytes.writeUInt32BE(TICKS * 30, trun + 12 + (runFlags & 1 ? 4 : 0) + (runFlags & 4 ? 4 : 0));
  const tfhd = bytes.indexOf("tfhd");
  const flags = bytes.readUInt32BE(tfhd + 4) & 0xffffff;
  if (flags & 8) bytes.writeUInt32BE(TICKS * 30, tfhd + 12 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
}

function file(res, path) {
  const wanted = join(DIST, path);
  const found = DIST !== "" && !path.includes("..") && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(DIST, "index.html");
  if (DIST === "" || !existsSync(found)) return missing(res, "not_found");
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".json": "application/json" };
  res.writeHead(200, { "Content-Type": types[extname(found)] ?? "application/octet-stream" });
  res.end(readFileSync(found));
}

// --- WebSockets (RFC 6455, server side: unmasked frames, no fragmentation) -----------------------
function frameOf(data) {
  const text = typeof data === "string";
  const body = text ? Buffer.from(data) : data;
  const head = body.length < 126 ? Buffer.from([0, body.length]) : body.length < 65536 ? Buffer.from([0, 126, body.length >> 8, body.length & 255]) : Buffer.alloc(10);
  if (body.length >= 65536) { head[1] = 127; head.writeBigUInt64BE(BigInt(body.length), 2); }
  head[0] = text ? 0x81 : 0x82;
  return Buffer.concat([head, body]);
}

const server = createServer((req, res) => { route(req, res).catch((error) => { console.error(error); if (!res.headersSent) json(res, 500, { code: "internal" }); }); });
server.on("upgrade", (req, socket) => {
  const accept = createHash("sha1").update(req.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on("error", () => socket.destroy());
  const send = (data) => { if (socket.writable) socket.write(frameOf(typeof data === "string" || Buffer.isBuffer(data) ? data : JSON.stringify(data))); };
  const path = new URL(req.url, "http://x").pathname;
  const timers = [];
  socket.on("close", () => timers.forEach(clearInterval));
  socket.on("data", (d) => { if ((d[0] & 15) === 8) socket.end(); });
  if (path === "/ws") {
    send({ type: "hello", id: "1", now: iso(Date.now()) });
    timers.push(setInterval(() => send({ type: "ping", now: iso(Date.now()) }), 5000));
    return;
  }
  const cameraId = path.split("/")[3];
  const n = numberOf(cameraId);
  const camera = cameras.find((c) => c.id === cameraId);
  if (n === 9 || camera === undefined) { send({ type: "refused", code: "live.not_found", message: "" }); return socket.end(); }
  send({ type: "state", state: camera.state.state === "unknown" ? "live" : camera.state.state, reason: camera.state.reason, since_ms: Date.parse(camera.state.since) });
  if (n === 5) return;
  const clip = clipOf(cameraId);
  const epoch = Date.now() - 60_000;
  send({ type: "init", codec: `video/mp4; codecs="${n === 11 ? "xvc1.1.6.L93.B0" : clip.codec}"`, role: "main", width: 640, height: 360, epoch_ms: epoch });
  send(clip.init);
  const delay = n === 3 ? 4000 : 0;
  let next = frameAt(Date.now() - delay);
  next -= (next % clip.frames.length) % 30;
  const began = Date.now();
  timers.push(setInterval(() => {
    if (n === 13 && Date.now() - began > 20_000) return;
    for (const last = frameAt(Date.now() - delay); next <= last; next += 1) {
      const still = n === 7 && Date.now() - began > 5000;
      if (!still) { send(fragment(clip, next, epoch)); continue; }
      const key = { ...clip, frames: [clip.frames[0]] };
      send(fragment({ ...key, frames: clip.frames.map(() => clip.frames[0]) }, next, epoch));
    }
  }, 1000 / FPS));
});
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
