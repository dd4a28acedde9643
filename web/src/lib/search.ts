/** Finds by what people type: numbers by their digits, words by their beginnings, slips forgiven. */

/** Lower case without accents and signs, `jalan` and `jl.` alike. */
export function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .replace(/\bjalan\b/g, "jl")
    .replace(/\blorong\b/g, "lr")
    .trim();
}

/** Says whether two words differ by at most one letter added, lost, changed or swapped. */
export function isOneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  if (restA === "" || restB === "") return restA.length + restB.length <= 1;
  const swapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1) || swapped;
}

const SLIP_FROM = 4;

function wordScore(typed: string, words: readonly string[]): number {
  let best = 0;
  for (const word of words) {
    if (word === typed) return 4;
    if (word.startsWith(typed)) best = Math.max(best, 3);
    else if (typed.length >= SLIP_FROM && isOneSlip(typed, word.slice(0, typed.length))) best = Math.max(best, 1);
  }
  return best;
}

/** How well `text` fits what was typed; 0 when a typed word fits nothing. */
export function fit(typed: string, text: string): number {
  const words = plain(text).split(" ");
  let sum = 0;
  for (const word of plain(typed).split(" ")) {
    const score = wordScore(word, words);
    if (score === 0) return 0;
    sum += score;
  }
  return sum / words.length ** 0.25;
}

/** How well a camera fits: its number first, then its name and where it is. */
export function fitCamera(typed: string, camera: { number: number; name: string; kecamatan: { name: string } | null; agency: { short: string } }): number {
  const digits = typed.trim();
  if (/^\d+$/.test(digits)) {
    const wanted = String(Number(digits));
    const number = String(camera.number);
    return number === wanted ? 100 : number.startsWith(wanted) ? 50 - number.length : 0;
  }
  const where = `${camera.name} ${camera.kecamatan?.name ?? ""} ${camera.agency.short}`;
  return fit(typed, camera.name) * 2 || fit(typed, where);
}
