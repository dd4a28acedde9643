/** Short reports of what was done, with ten seconds to take it back. */

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "late";
  undo: (() => void | Promise<void>) | null;
}

const STAYS_MS = 10_000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  /** Reports a thing done; `undo` takes it back, by its button or by Ctrl+Z. */
  say(text: string, { undo = null, tone = "plain" }: { undo?: Toast["undo"]; tone?: Toast["tone"] } = {}): void {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, text, tone, undo }];
    setTimeout(() => this.close(id), STAYS_MS);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  get canUndo(): boolean {
    return this.list.some((toast) => toast.undo !== null);
  }

  /** Takes back the newest thing that can be taken back. */
  undoLast(): void {
    const last = this.list.findLast((toast) => toast.undo !== null);
    if (last === undefined) return;
    this.close(last.id);
    void last.undo?.();
  }
}

export const toasts = new Toasts();
