/**
 * Photos that wait on this phone to be sent, in its database: they outlive the page, and the session
 * too, until the server has them. Made small first: what is drawn anew holds no place and no device.
 */

export interface Waiting {
  id: string;
  person: string;
  assignment: string;
  /** By the clock of this phone. */
  at: string;
  picture: Blob;
}

const SIDE = 1_600;
/** The server takes a MiB; what is larger is drawn anew, rougher and then smaller. */
const MOST_BYTES = 950_000;
const QUALITIES = [0.82, 0.7, 0.55];
const STORE = "photos";

/** How large a picture of this size is drawn: its longer side at most `most`, never larger than it is. */
export function fit(width: number, height: number, most = SIDE): { width: number; height: number } {
  const scale = Math.min(1, most / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Draws a picture anew as a small JPEG. Throws where the file is no picture that this browser knows. */
export async function shrink(file: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    for (const side of [SIDE, SIDE / 2]) {
      const { width, height } = fit(bitmap.width, bitmap.height, side);
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0, width, height);
      for (const quality of QUALITIES) {
        const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
        if (made !== null && made.size <= MOST_BYTES) return made;
      }
    }
  } finally {
    bitmap.close();
  }
  throw new DOMException("the picture does not become small enough", "DataError");
}

function asked<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("database", "UnknownError"));
  });
}

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open("warroom.phone", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  return asked(request);
}

async function withStore<Result>(mode: IDBTransactionMode, call: (store: IDBObjectStore) => IDBRequest<Result>): Promise<Result> {
  const database = await opened();
  try {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException("database", "AbortError"));
    });
    const result = await asked(call(transaction.objectStore(STORE)));
    await done;
    return result;
  } finally {
    database.close();
  }
}

/** Keeps a photo; it is on the disk of the phone when this returns. */
export const keepPhoto = (photo: Waiting): Promise<unknown> => withStore("readwrite", (store) => store.put(photo));

export const dropPhoto = (id: string): Promise<unknown> => withStore("readwrite", (store) => store.delete(id));

/** The photos of a person that wait, the first first. */
export async function waitingPhotos(person: string): Promise<readonly Waiting[]> {
  const all = await withStore<Waiting[]>("readonly", (store) => store.getAll() as IDBRequest<Waiting[]>);
  return all.filter((photo) => photo.person === person).sort((a, b) => a.at.localeCompare(b.at));
}
